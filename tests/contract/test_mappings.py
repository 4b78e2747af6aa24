"""The types of the mappings say what the schemas say, and a type checker refuses what does not fit them."""

import json
import re
from pathlib import Path
from types import NoneType
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from custify_connector.contract import mappings
from custify_connector.plugin import connector

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {
    name: json.loads((ROOT / "schemas" / f"{name}.json").read_text("utf-8"))
    for name in ("credential", "source", "destination")
}
MANUAL_SOURCE = SCHEMAS["source"]["$defs"]["manual"]
MANUAL_DESTINATION = SCHEMAS["destination"]["$defs"]["manual"]
SETTINGS = [SCHEMAS[name]["$defs"]["settings"] for name in ("source", "destination")]

DECLARED = [
    (mappings.Credential, SCHEMAS["credential"]),
    (mappings.TemplateSource, SCHEMAS["source"]["$defs"]["template"]),
    (mappings.ManualSource, MANUAL_SOURCE),
    (mappings.ReadRequest, MANUAL_SOURCE["properties"]["request"]),
    (mappings.Pages, MANUAL_SOURCE["properties"]["page"]),
    (mappings.Partition, MANUAL_SOURCE["properties"]["partitions"]["items"]),
    (mappings.Order, MANUAL_SOURCE["properties"]["order"]),
    (mappings.Incremental, MANUAL_SOURCE["properties"]["incremental"]),
    (mappings.Slice, SCHEMAS["source"]["$defs"]["slice"]),
    (mappings.TemplateDestination, SCHEMAS["destination"]["$defs"]["template"]),
    (mappings.ManualDestination, MANUAL_DESTINATION),
    (mappings.WriteRequest, MANUAL_DESTINATION["properties"]["request"]),
    (mappings.WriteRoute, MANUAL_DESTINATION["properties"]["request"]["properties"]["routes"]["items"]),
    (mappings.BatchJobs, MANUAL_DESTINATION["properties"]["batch"]),
    (mappings.FindFirst, MANUAL_DESTINATION["properties"]["find_first"]),
    (mappings.HeldRecord, MANUAL_DESTINATION["properties"]["held"]),
    (mappings.HeldLookup, SCHEMAS["destination"]["$defs"]["held_lookup"]),
    (mappings.TouchedThing, MANUAL_DESTINATION["properties"]["touches"]["items"]),
    (mappings.Gathering, MANUAL_DESTINATION["properties"]["gather"]),
    (mappings.Settings, SETTINGS[0]),
    (mappings.DestinationSettings, SETTINGS[1]),
    *((mappings.RateLimitSetting, each["properties"]["rate_limit"]) for each in SETTINGS),
]


@pytest.mark.parametrize(("declared", "schema"), DECLARED, ids=lambda value: getattr(value, "__name__", "schema"))
def test_a_type_has_the_words_of_its_schema_and_requires_the_same(declared, schema):
    assert declared.__required_keys__ | declared.__optional_keys__ == schema["properties"].keys()
    assert declared.__required_keys__ == set(schema.get("required", ()))


@pytest.mark.parametrize(("declared", "schema"), DECLARED, ids=lambda value: getattr(value, "__name__", "schema"))
def test_a_word_takes_the_values_and_the_null_of_its_schema(declared, schema):
    definitions = {**SCHEMAS["source"]["$defs"], **SCHEMAS["destination"]["$defs"]}
    for word, hint in get_type_hints(declared).items():
        said = schema["properties"][word]
        said = definitions[said["$ref"].rpartition("/")[2]] if "$ref" in said else said
        assert list(get_args(hint) if get_origin(hint) is Literal else ()) == said.get("enum", []), word
        assert (NoneType in get_args(hint)) == ("null" in said.get("type", ())), word


def test_the_description_has_the_keys_of_its_type_and_no_other():
    described = connector.describe()
    assert described.keys() == mappings.Description.__required_keys__ | mappings.Description.__optional_keys__
    for kind, declared in (("sources", mappings.SourceDescription), ("destinations", mappings.DestinationDescription)):
        known = declared.__required_keys__ | declared.__optional_keys__ - {"account_fields"}
        assert {frozenset(one) for one in described[kind].values()} == {known}


HOST = """
from custify_connector.contract import Credential, NamedConnector, Settings, plugin_manager

connector = NamedConnector(plugin_manager(), "custify")
credential: Credential = {"name": "n", "api_key": "k"}
settings: Settings = {"max_in_flight": 4}
batches = connector.read_source(credential, {"endpoint": "people", "mode": "full", "settings": settings})
print(next(batches).state, connector.describe()["version"])
print(list(connector.write_destination(credential, {"endpoint": "upsert_person", "dry_run": True}, [{"id": "p"}])))
print(connector.read_source(credential, {"request": {"path": "/people/all"}, "records": ["people"]}))

connector.read_source(credential, {"mode": "full"})  # wrong
connector.read_source(credential, {"endpoint": "people", "mode": "all"})  # wrong
connector.read_source(credential, {"endpoint": "people", "settings": {"max_in_flight": "4"}})  # wrong
connector.read_source(credential, {"endpoint": "people"}, next(batches))  # wrong
connector.read_source(credential, {"request": {"path": 5}})  # wrong
connector.write_destination(credential, {"endpoint": "upsert_person", "dryrun": True}, [])  # wrong
other: Credential = {"name": "n", "apikey": "k"}  # wrong
print(connector.describe()["versoin"])  # wrong
print(next(batches).states)  # wrong
"""


def test_a_type_checker_finds_every_wrong_line_of_a_host_and_no_other(tmp_path):
    mypy = pytest.importorskip("mypy.api", reason="the dependency group check is not installed")
    file = tmp_path / "host.py"
    file.write_text(HOST, "utf-8")
    said, _, _ = mypy.run(["--strict", "--cache-dir", str(tmp_path), str(file)])
    found = {int(number) for number in re.findall(r"host\.py:(\d+): error", said)}
    assert found == {number for number, line in enumerate(HOST.splitlines(), 1) if line.endswith("# wrong")}, said
