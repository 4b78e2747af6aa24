"""The manifest: the packaged one, and what each word of one becomes."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from custify_connector import manifest
from custify_connector.contract.errors import ConfigurationError
from custify_connector.manifest import Parameter, PartitionRule, Route, Sort, resources

SMALL = Path(__file__).with_name("small_manifest.yaml").read_text("utf-8")


# ------------------------------------------------------------------------------------------------- what it is read into


def test_the_packaged_manifest_is_read_once_and_has_every_endpoint():
    known = manifest.load()
    assert known is manifest.load()
    assert (known.name, known.base_url, known.hosts) == ("custify", "https://api.custify.com", ("custify.com",))
    assert (known.rate_limit.requests, known.rate_limit.seconds) == (100, 10)
    assert {"people", "companies"} <= known.sources.keys()
    assert {"upsert_person", "upsert_company", "create_event"} <= known.destinations.keys()


def test_the_packaged_manifest_and_every_schema_that_it_names_are_without_a_fault():
    text = (resources.root() / "connector.yaml").read_text("utf-8")
    assert manifest.read(text, "connector.yaml", resources.root() / "schemas") == manifest.load()


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
