"""A source endpoint is nothing but a stored manual configuration."""

import contextlib
import json

import pytest

from custify_connector import manifest
from custify_connector.checking.json_schema import faults_of
from custify_connector.contract.errors import ConfigurationError, UnexpectedReply
from custify_connector.manifest import resources
from custify_connector.plugin import connector
from custify_connector.reading.template import expand_source, sorting_query
from custify_connector.sandbox import Sandbox

KNOWN = manifest.load()
SETTINGS = {"rate_limit": None, "undocumented": True, "check_ids": False}
SAMPLES = {"string": "x-1", "boolean": True, "integer": 3, "number": 1.5, "array": [{"a": 1}], "object": {"a": "b"}}
NEEDED = {"entity": "entityModel"}


def sample(endpoint, name):
    """Return params that give this parameter a value, and the one that it needs beside it, if any."""
    parameter = KNOWN.sources[endpoint].parameters[name]
    value = parameter.enum[0] if parameter.enum else SAMPLES[parameter.type]
    beside = NEEDED.get(name)
    known = KNOWN.sources[endpoint].parameters
    return {name: value, **(sample(endpoint, beside) if beside in known else {})}


def templates():
    """Yield every source of the manifest: plain, with each of its parameters, and incremental."""
    for name, source in KNOWN.sources.items():
        least = {"id": "x-1"} if name == "company_usage" else {}
        yield {"endpoint": name, "params": least, "settings": SETTINGS}
        for parameter in source.parameters:
            params = {**least, **sample(name, parameter)}
            if name == "company_usage" or parameter != "id" or "id" not in least:
                yield {"endpoint": name, "params": params, "settings": SETTINGS}
        if source.incremental:
            yield {"endpoint": name, "mode": "incremental", "settings": SETTINGS, "limit": 7, "fields": ["id"]}


def name_of(template):
    return f"{template['endpoint']} {template.get('mode', '')}{json.dumps(template.get('params', {}))}"


# ------------------------------------------------------------------------------------------------------- templates: law


def test_an_expanded_source_is_manual_valid_and_its_own_expansion(subtests):
    for template in templates():
        with subtests.test(name_of(template)):
            manual = expand_source(template, KNOWN)
            assert "endpoint" not in manual
            assert faults_of(manual, resources.schema("source"), "source") == ()
            assert json.loads(json.dumps(manual)) == manual
            assert expand_source(manual, KNOWN) == manual


@pytest.fixture(scope="module")
def account():
    """Return the credential of a small account that no test changes, and its journal."""
    with Sandbox(people=12, companies=4, rate_limit=None) as sandbox:
        yield {"name": "n", "api_key": sandbox.api_key, "base_url": sandbox.base_url}, sandbox.journal


def asked_and_read(account, source):
    """Return what a source asks for, and what it reads; a refusal is an answer too."""
    credential, journal = account
    journal.clear()
    records = []
    with contextlib.suppress(ConfigurationError, UnexpectedReply):
        records = [record for batch in connector.read_source(credential, source, None) for record in batch.records]
    return sorted((entry.path, sorted(entry.query.items())) for entry in journal.entries), records


@pytest.mark.slow
def test_an_expanded_source_asks_and_reads_the_same(account, subtests):
    for template in templates():
        with subtests.test(name_of(template)):
            settled = {**template, "settings": {**SETTINGS, "max_in_flight": 1}}
            asked, records = asked_and_read(account, settled)
            assert asked
            assert asked_and_read(account, expand_source(settled, KNOWN)) == (asked, records)


# ------------------------------------------------------------------------------------------------------ what it becomes


def test_people_are_read_newest_first_in_the_largest_pages():
    assert expand_source({"endpoint": "people", "limit": 9, "fields": ["id"]}, KNOWN) == {
        "stream": "people",
        "request": {"method": "GET", "path": "/people/all", "query": {}},
        "records": ["people"],
        "envelope": "page",
        "page": {"parameter": "page", "start": 1, "size_parameter": "itemsPerPage", "size": 200},
        "key": [["id"]],
        "order": {
            "field": "created_at",
            "direction": "desc",
            "query": {"sorting": '{"field":"created_at","direction":"desc"}'},
        },
        "limit": 9,
        "fields": ["id"],
    }


def test_an_incremental_read_is_ordered_by_its_cursor_and_narrowed():
    words = expand_source({"endpoint": "people", "mode": "incremental"}, KNOWN)["incremental"]
    assert words == {
        "cursor": "updated_at",
        "query": {"sorting": '{"field":"updated_at","direction":"desc"}'},
        "narrow": "entity_filter",
    }


def test_a_users_own_order_replaces_the_connectors():
    sorting = {"field": "name", "direction": "asc"}
    manual = expand_source({"endpoint": "people", "params": {"sorting": sorting}}, KNOWN)
    assert manual["request"]["query"] == {"sorting": '{"field":"name","direction":"asc"}'}
    assert "order" not in manual


@pytest.mark.parametrize(
    ("endpoint", "params", "expected"),
    [
        ("people", {"id": "a/b ü"}, ("/people/a%2Fb%20%C3%BC", {}, False, "record")),
        ("people", {"email": "a@b.example"}, ("/people", {"email": "a@b.example"}, False, "page")),
        ("people", {"filters": [{"a": None}]}, ("/people/all", {"filters": '[{"a":null}]'}, True, "page")),
        ("deals", {"entity": "c1"}, ("/financial/deal/c1", {}, True, "page_or_record")),
        (
            "companies",
            {"id": "c1", "includeUserAttributes": True},
            ("/company/c1", {"includeUserAttributes": "true"}, False, "page"),
        ),
        ("company_people", {"id": "c1"}, ("/company/people/{id}", {}, True, "page")),
        ("surveys", {}, ("/survey", {}, True, "list")),
        ("task_filter_values", {}, ("/task/filtersAvailableValues", {}, False, "record")),
    ],
)
def test_a_parameter_chooses_path_query_and_pages(endpoint, params, expected):
    path, query, paged, envelope = expected
    manual = expand_source({"endpoint": endpoint, "params": params, "settings": {"check_ids": False}}, KNOWN)
    assert (manual["request"]["path"], manual["request"]["query"]) == (path, query)
    assert (manual["page"] is not None, manual["envelope"]) == (paged, envelope)


@pytest.mark.parametrize(
    ("params", "partitions"),
    [
        ({}, [({"entityModel": "Note"}, "notes"), ({"entityModel": "Task"}, "tasks")]),
        ({"entityModel": "Task"}, [({"entityModel": "Task"}, "tasks")]),
        ({"entityModel": "Task", "entity": "t1"}, [({"entityModel": "Task", "entity": "t1"}, None)]),
    ],
    ids=repr,
)
def test_without_a_parents_id_all_parents_are_read(params, partitions):
    manual = expand_source({"endpoint": "comments", "params": params, "settings": {"check_ids": False}}, KNOWN)
    found = [(part["values"], part.get("parents", {}).get("stream")) for part in manual["partitions"]]
    assert found == partitions
    assert manual["add"] == {"entityModel": "entityModel", "entity": "entity"}


def test_a_parameter_may_name_the_parent_itself():
    manual = expand_source({"endpoint": "objectives", "params": {"company_id": "c-1"}}, KNOWN)
    assert "partitions" not in manual
    assert manual["request"]["query"] == {"company_id": "c-1"}


@pytest.mark.parametrize(
    ("dialect", "query"),
    [
        ("sorting", {"sorting": '{"field":"at","direction":"desc"}'}),
        ("sort_order", {"sort": "at", "order": "desc"}),
        ("fixed", {}),
    ],
)
def test_each_dialect_says_newest_first_in_its_own_way(dialect, query):
    assert sorting_query(dialect, "at") == query


def test_the_schema_accepts_its_own_examples():
    for example in resources.schema("source")["examples"]:
        assert expand_source(example, KNOWN)


@pytest.mark.parametrize("endpoint", ["custom_data", "comments", "objectives"])
def test_parents_that_are_trusted_say_what_changed(endpoint):
    source = {"endpoint": endpoint, "mode": "incremental", "settings": {"trust_parents": True}}
    manual = expand_source(source, KNOWN)
    assert [part["parents"]["mode"] for part in manual["partitions"]] == ["incremental"] * len(manual["partitions"])
    assert expand_source(manual, KNOWN) == manual
    assert {part["parents"]["mode"] for part in expand_source({**source, "mode": "full"}, KNOWN)["partitions"]} == {
        "full"
    }


def test_without_that_trust_all_parents_are_asked_and_the_refusal_names_the_setting():
    with pytest.raises(ConfigurationError, match=r"settings\.trust_parents"):
        expand_source({"endpoint": "custom_data", "mode": "incremental"}, KNOWN)
    (part,) = expand_source({"endpoint": "objectives", "mode": "incremental"}, KNOWN)["partitions"]
    assert part["parents"]["mode"] == "full"
    (part,) = expand_source({"endpoint": "company_people"}, KNOWN)["partitions"]
    assert "count" not in part


def test_one_parent_that_is_named_cannot_say_what_changed():
    params = {"entityModel": "people", "entity": "65f1bf11b7d4e8f90123ab01"}
    source = {"endpoint": "custom_data", "params": params, "mode": "incremental", "settings": {"trust_parents": True}}
    with pytest.raises(ConfigurationError, match="only be read in full"):
        expand_source(source, KNOWN)


def test_a_company_without_people_by_its_own_count_is_left_out_where_parents_are_trusted():
    (part,) = expand_source({"endpoint": "company_people", "settings": {"trust_parents": True}}, KNOWN)["partitions"]
    assert part["count"] == "metrics.people_count"
