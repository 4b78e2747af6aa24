"""A destination endpoint is nothing but a stored manual configuration."""

import json

import pytest

from custify_connector import manifest
from custify_connector.checking.json_schema import faults_of
from custify_connector.contract.errors import ConfigurationError
from custify_connector.manifest import resources
from custify_connector.plugin import connector
from custify_connector.sandbox import Sandbox
from custify_connector.writing.template import expand_destination

KNOWN = manifest.load()
SETTINGS = {"rate_limit": None, "undocumented": True}
UNKNOWN_ID = "0123456789abcdef01234567"
RECORD = {
    "id": UNKNOWN_ID,
    "user_id": "u-1",
    "email": "ana@example.com",
    "company_id": "c-1",
    "name": "Ana",
    "title": "A ticket",
    "externalId": "x-1",
    "entity": UNKNOWN_ID,
    "entityModel": "Note",
    "text": "Hello",
    "category": "people",
    "tag": UNKNOWN_ID,
    "type": "add",
    "created_at": "2026-01-31T09:30:00Z",
    "deduplication_id": "d-1",
    "submittedAt": "2026-01-31T09:30:00Z",
}


def template(name, **words):
    endpoint = KNOWN.destinations[name]
    params = {"max_deletes": 9} if endpoint.destructive else {}
    params |= {"directory": "."} if endpoint.upload else {}
    return {"endpoint": name, "params": params, "settings": SETTINGS, **words}


def expand(destination):
    return expand_destination(destination, KNOWN)


def record(name):
    """Return what the endpoint's schema shows for an example, else all of what a record may hold of the above."""
    schema = KNOWN.write_schema(KNOWN.destinations[name])
    return schema.get("examples", [{field: RECORD[field] for field in schema["properties"] if field in RECORD}])[0]


# ------------------------------------------------------------------------------------------------------- templates: law


RUN_WORDS = {"dry_run": True, "max_rejects": 3, "on_reject": "stop", "capture_responses": True, "delivery": "single"}


@pytest.mark.parametrize("words", [{}, RUN_WORDS], ids=["plain", "run"])
def test_an_expanded_destination_is_manual_valid_and_its_own_expansion(words, subtests):
    for name in KNOWN.destinations:
        with subtests.test(name):
            manual, schema = expand(template(name, **words))
            assert "endpoint" not in manual
            assert schema == KNOWN.write_schema(KNOWN.destinations[name])
            assert faults_of(manual, resources.schema("destination"), "destination") == ()
            assert json.loads(json.dumps(manual)) == manual
            assert expand(manual) == (manual, None)
            assert words.items() <= manual.items()


@pytest.fixture(scope="module")
def account():
    """Return a small account, and the credential for it."""
    with Sandbox(people=3, companies=3, rate_limit=None) as sandbox:
        yield sandbox, {"name": "n", "api_key": sandbox.api_key, "base_url": sandbox.base_url}


def test_an_expanded_destination_plans_the_same_requests(account, subtests):
    for name in KNOWN.destinations:
        with subtests.test(name):
            _, credential = account
            destination = template(name, dry_run=True)
            records = [record(name), {}]
            planned = [
                [receipt.response for receipt in connector.write_destination(credential, each, records)]
                for each in (destination, expand(destination)[0])
            ]
            assert planned[0] == planned[1]


def test_an_expanded_destination_sends_the_same_requests(account, subtests):
    for name in [name for name in KNOWN.destinations if not KNOWN.destinations[name].upload]:
        with subtests.test(name):
            sandbox, credential = account
            sent = []
            for destination in (template(name), expand(template(name))[0]):
                sandbox.journal.clear()
                list(connector.write_destination(credential, destination, [record(name)]))
                sent.append([(entry.method, entry.path, entry.query, entry.body) for entry in sandbox.journal.entries])
            assert sent[0] == sent[1]
            assert sent[0]


# ------------------------------------------------------------------------------------------------------ what it becomes


def test_params_are_constants_of_the_records_or_words_of_the_run():
    manual, _ = expand({"endpoint": "delete_person", "params": {"max_deletes": 3, "user_id": "u"}})
    assert (manual["max_deletes"], manual["params"]) == (3, {"user_id": "u"})
    assert "user_id" not in manual
    manual, _ = expand({"endpoint": "upload_file", "params": {"directory": "in", "companyId": "c"}})
    assert (manual["directory"], manual["params"]) == ("in", {"companyId": "c"})


def test_one_delete_may_be_allowed():
    manual, _ = expand({"endpoint": "delete_person", "params": {"max_deletes": 1}})
    assert manual["max_deletes"] == 1


def test_a_look_up_before_a_create_is_stored_with_the_endpoint():
    manual, _ = expand({"endpoint": "create_task"})
    assert manual["find_first"] == {
        "by": "externalId",
        "path": "/task",
        "records": ["tasks"],
        "update": "/task/{id}",
        "copy": {"_id": "id"},
    }


# ------------------------------------------------------------------------------------------------------ what is refused


MANUAL = {"request": {"method": "POST", "path": "/x"}}
GUARD = "deletes are permanent: give the number of records that may be deleted at most"


@pytest.mark.parametrize(
    ("destination", "said"),
    [
        (None, ["destination: must be object, not null"]),
        ({}, ["destination.endpoint: is required"]),
        (
            {"endpoint": "upsert_persn"},
            ["destination.endpoint: there is no 'upsert_persn'; did you mean 'upsert_person'?"],
        ),
        (
            {"endpoint": "upsert_person", "dryrun": True},
            ["destination.dryrun: unknown field; did you mean 'dry_run'?"],
        ),
        ({"endpoint": "upsert_person", "dry_run": "yes"}, ["destination.dry_run: must be boolean, not text"]),
        (
            {"endpoint": "upsert_person", "params": {"emial": 1}},
            ["destination.params.emial: upsert_person has no such field; did you mean 'email'?"],
        ),
        ({"endpoint": "upsert_person", "on_reject": "halt"}, ["destination.on_reject: must be one of continue, stop"]),
        ({"endpoint": "upsert_person", "max_rejects": -1}, ["destination.max_rejects: is -1; at least 0 is allowed"]),
        (
            {"endpoint": "upsert_note", "delivery": "batch"},
            ["destination.delivery: upsert_note cannot be sent in batches: use single"],
        ),
        ({"endpoint": "delete_person"}, [f"destination.params.max_deletes: {GUARD}"]),
        ({"endpoint": "delete_person", "params": {"max_deletes": 0}}, [f"destination.params.max_deletes: {GUARD}"]),
        ({"endpoint": "delete_person", "params": {"max_deletes": True}}, [f"destination.params.max_deletes: {GUARD}"]),
        (
            {"endpoint": "upsert_person", "params": {"max_deletes": 3}},
            ["destination.params.max_deletes: upsert_person has no such"],
        ),
        (
            {"endpoint": "upload_file"},
            ["destination.params.directory: is required: the directory under which the files must lie"],
        ),
        (
            {"endpoint": "run_playbook"},
            ["destination.settings.undocumented: run_playbook is not in Custify's documentation"],
        ),
        ({"request": {"path": "/x"}}, ["destination.request.method: is required"]),
        (
            {"request": {"method": "GET", "path": "/x"}},
            ["destination.request.method: must be one of POST, PUT, PATCH, DELETE"],
        ),
        (
            {"request": {"method": "POST", "path": "x"}},
            ["destination.request.path: must be a path below the base URL, such as /people"],
        ),
        ({"request": {"method": "POST", "path": "/../x"}}, ["destination.request.path: "]),
        ({"request": {"method": "POST", "path": "/x/{"}}, ["destination.request.path: "]),
        (
            {"request": {"method": "POST", "path": "/x", "routes": [{"with": "a", "path": "/../x"}]}},
            ["destination.request.routes[0].path: "],
        ),
        (
            {"request": {"method": "POST", "path": "/x", "query": ["a", "a"]}},
            ["destination.request.query: has the same item twice"],
        ),
        (
            {"request": {"method": "DELETE", "path": "/x"}},
            [
                "destination.identity: is required for a DELETE: it must never be sent without a selector",
                f"destination.max_deletes: {GUARD}",
            ],
        ),
        ({**MANUAL, "endpoint": "x"}, ["destination.endpoint: unknown field"]),
        (
            {**MANUAL, "find_first": {"by": "a"}},
            [
                "destination.find_first.path: is required",
                "destination.find_first.records: is required",
                "destination.find_first.update: is required",
            ],
        ),
        ({**MANUAL, "delivery": "batch"}, ["destination.batch: is required"]),
        ({**MANUAL, "upload": "path"}, ["destination.directory: is required"]),
    ],
    ids=lambda value: value[0][:60] if isinstance(value, list) else "",
)
def test_a_wrong_destination_is_refused_with_place_and_remedy(destination, said):
    with pytest.raises(ConfigurationError) as caught:
        expand(destination)
    texts = sorted(str(fault) for fault in caught.value.faults)
    assert len(texts) == len(said), texts
    assert all(text.startswith(start) for text, start in zip(texts, sorted(said), strict=True)), texts


def test_every_fault_of_a_destination_is_said_at_once():
    words = {"params": {"a": 1, "b": 2}, "delivery": "batch"}
    with pytest.raises(ConfigurationError) as caught:
        expand({"endpoint": "delete_person", **words})
    assert len(caught.value.faults) == 4


def test_the_schema_accepts_its_own_examples():
    for example in resources.schema("destination")["examples"]:
        assert expand(example)[0]
