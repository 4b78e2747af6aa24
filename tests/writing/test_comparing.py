"""What is asked in place of a write, and what is said where the answer does not tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector import manifest
from custify_connector.contract import NamedConnector, plugin_manager
from custify_connector.contract.errors import ConfigurationError, CredentialRefused, ServiceUnavailable
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Failure, Response
from custify_connector.sandbox import Sandbox
from custify_connector.writing.dispatch import write
from custify_connector.writing.plan import write_plan
from custify_connector.writing.template import expand_destination

KNOWN = manifest.load()
CONNECTOR = NamedConnector(plugin_manager(), "custify")
ANA = {"id": "65f1c0a2b7d4e8f90123abcd", "user_id": "u-1", "email": "ana@example.com", "name": "Ana"}
COMPANY = {"id": "65f1bf11b7d4e8f90123ab01", "company_id": "c-1"}


class Service:
    """A `Send` that answers by target, and keeps what it was asked."""

    def __init__(self, **answers):
        self.answers = {name.replace("__", "/").replace("_is_", "="): answer for name, answer in answers.items()}
        self.asked = []

    def __call__(self, request):
        """Answer one request; a target that is not known finds nothing."""
        self.asked.append(f"{request.method} {request.target}")
        found = next((answer for part, answer in self.answers.items() if part in request.target), None)
        return found or Response(200, {"people": [], "companies": [], "tasks": [], "total": 0})


def people(*found):
    return Response(200, {"people": list(found)})


def receipts(service, records, endpoint="upsert_person", **words):
    quick = Clock(pause=lambda _seconds, stop: stop.is_set())
    client = Client(service, Budget(None, quick), clock=quick, max_in_flight=4)
    destination = {"endpoint": endpoint, "dry_run": True, "compare": True, **words}
    return [*write(client, write_plan(*expand_destination(destination, KNOWN)), records)]


def verdicts(service, records, endpoint="upsert_person", **words):
    return [each.response["difference"]["verdict"] for each in receipts(service, records, endpoint, **words)]


def test_a_record_is_looked_up_as_custify_looks_and_nothing_is_sent():
    service = Service(user_id_is_u=people(ANA), email_is_bo=people({"email": "bo@example.com", "user_id": None}))
    records = [{"user_id": "u-1", "name": "Bo"}, {"user_id": "new", "email": "bo@example.com"}, {"id": ANA["id"]}]
    assert verdicts(service, records[:2]) == ["update", "update"]
    assert service.asked == ["GET /people?user_id=u-1", "GET /people?user_id=new", "GET /people?email=bo%40example.com"]
    assert verdicts(service := Service(people__=Response(200, ANA)), records[2:]) == ["nothing"]
    assert service.asked == [f"GET /people/{ANA['id']}"]


def test_someone_else_with_the_same_address_is_not_the_one_that_is_meant():
    service = Service(email_is_ana=people(ANA))
    assert verdicts(service, [{"user_id": "u-2", "email": "ana@example.com"}]) == ["create"]


def test_one_that_is_found_by_its_id_gets_the_names_that_are_given():
    service = Service(people__=Response(200, ANA))
    (receipt,) = receipts(service, [{"id": ANA["id"], "user_id": "u-2", "email": "other@example.com"}])
    changes = [(each["field"], each["now"], each["then"]) for each in receipt.response["difference"]["changes"]]
    assert changes == [("user_id", "u-1", "u-2"), ("email", "ana@example.com", "other@example.com")]


def test_two_who_have_the_address_cannot_be_distinguished():
    service = Service(email_is_ana=people(ANA, {**ANA, "user_id": "u-9"}))
    assert verdicts(service, [{"email": "ana@example.com", "name": "x"}]) == ["unknown"]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Response(404, {"message": "no such person"}), "create"),
        (people(), "create"),
        (Response(200, []), "create"),
        (people({**ANA, "user_id": "u-17"}), "unknown"),
        (people({"name": "shows no user_id"}), "unknown"),
        (Response(404, "<html>no such page</html>"), "unknown"),
        (Response(200, None), "unknown"),
        (Response(200, {"people": [], "total": 3}), "unknown"),
        (Response(400, {"message": "no"}), "unknown"),
        (Response(200, {"error": "boom"}), "unknown"),
        (Response(200, "text"), "unknown"),
        (people({**ANA, "user_id": "U-1"}), "update"),
    ],
    ids=repr,
)
def test_an_answer_that_does_not_show_the_record_is_not_taken_for_its_absence(answer, verdict):
    assert verdicts(Service(user_id_is_u=answer), [{"user_id": "u-1", "name": "x"}]) == [verdict]


def test_a_row_after_one_that_changes_the_same_record_cannot_be_known():
    service = Service(user_id_is_u=people(ANA), email_is_ana=people(ANA))
    same, changed, by_email = {"user_id": "u-1"}, {"user_id": "u-1", "name": "x"}, {"email": "ana@example.com"}
    assert verdicts(service, [same, same, changed, changed, by_email]) == [
        "nothing",
        "nothing",
        "update",
        "unknown",
        "unknown",
    ]
    assert verdicts(Service(), [{"user_id": "n"}, {"user_id": "n"}]) == ["create", "unknown"]


def test_a_link_by_an_own_id_is_looked_up_once_in_a_run():
    linked = {**ANA, "companies": [COMPANY["id"]]}
    service = Service(user_id_is_u=people(linked), company_id_is_c=Response(200, {"companies": [COMPANY]}))
    record = {"user_id": "u-1", "companies": [{"company_id": "c-1"}]}
    assert verdicts(service, [record, record]) == ["nothing", "nothing"]
    assert sum("company_id" in asked for asked in service.asked) == 1
    gone = {"user_id": "u-1", "companies": [{"company_id": "x-1"}]}
    assert verdicts(service, [gone]) == ["update"]


def test_what_custify_cannot_be_asked_for_is_said_without_a_request():
    service = Service()
    (receipt,) = receipts(service, [{"externalId": "d-1"}], "upsert_deal")
    assert receipt.response["difference"]["verdict"] == "unknown"
    assert "no way to read" in receipt.response["difference"]["reason"]
    assert verdicts(service, [{"name": "a", "priority": "low", "status": "open"}], "create_task") == ["create"]
    assert service.asked == []


def test_a_faulty_record_is_rejected_as_in_a_write():
    assert [each.outcome for each in receipts(Service(), [{"user_id": ""}, {"user_id": "u"}])] == [
        "rejected",
        "planned",
    ]


def test_a_refused_key_and_a_service_that_is_down_end_the_run():
    with pytest.raises(CredentialRefused):
        receipts(Service(user_id=Response(401)), [{"user_id": "u"}] * 2)
    with pytest.raises(ServiceUnavailable):
        receipts(
            Service(user_id=Failure("unreachable", "refused", arrived=False)), [{"user_id": f"u{n}"} for n in range(9)]
        )


def test_a_comparison_that_would_send_is_refused():
    with pytest.raises(ConfigurationError, match="needs dry_run"):
        expand_destination({"endpoint": "upsert_person", "compare": True}, KNOWN)


@pytest.fixture(scope="module")
def served():
    with Sandbox(people=6, companies=3, api_key="made-up", rate_limit=None) as sandbox:
        yield sandbox, {"name": "n", "api_key": "made-up", "base_url": sandbox.base_url}


ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "seat_type": st.sampled_from([None, "Gold", "admin"]),
        "score": st.sampled_from([None, "7", 7, 7.5, "007"]),
        "beta_tester": st.sampled_from([None, "true", True, "FALSE"]),
        "last_login_at": st.sampled_from([None, "2026-01-31", "2026-01-31 09:30", "2026-01-31T09:30:00Z"]),
        "new": st.sampled_from([None, "first", "second"]),
    },
)
FIELDS = {
    "name": st.sampled_from(["Ana", "Bo", None]),
    "phone": st.sampled_from(["1", None]),
    "signed_up_at": st.sampled_from(["2026-01-31", "2026-01-31T00:00:00Z", None]),
    "session_count": st.sampled_from([1, 2]),
    "companies": st.lists(
        st.fixed_dictionaries(
            {"company_id": st.sampled_from(["c-00000", "c-00001"])}, optional={"remove": st.booleans()}
        ),
        max_size=1,
    ),
    "custom_attributes": ATTRIBUTES,
}
RECORDS = st.fixed_dictionaries({"user_id": st.sampled_from(["u-000000", "u-000001", "n-1"])}, optional=FIELDS)
KINDS = {
    "upsert_person": ("people", ["id"], {"user_id": "another", "email": "another@example.com", "name": "Ana"}),
    "upsert_company": (
        "companies",
        ["company_id"],
        {"plan": "Gold", "owners_csm": "user0@vendor.example", "size": None},
    ),
    "update_task": ("tasks", ["id"], {"status": "done", "dueDate": "2026-02-01", "priority": "high"}),
    "update_ticket": ("tickets", ["externalId"], {"title": "Another", "openedAt": "2026-01-07 08:00"}),
    "upsert_tag": ("tags", ["id", "name", "category"], {"description": "Another"}),
}


@pytest.mark.parametrize("endpoint", KINDS)
def test_what_is_to_update_is_unchanged_once_it_is_written(served, endpoint):
    sandbox, credential = served
    kind, names, changes = KINDS[endpoint]
    known = sandbox.content.records(kind)[-1]
    record = {**{name: known[name] for name in names}, **changes}

    def verdict():
        destination = {"endpoint": endpoint, "dry_run": True, "compare": True}
        (receipt,) = CONNECTOR.write_destination(credential, destination, [record])
        return receipt.response["difference"]["verdict"]

    before = verdict()
    (receipt,) = CONNECTOR.write_destination(credential, {"endpoint": endpoint}, [record])
    assert (before, receipt.outcome, verdict()) == ("update", "sent", "nothing"), receipt


@given(RECORDS)
def test_a_write_changes_a_record_exactly_where_the_comparison_says_so(served, record):
    sandbox, credential = served

    def held():
        found = [each for each in sandbox.content.records("people") if each["user_id"] == record["user_id"]]
        return [
            {name: value for name, value in each.items() if name != "updated_at" and value is not None}
            for each in found
        ]

    def compared():
        destination = {"endpoint": "upsert_person", "dry_run": True, "compare": True}
        (receipt,) = CONNECTOR.write_destination(credential, destination, [record])
        return receipt.response["difference"]

    before, first = held(), compared()
    assert held() == before
    (receipt,) = CONNECTOR.write_destination(credential, {"endpoint": "upsert_person"}, [record])
    assert receipt.outcome == "sent", receipt
    after, again = held(), compared()
    assert first["verdict"] == ("create" if not before else "update" if _bare(after) != _bare(before) else "nothing")
    assert again["verdict"] == "nothing", (first, again)


def _bare(records):
    """Return records without attributes that hold nothing."""
    return [
        {
            **each,
            "custom_attributes": {
                name: value for name, value in each["custom_attributes"].items() if value is not None
            },
        }
        for each in records
    ]
