"""The manifest: the packaged one, and what is said about one that is wrong."""

import dataclasses
import json
import re
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from custify_connector import manifest, resources
from custify_connector.errors import ConfigurationError, ManifestError
from custify_connector.manifest import Parameter, PartitionRule, Route, Sort

SMALL = """\
manifest: 1
connector:
  name: small
  title: Small
  summary: A connector with two sources.
  documentation: https://docs.example
  base_url: https://api.example
  hosts: [example]
  rate_limit: {requests: 10, seconds: 1}
  credential_test: {path: /thing, records: things}
parameters:
  filters: {type: array, query: filters, help: Filters.}
sources:
  things:
    title: Things
    summary: All things.
    schema: thing
    key: [[id]]
    path: /thing
    records: things
    page: 50
    sort: {dialect: sort_order, field: created_at}
    parameters:
      filters: filters
      id: {type: string, path: "/thing/{id}", help: One thing.}
  parts:
    title: Parts
    summary: The parts of things.
    schema: part
    path: "/thing/{thing}/part"
    partitions:
      - {source: things, take: {thing: id}}
    add: {thing: thing}
    parameters:
      thing: {type: string, help: One thing.}
destinations:
  upsert_thing:
    title: Upsert thing
    summary: Write a thing.
    schema: upsert_thing
    method: POST
    path: /thing
    routes: [{with: id, path: "/thing/{id}"}]
    identity: [[id], [name]]
    repeat: {with: id}
"""


@pytest.fixture
def schemas(tmp_path):
    """Return a folder with the schemas that the small manifest names."""
    for name in ("records/thing", "records/part", "writes/upsert_thing"):
        file = tmp_path / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"type": "object"}))
    return tmp_path


def faults(text, schemas):
    with pytest.raises(ManifestError) as caught:
        manifest.read(text, "small.yaml", schemas)
    return [str(fault) for fault in caught.value.faults]


# ------------------------------------------------------------------------------------------------- what it is read into


def test_the_packaged_manifest_is_read_once_and_has_every_endpoint():
    known = manifest.load()
    assert known is manifest.load()
    assert (known.name, known.base_url, known.hosts) == ("custify", "https://api.custify.com", ("custify.com",))
    assert (known.rate_limit.requests, known.rate_limit.seconds) == (100, 10)
    assert {"people", "companies"} <= known.sources.keys()
    assert {"upsert_person", "upsert_company", "create_event"} <= known.destinations.keys()


@pytest.mark.parametrize("kind", ["sources", "destinations"])
def test_every_endpoint_of_the_packaged_manifest_has_its_name_and_schema(kind):
    known = manifest.load()
    for name, endpoint in getattr(known, kind).items():
        schema = known.record_schema(endpoint) if kind == "sources" else known.write_schema(endpoint)
        assert (endpoint.name, schema["type"]) == (name, "object")


@pytest.mark.parametrize("folder", ["records", "writes"])
def test_no_schema_lies_about_that_no_endpoint_uses(folder):
    known = manifest.load()
    endpoints = known.sources if folder == "records" else known.destinations
    used = {endpoint.schema for endpoint in endpoints.values()}
    assert {file.stem for file in (resources.root() / "schemas" / folder).glob("*.json")} == used


def test_each_word_becomes_a_value(schemas):
    small = manifest.read(SMALL, "small.yaml", schemas)
    things, parts, upsert = small.sources["things"], small.sources["parts"], small.destinations["upsert_thing"]
    assert things.parameters["filters"] == Parameter("filters", "array", "Filters.", query="filters")
    assert (things.key, things.sort, things.page) == ((("id",),), Sort("sort_order", "created_at"), 50)
    assert parts.partitions == (PartitionRule(source="things", take={"thing": "id"}),)
    assert (upsert.repeat, upsert.routes) == ("id", (Route("id", "/thing/{id}"),))
    assert upsert.identity == (("id",), ("name",))


def _reachable(value, place):
    yield place, value
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name not in {"example", "default", "enum"}:
                yield from _reachable(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _reachable(inner, f"{place}.{name}")
    elif isinstance(value, tuple):
        for inner in value:
            yield from _reachable(inner, f"{place}[]")


def test_nothing_of_a_manifest_can_be_changed():
    thawed = [
        place
        for place, value in _reachable(manifest.load(), "manifest")
        if isinstance(value, (list, set)) or (isinstance(value, Mapping) and not isinstance(value, MappingProxyType))
    ]
    assert thawed == []
    with pytest.raises(dataclasses.FrozenInstanceError):
        manifest.load().name = "other"


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        pytest.param(
            "    page: 50", "    pages: 50", "21:5: sources.things.pages is not known here; did you", id="key"
        ),
        pytest.param("connector:", "conector:", "2:1: conector is not known here; did you mean 'connector'?", id="top"),
        pytest.param(
            "    page: 50", "    page: many", "21:5: sources.things.page must be integer, not text", id="type"
        ),
        pytest.param("    page: 50", "    page: 0", "21:5: sources.things.page is 0; at least 1", id="too small"),
        pytest.param(
            "path: /thing\n    records",
            "path: thing\n    records",
            "19:5: sources.things.path must be a path",
            id="path",
        ),
        pytest.param(
            "method: POST", "method: POTS", "41:5: destinations.upsert_thing.method must be one of", id="method"
        ),
        pytest.param(
            "dialect: sort_order", "dialect: sort", "22:12: sources.things.sort.dialect must be one of", id="word"
        ),
        pytest.param("key: [[id]]", "key: [[]]", "18:11: sources.things.key[0] must not be empty", id="list"),
        pytest.param(
            "repeat: {with: id}", "repeat: often", "45:5: destinations.upsert_thing.repeat must be one", id="repeat"
        ),
        pytest.param("manifest: 1", "manifest: 2", "1:1: manifest must be 1", id="version"),
        pytest.param("  name: small\n", "", "2:1: connector.name is required", id="missing"),
        pytest.param(
            "  things:", "  Things:", "13:1: sources has a field named 'Things', which is not allowed", id="name"
        ),
        pytest.param(
            "base_url: https", "base_url: http", "7:3: connector.base_url does not have the form", id="insecure"
        ),
        pytest.param(
            "schema: thing", "schema: thin", "17:5: there is no schemas/records/thin.json", id="record schema"
        ),
        pytest.param(
            "schema: upsert_thing", "schema: up", "40:5: there is no schemas/writes/up.json", id="write schema"
        ),
        pytest.param(
            "filters: filters", "filters: filter", "24:7: no shared parameter is named 'filter'; did you", id="shared"
        ),
        pytest.param(
            "source: things", "source: thing", "32:9: there is no source 'thing'; did you mean 'things'?", id="parent"
        ),
        pytest.param(
            "take: {thing: id}", "take: {thin: id}", "32:9: parts has no parameter 'thin'; did you mean", id="taken"
        ),
        pytest.param(
            "{source: things, take: {thing: id}}", "{set: {kind: a}}", "32:9: parts has no parameter 'kind'", id="set"
        ),
        pytest.param("{source: things, ", "{", "32:9: sources.parts.partitions[0] needs 'source'", id="take alone"),
    ],
)
def test_a_faulty_manifest_is_refused_with_file_line_and_column(schemas, old, new, fault):
    assert SMALL.count(old) >= 1
    said = faults(SMALL.replace(old, new, 1), schemas)
    assert any(text.startswith(f"small.yaml:{fault}") for text in said), said


def test_all_that_the_grammar_forbids_is_said_at_once(schemas):
    text = SMALL.replace("page: 50", "page: many").replace("method: POST", "methd: POST").replace("  name: small\n", "")
    places = {text.split(": ")[0] for text in faults(text, schemas)}
    assert places == {f"small.yaml:{place}" for place in ("2:1", "20:5", "36:3", "40:5")}


def test_all_names_that_stand_nowhere_are_said_at_once(schemas):
    text = SMALL.replace("filters: filters", "filters: filter").replace("schema: part", "schema: parts")
    text = text.replace("take: {thing: id}", "take: {thin: id}").replace("schema: upsert_thing", "schema: up")
    assert len(faults(text, schemas)) == 4


@pytest.mark.parametrize("content", ["{", '{"type": "no such type"}', '{"$ref": "https://example.com/other"}', "\xff"])
def test_a_schema_that_is_none_is_refused_at_the_endpoint_that_names_it(schemas, content):
    (schemas / "records" / "thing.json").write_bytes(content.encode("latin-1"))
    (text,) = faults(SMALL, schemas)
    assert text.startswith("small.yaml:17:5: schemas/records/thing.json is not a valid JSON Schema: ")


def test_a_file_that_is_no_manifest_at_all_is_refused(schemas):
    assert faults("a: *b\n", schemas) == ["small.yaml:1:4: aliases are not allowed: write the value out"]


def test_every_fault_of_the_packaged_manifest_would_name_its_line():
    """Break the packaged manifest at each of its endpoints: the fault is said to be on that very line."""
    text = (resources.root() / "connector.yaml").read_text("utf-8")
    for match in re.finditer(r"^    schema: (\w+)$", text, re.MULTILINE):
        broken = f"{text[: match.start()]}    schema: no_such_schema{text[match.end() :]}"
        line = text.count("\n", 0, match.start()) + 1
        with pytest.raises(ManifestError) as caught:
            manifest.read(broken, "connector.yaml", resources.root() / "schemas")
        assert [fault.place for fault in caught.value.faults] == [f"connector.yaml:{line}:5"]


# ----------------------------------------------------------------------------------------------------------------- find


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("sources", "peopel", "there is no 'peopel'; did you mean 'people'?"),
        ("sources", "zzz", "there is no 'zzz': custify describe lists them"),
        ("destinations", "upsert_persn", "there is no 'upsert_persn'; did you mean 'upsert_person'?"),
    ],
)
def test_an_endpoint_that_is_not_there_is_refused_with_a_suggestion(kind, name, said):
    with pytest.raises(ConfigurationError) as caught:
        manifest.find(getattr(manifest.load(), kind), name, "source.endpoint")
    assert [str(fault) for fault in caught.value.faults] == [f"source.endpoint: {said}"]


def test_an_endpoint_that_is_there_is_found():
    assert manifest.find(manifest.load().sources, "people", "source.endpoint").path == "/people/all"
