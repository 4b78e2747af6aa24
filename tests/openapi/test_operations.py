"""Every operation of the vendor's document is served by the manifest, or excused in writing.

`pytest -s tests/openapi/test_operations.py` prints the table.
"""

from __future__ import annotations

import pytest

from custify_connector.reading.template import expand_source
from custify_connector.writing.template import stored

EXCUSED = {
    "get_customer": "an alias of get_person that the vendor's own client uses",
    "update_customer": "an alias of upsert_person that the vendor's own client uses",
    "update_time_track": "the documentation contradicts itself: the id is in the path, in the query and in neither",
    "delete_time_track": "the documentation contradicts itself: the id is in the path, in the query and in neither",
}
BATCH = {"create_batch": "POST /batch", "get_batch": "GET /batch/{id}"}


def sources_by_request(known):
    """Yield (method, path, who): every request that a source, or one of its parameters, stands for."""
    for name, source in known.sources.items():
        for parameter in (None, *source.parameters.values()):
            if parameter is None or parameter.path or parameter.name in source.path:
                label = name if parameter is None else f"{name} ({parameter.name})"
                for path in _paths(known, source, parameter):
                    yield "GET", path, label


def _paths(known, source, parameter):
    """Return the paths that a source asks, its fall-back among them, with made-up values for what must be named."""
    params = {} if parameter is None else {parameter.name: _value(source, parameter.name)}
    kinds = {name for rule in source.partitions for name in rule.set}
    taken = {name for rule in source.partitions for name in rule.take}
    if parameter is not None and parameter.name in taken:
        params.update({name: _value(source, name) for name in kinds})
    if parameter is None and "{" in source.path and not source.partitions:
        return
    settings = {"undocumented": source.undocumented, "check_ids": False}
    manual = expand_source({"endpoint": source.name, "params": params, "settings": settings}, known)
    for path in filter(None, (manual["request"]["path"], manual.get("fallback_path"))):
        yield from _filled(path, manual.get("partitions", ()))


def _value(source, name):
    return (source.parameters[name].enum or ("value",))[0]


def _filled(path, partitions):
    """Return a path once for each partition, its `{name}` filled with what the partition has, or will take."""
    for part in partitions or ({},):
        values = {**dict.fromkeys(part.get("take", ()), "value"), **part.get("values", {})}
        yield path.format_map(values)


def destinations_by_request(known):
    """Yield (method, path, who): every request that a destination stands for."""
    for name, endpoint in known.destinations.items():
        manual = stored(endpoint, known)
        request = manual["request"]
        paths = [request["path"], *(route["path"] for route in request["routes"]), manual.get("fallback_path")]
        for path in filter(None, paths):
            yield request["method"], _made_up(path, endpoint, known), name
        found = manual.get("find_first")
        if found:
            yield "GET", found["path"], f"{name} (looks up)"
            yield "PUT", _made_up(found["update"], endpoint, known), f"{name} (updates)"
        held = manual.get("held", {"lookups": [], "links": {}})
        for lookup in (*held["lookups"], *(each for ways in held["links"].values() for each in ways)):
            yield "GET", _made_up(lookup["path"], endpoint, known), f"{name} (compares)"


def _made_up(path, endpoint, known):
    fields = known.write_schema(endpoint)["properties"]
    values = {name: (field.get("enum") or ["value"])[0] for name, field in fields.items() if isinstance(field, dict)}
    return path.format_map({"id": "value", **values})


@pytest.fixture(scope="module")
def served(known, operation_of):
    """Return operation name to those who serve it."""
    table = {}
    for method, path, who in (*sources_by_request(known), *destinations_by_request(known)):
        operation = operation_of(method, path)
        if operation is not None:
            table.setdefault(operation.name, dict.fromkeys([who]))[who] = None
    if any(endpoint.batch for endpoint in known.destinations.values()):
        table.update({name: {"delivery: batch": None} for name in BATCH})
    return {name: list(who) for name, who in table.items()}


def test_every_operation_is_served_or_excused(operations, served):
    print_table(operations, served)
    neither = [each.name for each in operations if each.name not in served and each.name not in EXCUSED]
    assert neither == []


def print_table(operations, served):
    """Print who serves what, and the figures."""
    print()  # noqa: T201 - the table is what `-s` is for
    for each in operations:
        who = ", ".join(served.get(each.name, [])) or f"- {EXCUSED.get(each.name, 'NOT SERVED')}"
        print(f"{each.method:6} {each.path:42} {'' if each.documented else 'undocumented':13}{who}")  # noqa: T201
    documented = [each for each in operations if each.documented]
    spelled_out = [each for each in documented if not each.only_in_prose]
    for title, chosen in (("with a path of their own", spelled_out), ("documented", documented), ("all", operations)):
        print(f"served, {title}: {sum(each.name in served for each in chosen)} / {len(chosen)}")  # noqa: T201


def test_no_operation_is_excused_that_is_served_or_that_there_is_not(operations, served):
    names = {each.name for each in operations}
    assert [name for name in EXCUSED if name in served or name not in names] == []


def test_every_request_of_the_manifest_is_an_operation_of_the_document(known, operation_of):
    requests = (*sources_by_request(known), *destinations_by_request(known))
    second = {entry.fallback_path for entry in (*known.sources.values(), *known.destinations.values())}
    strange = [(method, path, who) for method, path, who in requests if operation_of(method, path) is None]
    assert [each for each in strange if each[1] not in second] == []


def test_what_is_not_documented_is_marked_so_in_the_manifest(known, operations, served):
    """An operation that the vendor's document lacks is reached only through an endpoint that says so."""
    endpoints = {**known.sources, **known.destinations}
    documented = {each.name: each.documented for each in operations}
    for name, who in served.items():
        for label in who if name not in BATCH else ():
            assert endpoints[label.partition(" ")[0]].undocumented is not documented[name], (name, label)
