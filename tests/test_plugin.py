"""The hooks, through a real plugin manager and over a real socket."""

import contextlib
import json
import sqlite3
import threading
import traceback

import pluggy
import pytest

from custify_connector import contract
from custify_connector.checking.secret import Secret
from custify_connector.contract import ConnectorHooks, NamedConnector
from custify_connector.contract.errors import (
    ConfigurationError,
    CredentialRefused,
    PermissionRefused,
    ServiceUnavailable,
    StateError,
)
from custify_connector.contract.events import PageRead, listening
from custify_connector.exchange import rate_budget, retrying
from custify_connector.exchange.wire import Response
from custify_connector.plugin import Connector, connector
from custify_connector.sandbox import Fault, Permissions, Sandbox

NO_LIMIT = {"rate_limit": None}
PEOPLE = {"endpoint": "people", "settings": NO_LIMIT}
UPSERT = {"endpoint": "upsert_person", "settings": {**NO_LIMIT, "max_in_flight": 1}}


@pytest.fixture(scope="module")
def hooks():
    """Return the installed connector, found by its entry point and addressed by its name."""
    return NamedConnector(contract.plugin_manager(), "custify")


@pytest.fixture
def impatient(monkeypatch):
    """Let a request be given up after its first try."""
    monkeypatch.setattr(retrying, "PATIENT", retrying.Patience(tries=1))


@pytest.fixture
def credential(sandbox, canary):
    """Return the credential of the sandbox."""
    return {"name": "n", "api_key": canary, "base_url": sandbox.base_url}


def people(count):
    return [{"user_id": f"new-{number}", "email": f"new-{number}@example.com"} for number in range(count)]


# ------------------------------------------------------------------------------------------------------------ the whole


def test_the_connector_is_found_by_its_entry_point(hooks):
    description = hooks.describe()
    assert description["name"] == "custify"
    assert json.loads(json.dumps(description)) == description


def test_the_main_job_goes_through_the_hooks(hooks, sandbox, credential):
    assert hooks.test_credential(credential).ok
    before = [record for batch in hooks.read_source(credential, PEOPLE) for record in batch.records]
    receipts = list(hooks.write_destination(credential, UPSERT, people(3)))
    after = [record for batch in hooks.read_source(credential, PEOPLE) for record in batch.records]
    assert (len(before), len(after)) == (30, 33)
    assert [(receipt.index, receipt.outcome, receipt.key) for receipt in receipts] == [
        (number, "sent", {"user_id": f"new-{number}"}) for number in range(3)
    ]
    assert {record["id"] for record in after} == {record["id"] for record in sandbox.content.records("people")}


def test_the_description_of_an_account_adds_to_the_connectors_and_writes_nothing(hooks, sandbox, credential):
    described = hooks.describe_account(credential)
    assert described.keys() >= hooks.describe().keys()
    assert described["sources"].keys() == hooks.describe()["sources"].keys()
    assert {entry.method for entry in sandbox.journal.entries} == {"GET"}
    with pytest.raises(ConfigurationError):
        hooks.describe_account({**credential, "api_key": "a b"})


def test_an_answer_without_a_body_is_asked_for_once_more_before_it_is_believed(hooks, sandbox, credential):
    sandbox.faults.add(Fault("empty"))
    assert sum(len(batch.records) for batch in hooks.read_source(credential, PEOPLE)) == 30


def test_a_manual_source_and_destination_do_the_same_job(hooks, credential):
    source = {
        "request": {"path": "/people/all"},
        "records": ["people"],
        "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 20},
        "settings": NO_LIMIT,
    }
    destination = {"request": {"method": "POST", "path": "/people"}, "identity": [["user_id"]], "settings": NO_LIMIT}
    assert [receipt.outcome for receipt in hooks.write_destination(credential, destination, people(1))] == ["sent"]
    assert sum(len(batch.records) for batch in hooks.read_source(credential, source)) == 31


def test_two_connectors_in_one_host_answer_each_by_its_name(credential):
    manager = pluggy.PluginManager(contract.PROJECT)
    manager.add_hookspecs(ConnectorHooks)
    with Sandbox(people=7, companies=2, rate_limit=None) as other:
        manager.register(Connector(), "one")
        manager.register(Connector(), "two")
        elsewhere = {"name": "o", "api_key": other.api_key, "base_url": other.base_url}
        counts = {
            name: sum(len(batch.records) for batch in NamedConnector(manager, name).read_source(known, PEOPLE))
            for name, known in (("one", credential), ("two", elsewhere))
        }
    assert counts == {"one": 30, "two": 7}


def test_a_connector_can_be_given_another_way_out(credential):
    asked = []

    @contextlib.contextmanager
    def closed(*_):
        yield lambda request: asked.append(request.path) or Response(200, {"people": [{"id": "x"}], "total": 1})
        asked.append("closed")

    batches = Connector(open_send=closed).read_source(credential, PEOPLE, None)
    assert [record for batch in batches for record in batch.records] == [{"id": "x"}]
    assert asked == ["/people/all", "/people/all", "closed"]


# ------------------------------------------------------------------------------------------------------ wrong arguments

WRONG = {"name": "", "api_key": "a b", "url": 1}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        pytest.param(lambda hooks, _: hooks.read_source(WRONG, PEOPLE), ConfigurationError, id="credential, read"),
        pytest.param(
            lambda hooks, _: hooks.write_destination(WRONG, UPSERT, []), ConfigurationError, id="credential, write"
        ),
        pytest.param(lambda hooks, _: hooks.plan_source(WRONG, PEOPLE, 2), ConfigurationError, id="credential, plan"),
        pytest.param(
            lambda hooks, key: hooks.read_source(key, {"endpoint": "peopel"}), ConfigurationError, id="source, read"
        ),
        pytest.param(
            lambda hooks, key: hooks.plan_source(key, {"endpoint": "peopel"}, 2), ConfigurationError, id="source, plan"
        ),
        pytest.param(lambda hooks, key: hooks.plan_source(key, PEOPLE, 0), ConfigurationError, id="no part"),
        pytest.param(
            lambda hooks, key: hooks.plan_source(key, PEOPLE, "many"), ConfigurationError, id="parts that are no number"
        ),
        pytest.param(
            lambda hooks, key: hooks.write_destination(key, {"endpoint": "upsert"}, []),
            ConfigurationError,
            id="destination",
        ),
        pytest.param(
            lambda hooks, key: hooks.write_destination(key, UPSERT, 5), ConfigurationError, id="records that are none"
        ),
        pytest.param(lambda hooks, key: hooks.read_source(key, PEOPLE, {"version": 1}), StateError, id="damaged state"),
        pytest.param(lambda hooks, key: hooks.read_source(key, PEOPLE, {"version": 9}), StateError, id="newer state"),
        pytest.param(lambda hooks, key: hooks.read_source(key, PEOPLE, "state"), StateError, id="state that is none"),
    ],
)
def test_a_wrong_argument_raises_at_the_call_and_sends_nothing(hooks, sandbox, credential, call, error):
    with pytest.raises(error):
        call(hooks, credential)
    assert len(sandbox.journal) == 0


def test_a_damaged_state_of_a_parent_raises_at_the_call(hooks, sandbox, credential):
    source = {"endpoint": "company_people", "settings": NO_LIMIT}
    first = next(iter(hooks.read_source(credential, source)))
    sandbox.journal.clear()
    with pytest.raises(StateError):
        hooks.read_source(credential, source, {**first.state, "parents": {"version": 9}, "partition": 0, "parent": {}})
    assert len(sandbox.journal) == 0


def test_a_state_of_another_endpoint_is_refused_by_name(hooks, credential):
    *_, last = hooks.read_source(credential, {**PEOPLE, "endpoint": "companies"})
    with pytest.raises(StateError, match=r"state\.stream: belongs to 'companies', not to 'people'"):
        hooks.read_source(credential, PEOPLE, last.state)


def test_nothing_is_asked_before_the_first_batch_is(hooks, sandbox, credential):
    hooks.read_source(credential, PEOPLE)
    hooks.write_destination(credential, UPSERT, people(3))
    assert len(sandbox.journal) == 0


# ---------------------------------------------------------------------------------------------- errors of the whole run


def written(hooks, credential, destination, records):
    """Return the receipts, and what was raised after them."""
    receipts, error = [], None
    try:
        for receipt in hooks.write_destination(credential, destination, records):
            receipts.append(receipt)  # noqa: PERF402 - what came before the error is kept
    except Exception as raised:  # noqa: BLE001 - returned, to be looked at
        error = raised
    return receipts, error


def test_a_key_that_is_revoked_in_the_middle_leaves_a_receipt_for_every_record(hooks, sandbox, credential, canary):
    sandbox.faults.add(Fault("revoke", method="POST", after=4, times=None))
    receipts, error = written(hooks, credential, UPSERT, people(20))
    assert [receipt.index for receipt in receipts] == list(range(20))
    assert [receipt.outcome for receipt in receipts[:4]] == ["sent"] * 4
    assert receipts[4].outcome == "failed"
    assert {receipt.outcome for receipt in receipts[5:]} <= {"not_tried", "failed"}
    assert isinstance(error, CredentialRefused)
    assert canary not in repr(receipts)


def test_a_service_that_dies_in_the_middle_leaves_a_receipt_for_every_record(hooks, sandbox, credential, monkeypatch):
    monkeypatch.setattr(retrying, "PATIENT", retrying.Patience(tries=1))
    sandbox.faults.add(Fault("reset", method="POST", after=4, times=None))
    receipts, error = written(hooks, credential, UPSERT, people(20))
    assert [receipt.index for receipt in receipts] == list(range(20))
    assert [receipt.outcome for receipt in receipts[:4]] == ["sent"] * 4
    assert {receipt.outcome for receipt in receipts[4:]} == {"failed", "not_tried"}
    assert isinstance(error, ServiceUnavailable)


def test_one_records_fault_is_a_receipt_and_the_others_go_on(hooks, credential):
    records = [{"user_id": "a"}, {"emial": "x"}, 5, {"user_id": "b"}, {"user_id": "c", "email": float("nan")}]
    receipts, error = written(hooks, credential, UPSERT, records)
    assert [receipt.outcome for receipt in receipts] == ["sent", "rejected", "rejected", "sent", "rejected"]
    assert error is None


def test_a_place_that_is_not_allowed_is_named(hooks, sandbox, credential, canary):
    sandbox.keys[canary] = Permissions(paths_denied=("/people",))
    with pytest.raises(PermissionRefused, match="people: GET /people/all"):
        list(hooks.read_source(credential, PEOPLE))
    _, error = written(hooks, credential, UPSERT, people(2))
    assert isinstance(error, PermissionRefused)
    assert "upsert_person: POST /people" in str(error)


def test_a_dry_run_plans_every_request_and_sends_none(hooks, sandbox, credential):
    receipts, _ = written(hooks, credential, {**UPSERT, "dry_run": True}, people(2))
    assert [(receipt.outcome, receipt.response["path"]) for receipt in receipts] == [("planned", "/people")] * 2
    assert len(sandbox.journal) == 0


@pytest.mark.parametrize("error", [CredentialRefused, ServiceUnavailable])
@pytest.mark.usefixtures("impatient")
def test_the_key_occurs_in_no_error_and_no_traceback(hooks, sandbox, credential, error):
    sandbox.faults.add(Fault("revoke" if error is CredentialRefused else "reset", times=None))
    with pytest.raises(error) as caught:
        list(hooks.read_source(credential, PEOPLE))
    canary = sandbox.api_key
    shown = "".join(traceback.format_exception(caught.value))
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert canary not in shown + repr(chain)


def test_the_key_occurs_in_no_batch_and_no_state(hooks, credential, canary):
    assert canary not in repr(list(hooks.read_source(credential, PEOPLE)))


# ------------------------------------------------------------------------------------------------------- stopping, pace


def test_the_events_of_a_read_go_to_who_listened_at_the_call(hooks, credential):
    heard, others = [], []
    with listening(heard.append):
        batches = hooks.read_source(credential, PEOPLE, None)
    with listening(others.append):
        read = sum(len(batch.records) for batch in batches)
    pages = [event for event in heard if isinstance(event, PageRead)]
    assert sum(page.records for page in pages) == read > 0
    assert {(page.stream, page.total) for page in pages} == {("people", read)}
    assert not others


def test_a_host_that_stops_early_leaves_no_thread(hooks, credential):
    batches = hooks.read_source(credential, PEOPLE)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("custify-read")]


def test_testing_a_credential_does_not_change_the_limit_of_a_run_under_way(hooks, credential):
    slow = {**PEOPLE, "settings": {"rate_limit": {"requests": 50, "seconds": 2}}}
    batches = hooks.read_source(credential, slow)
    next(batches)
    account = (credential["base_url"], Secret(credential["api_key"]).fingerprint())
    budget = rate_budget.current_budget(account, None)
    before = budget.limit
    hooks.test_credential(credential)
    hooks.describe_account(credential)
    assert budget.limit == before


def test_hooks_that_take_no_settings_count_in_the_file_that_the_accounts_other_calls_name(hooks, credential, tmp_path):
    settings = {"budget": str(tmp_path / "budget")}
    list(hooks.read_source(credential, {**PEOPLE, "limit": 1, "settings": settings}))
    before = counted(tmp_path / "budget")
    hooks.test_credential(credential)
    assert counted(tmp_path / "budget") == before + 1
    hooks.describe_account(credential)
    assert counted(tmp_path / "budget") == before + 3


def counted(path):
    """Return how many requests a budget file holds."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM counted").fetchone()[0]


# ------------------------------------------------------------------------------------------------------------- planning


@pytest.mark.parametrize("parts", [1, 2, 3, 8])
def test_the_parts_of_a_source_together_read_the_same(hooks, credential, parts):
    planned = hooks.plan_source(credential, PEOPLE, parts)
    assert 1 <= len(planned) <= parts
    read = [
        record["id"] for part in planned for batch in hooks.read_source(credential, part) for record in batch.records
    ]
    whole = [record["id"] for batch in hooks.read_source(credential, PEOPLE) for record in batch.records]
    assert sorted(read) == sorted(whole)


def test_the_registered_connector_is_the_packages_own(hooks):
    assert isinstance(connector, Connector)
    assert hooks.describe() == connector.describe()
