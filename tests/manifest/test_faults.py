"""What is said about a manifest that is wrong: every fault, with file, line and column."""

import json
import re
from pathlib import Path

import pytest

from custify_connector import manifest
from custify_connector.contract.errors import ManifestError
from custify_connector.manifest import resources

SMALL = Path(__file__).with_name("small_manifest.yaml").read_text("utf-8")


def faults(text, schemas):
    with pytest.raises(ManifestError) as caught:
        manifest.read(text, "small.yaml", schemas)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        pytest.param("    page: 50", "    pages: 50", "21:5: sources.things.pages unknown field; did you", id="key"),
        pytest.param("connector:", "conector:", "2:1: conector unknown field; did you mean 'connector'?", id="top"),
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
        pytest.param(
            "    page: 50", "    attributes: thing", "21:5: there is no source 'thing'; did you mean", id="attributes"
        ),
        pytest.param(
            "    repeat: {with: id}",
            "    repeat: always\n    after: [things]",
            "46:13: there is no destination 'things'",
            id="order",
        ),
        pytest.param(
            'path: "/thing/{thing}/part"',
            'path: "/thing/{thin}/part"',
            "30:5: there is no parameter 'thin'; did you mean",
            id="path of a source",
        ),
        pytest.param(
            'path: "/thing/{id}", help',
            'path: "/thing/{it}", help',
            "25:26: there is no parameter 'it'",
            id="path of a parameter",
        ),
        pytest.param(
            "    repeat: {with: id}",
            "    repeat: always\n    held: {source: thing, by: [[filters]]}",
            "46:5: there is no source 'thing'; did you mean 'things'?",
            id="held source",
        ),
        pytest.param(
            "    repeat: {with: id}",
            "    repeat: always\n    held: {source: things, by: [[filter]]}",
            "46:5: things has no parameter 'filter'; did you mean 'filters'?",
            id="held parameter",
        ),
        pytest.param("{source: things, ", "{", "32:9: sources.parts.partitions[0] needs 'source'", id="take alone"),
    ],
)
def test_a_faulty_manifest_is_refused_with_file_line_and_column(schemas, old, new, fault):
    assert SMALL.count(old) >= 1
    said = faults(SMALL.replace(old, new, 1), schemas)
    assert any(text.startswith(f"small.yaml:{fault}") for text in said), said


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("key: [[id]]", "key: [[ids]]", "18:12: the schema has no field 'ids'; did you mean 'id'?"),
        ("field: created_at", "field: created", "22:33: the schema has no field 'created'; did you mean 'created_at'?"),
        ("    page: 50", "    incremental: {cursor: modified_at}", "21:19: the schema has no field 'modified_at'"),
        ("    page: 50", "    incremental: {cursor: within.day}", "21:19: the schema has no field 'within.day'"),
        ('with: id, path: "/thing/{id}"', 'with: id, path: "/thing/{skuu}"', "43:25: the schema has no field 'skuu'"),
        ("with: id, path", "with: it, path", "43:15: the schema has no field 'it'"),
        ("    path: /thing\n    routes", '    path: "/{thing}"\n    routes', "42:5: the schema has no field 'thing'"),
        ("identity: [[id], [name]]", "identity: [[id], [names]]", "44:23: the schema has no field 'names'; did you"),
        ("repeat: {with: id}", "repeat: {with: it}", "45:14: the schema has no field 'it'"),
        ("repeat: {with: id}", "repeat: always\n    query: [user]", "46:13: the schema has no field 'user'"),
    ],
    ids=lambda text: text if text.startswith(("key", "field")) else None,
)
def test_a_name_that_is_no_field_of_the_schema_is_refused_with_its_place(schemas, old, new, fault):
    within = {"type": "object", "properties": {"hour": {"type": "string"}}}
    things = {"type": "object", "properties": {"id": {}, "created_at": {}, "within": within}}
    (schemas / "records" / "thing.json").write_text(json.dumps(things))
    (schemas / "writes" / "upsert_thing.json").write_text(
        json.dumps({"type": "object", "properties": {"id": {}, "name": {}}})
    )
    assert SMALL.count(old) == 1
    assert [text for text in faults(SMALL.replace(old, new), schemas) if text.startswith(f"small.yaml:{fault}")]


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


@pytest.mark.slow
def test_every_fault_of_the_packaged_manifest_would_name_its_line():
    """Break the packaged manifest at each of its endpoints: the fault is said to be on that very line."""
    text = (resources.root() / "connector.yaml").read_text("utf-8")
    for match in re.finditer(r"^    schema: (\w+)$", text, re.MULTILINE):
        broken = f"{text[: match.start()]}    schema: no_such_schema{text[match.end() :]}"
        line = text.count("\n", 0, match.start()) + 1
        with pytest.raises(ManifestError) as caught:
            manifest.read(broken, "connector.yaml", resources.root() / "schemas")
        assert [fault.place for fault in caught.value.faults] == [f"connector.yaml:{line}:5"]
