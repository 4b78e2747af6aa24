"""Every destination of the manifest, written to an emulated account and read back."""

from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custify_connector import manifest
from custify_connector.contract.errors import ConfigurationError
from custify_connector.sandbox import Quirks
from custify_connector.writing import single

DESTINATIONS = manifest.load().destinations
DELETES = [name for name, entry in DESTINATIONS.items() if entry.destructive]
UNKNOWN = "0123456789abcdef01234567"
WHEN = "2026-01-10T10:00:00.000Z"


def first(kind, test=lambda _: True):
    """Return a way to find the first record of a kind that passes a test, with the fields that are not shown."""
    return lambda account: next(record for record in account.content.table(kind) if test(record))


COMPANY, PERSON, TAG = first("companies"), first("people", lambda each: each.get("user_id")), first("tags")
NOTE, TASK, TICKET, FILE = first("notes"), first("tasks"), first("tickets"), first("files", lambda f: f["companies"])
USER = first("users")


# --------------------------------------------------------------------------------------------- written and read back
# A case is a function: it writes through the connector, and returns what was written beside what the account holds.

CASES = {}


def case(destination):
    """Register a case of a destination."""

    def register(function):
        CASES.setdefault(destination, []).append(function)
        return function

    return register


def found(account, endpoint, **wanted):
    """Return the one record of a source that has these values."""
    [record] = [each for each in account.records(endpoint) if all(each.get(name) == wanted[name] for name in wanted)]
    return record


def picked(record, names):
    return {name: record.get(name) for name in names}


@case("upsert_person")
def a_new_person_has_every_field(account):
    fields = {"user_id": "n-1", "email": "zoë@example.com", "name": "Zoë", "phone": "+49", "session_count": 3}
    account.sent("upsert_person", {**fields, "signed_up_at": WHEN, "custom_attributes": {"seat": "admin", "n": 1.5}})
    expected = {**fields, "signed_up_at": WHEN, "custom_attributes": {"seat": "admin", "n": 1.5}}
    return picked(found(account, "people", user_id="n-1"), expected), expected


@case("upsert_person")
def null_clears_and_absence_keeps(account):
    known = PERSON(account)
    attribute = next(iter(known["custom_attributes"]))
    change = {"user_id": known["user_id"], "phone": None, "session_count": 9, "custom_attributes": {attribute: None}}
    account.sent("upsert_person", change)
    record = found(account, "people", id=known["id"])
    kept = {name: value for name, value in known["custom_attributes"].items() if name != attribute}
    assert "phone" not in record
    return (record["session_count"], record["custom_attributes"], record["name"]), (9, kept, known["name"])


@case("upsert_person")
def null_travels_as_unset(account):
    account.sent("upsert_person", {"id": PERSON(account)["id"], "name": None, "custom_attributes": {"score": None}})
    body = account.journal.entries[-1].body
    return body, {"id": PERSON(account)["id"], "$unset": ["name", "custom_attributes.score"]}


@case("upsert_person")
def a_membership_is_added_and_removed(account):
    person, [old, new] = PERSON(account), account.content.companies[5:7]
    account.sent("upsert_person", {"id": person["id"], "companies": [{"id": old["id"]}]})
    change = [{"company_id": new["company_id"]}, {"company_id": old["company_id"], "remove": True}]
    account.sent("upsert_person", {"id": person["id"], "companies": change})
    companies = found(account, "people", id=person["id"])["companies"]
    return (old["id"] in companies, new["id"] in companies), (False, True)


@case("delete_person")
def each_selector_deletes_its_person(account):
    people = [each for each in account.content.people if each.get("user_id") and each["email"]]
    by_id, by_user_id = people[:2]
    by_email = next(each for each in people[2:] if [p["email"] for p in people].count(each["email"]) == 1)
    rows = {"id": by_id["id"]}, {"user_id": by_user_id["user_id"]}, {"email": by_email["email"]}
    account.sent("delete_person", *rows, params={"max_deletes": 3})
    gone = {by_id["id"], by_user_id["id"], by_email["id"]}
    return gone & {each["id"] for each in account.records("people")}, set()


@case("tag_people")
def a_tag_is_added_to_people_and_removed(account):
    return tagged(account, "tag_people", "people", "people")


def tagged(account, destination, source, kind, **fixed):
    """Write a tag to two records and take it off one; return which have it, and which should."""
    one, other = account.content.records(kind)[:2]
    row = {"tag": TAG(account)["id"], **fixed}
    account.sent(destination, {**row, "ids": [one["id"], other["id"]], "type": "add"})
    account.sent(destination, {**row, "ids": [one["id"]], "type": "remove"})
    both = [found(account, source, id=each["id"]) for each in (one, other)]
    return [row["tag"] in each.get("tags", []) for each in both], [False, True]


@case("upsert_company")
def a_company_is_created_then_updated_by_each_identity(account):
    owner = USER(account)
    fields = {"company_id": "n-9", "name": "Bäckerei", "size": 42, "churned": False, "plan": "Gold"}
    parent = {"parent_companies": [{"id": COMPANY(account)["id"]}]}
    account.sent("upsert_company", {**fields, **parent, "owners_csm": owner["email"], "custom_attributes": {"x": 3}})
    record = found(account, "companies", company_id="n-9")
    account.sent("upsert_company", {"id": record["id"], "plan": "Silver", "size": None})
    again = found(account, "companies", company_id="n-9")
    got = again["id"], again["plan"], "size" in again, again["parent_companies"][0]["id"], again["owners_csm"]
    return got, (record["id"], "Silver", False, COMPANY(account)["id"], owner["id"])


@case("delete_company")
def each_selector_deletes_its_company(account):
    one, other = account.content.companies[2:4]
    account.sent("delete_company", {"id": one["id"]}, {"company_id": other["company_id"]}, params={"max_deletes": 2})
    return {one["id"], other["id"]} & {each["id"] for each in account.records("companies")}, set()


@case("create_event")
def an_event_is_stored_and_its_repetition_is_not(account):
    person = PERSON(account)
    event = {"name": "exported", "created_at": WHEN, "user_id": person["user_id"], "metadata": {"pages": 12}}
    account.sent("create_event", {**event, "deduplication_id": "e-1"}, {**event, "deduplication_id": "e-1"})
    [stored] = account.content.events
    return picked(stored, ("name", "people", "created_at", "metadata")), {
        "name": "exported",
        "people": person["id"],
        "created_at": WHEN,
        "metadata": {"pages": 12},
    }


@case("create_event")
def the_same_name_in_every_record_can_be_a_parameter(account):
    row = {"company_id": COMPANY(account)["company_id"], "created_at": WHEN}
    account.sent("create_event", row, params={"name": "renewed"})
    return [each["name"] for each in account.content.events], ["renewed"]


FINANCIAL = {
    "deal": {"name": "Süd", "status": "won", "value": 5400},
    "invoice": {"status": "paid", "total": 450, "amountPaid": 450},
    "subscription": {"plan": "Gold", "mrr": 1800, "billingPeriod": 1, "billingPeriodUnit": "month"},
}


def financial_upsert(kind, fields):
    def upserted_by_your_id_and_by_custifys(account):
        owner = {"company_id": COMPANY(account)["company_id"]}
        account.sent(f"upsert_{kind}", {"externalId": "x-1", **fields, **owner}, {"externalId": 5120, **fields})
        known = next(each for each in account.content.table(f"{kind}s") if each["externalId"] == "x-1")
        account.sent(f"upsert_{kind}", {"entity": known["id"], "externalId": "x-1", next(iter(fields)): "changed"})
        held = {each["externalIds"]["custify"]: each for each in account.records(f"{kind}s")}
        got = [picked(held[name], fields) for name in ("x-1", "5120")]
        assert held["x-1"]["company"] == COMPANY(account)["id"]
        return got, [{**fields, next(iter(fields)): "changed"}, fields]

    return upserted_by_your_id_and_by_custifys


def financial_delete(kind):
    def deleted_by_your_id_and_by_custifys(account):
        one, other = list(account.content.table(f"{kind}s"))[:2]
        rows = {"externalId": one["externalIds"]["custify"]}, {"entity": other["id"]}
        account.sent(f"delete_{kind}", *rows, params={"max_deletes": 2})
        gone = {each["externalIds"]["custify"] for each in (one, other)}
        return gone & {each["externalIds"]["custify"] for each in account.records(f"{kind}s")}, set()

    return deleted_by_your_id_and_by_custifys


for _kind, _fields in FINANCIAL.items():
    case(f"upsert_{_kind}")(financial_upsert(_kind, _fields))
    case(f"delete_{_kind}")(financial_delete(_kind))


@case("upsert_note")
def a_note_is_created_then_changed(account):
    fields = {"text": "Größe", "entity": COMPANY(account)["id"], "entityModel": "Company", "sticky": True}
    [created] = account.sent("upsert_note", fields)
    person = {"text": "Moved", "entity": PERSON(account)["id"], "entityModel": "Customer"}
    account.sent("upsert_note", {"id": created["id"], **person})
    return picked(found(account, "notes", id=created["id"]), (*person, "sticky")), {**person, "sticky": True}


@case("create_task")
def a_task_has_every_field(account):
    fields = {"name": "Angebot", "priority": "high", "status": "open", "dueDate": WHEN, "tags": [TAG(account)["id"]]}
    target = {"company": COMPANY(account)["id"], "people": PERSON(account)["id"]}
    row = {**fields, **target, "assignedTo": USER(account)["email"], "checklist": [{"name": "a", "completed": False}]}
    [created] = account.sent("create_task", row)
    expected = {**row, "assignedTo": USER(account)["id"]}
    return picked(found(account, "tasks", id=created["id"]), expected), expected


@case("create_task")
def a_task_with_a_known_external_id_is_updated(account):
    row = {"name": "A", "priority": "low", "status": "open", "externalId": "t-new"}
    account.sent("create_task", row, {**row, "name": "B", "status": "done"})
    [put] = [entry for entry in account.journal.entries if entry.method == "PUT"]
    [record] = account.records("tasks", params={"externalId": "t-new"})
    assert (put.path, put.body["_id"]) == (f"/task/{record['id']}", record["id"])
    return (record["name"], record["status"]), ("B", "done")


@case("update_task")
def a_task_keeps_what_is_absent(account):
    known = TASK(account)
    account.sent("update_task", {"id": known["id"], "status": "done"})
    assert account.journal.entries[-1].path == f"/task/{known['id']}"
    assert account.journal.entries[-1].body == {"_id": known["id"], "status": "done"}
    record = found(account, "tasks", id=known["id"])
    return (record["status"], record["name"]), ("done", known["name"])


@case("create_ticket")
def a_ticket_has_its_replies(account):
    reply = {"type": "incoming", "from": "Zoë", "body": "Leer.", "submittedAt": WHEN}
    fields = {"externalId": "N-1", "title": "Größe 0", "ticketStatus": "open", "priority": "high", "openedAt": WHEN}
    owner = {"company": COMPANY(account)["company_id"], "people": PERSON(account)["user_id"]}
    account.sent("create_ticket", {**fields, **owner, "replies": [reply]})
    record = found(account, "tickets", externalId="N-1")
    replies = [picked(each, reply) for each in account.content.ticket_replies if each["ticket"] == record["id"]]
    got = picked(record, fields), record["company"], record["people"], replies
    return got, (fields, [COMPANY(account)["id"]], [{"id": PERSON(account)["id"]}], [reply])


@case("create_ticket")
def a_ticket_with_a_known_external_id_is_updated(account):
    account.sent("create_ticket", {"externalId": 88213, "title": "A"}, {"externalId": "88213", "title": "B"})
    return [each["title"] for each in account.records("tickets", params={"externalId": "88213"})], ["B"]


@case("update_ticket")
def replies_replace_all_replies(account):
    known = next(iter(account.content.table("ticket_replies")))
    ticket = account.content.table("tickets").get(known["ticket"])
    change = {"externalId": ticket["externalId"], "ticketStatus": "solved", "replies": [{"type": "note", "body": "x"}]}
    account.sent("update_ticket", change)
    replies = [each["body"] for each in account.content.ticket_replies if each["ticket"] == ticket["id"]]
    record = found(account, "tickets", id=ticket["id"])
    return (replies, record["ticketStatus"], record["title"]), (["x"], "solved", ticket["title"])


@case("delete_ticket")
def a_ticket_is_deleted_by_your_id(account):
    known = TICKET(account)
    account.sent("delete_ticket", {"externalId": known["externalId"]}, params={"max_deletes": 1})
    return account.records("tickets", params={"externalId": known["externalId"]}), []


@case("add_ticket_reply")
def a_reply_is_added(account):
    known, reply = TICKET(account), {"type": "outgoing", "from": "Dan", "body": "Behoben", "submittedAt": WHEN}
    before = [each for each in account.content.ticket_replies if each["ticket"] == known["id"]]
    account.sent("add_ticket_reply", {"externalId": known["externalId"], **reply})
    after = [each for each in account.content.ticket_replies if each["ticket"] == known["id"]]
    return (len(after) - len(before), picked(after[-1], reply)), (1, reply)


@case("upsert_comment")
def comments_on_notes_and_tasks_are_created_then_changed(account):
    parents = {"Note": NOTE(account)["id"], "Task": TASK(account)["id"]}
    user, got = USER(account), []
    for model, entity in parents.items():
        row = {"entityModel": model, "entity": entity, "createdBy": user["email"]}
        [created] = account.sent("upsert_comment", {**row, "text": "first"})
        account.sent("upsert_comment", {**row, "text": "second", "id": created["id"]})
        comments = account.records("comments", params={"entityModel": model, "entity": entity})
        [record] = [each for each in comments if each["id"] == created["id"]]
        got.append((record["text"], record["createdBy"]))
    return got, [("second", user["id"])] * 2


@case("upsert_tag")
def a_tag_is_created_then_changed(account):
    [created] = account.sent("upsert_tag", {"name": "Q2", "category": "company", "description": "second"})
    account.sent("upsert_tag", {"id": created["id"], "name": "Q3", "category": "company"})
    record = found(account, "tags", id=created["id"])
    return picked(record, ("name", "category", "description")), {
        "name": "Q3",
        "category": "company",
        "description": "second",
    }


@case("delete_tag")
def a_tag_disappears_from_what_had_it(account):
    carrier = next(each for each in account.content.tasks if each["tags"])
    account.sent("delete_tag", {"id": carrier["tags"][0]}, params={"max_deletes": 1})
    held = {tag for each in account.records("tasks") for tag in each["tags"]}
    return carrier["tags"][0] in held | {tag["id"] for tag in account.records("tags")}, False


@case("tag_entities")
def a_tag_is_added_to_each_category_and_removed(account):
    kinds = {"people": "people", "company": "companies", "task": "tasks", "note": "notes", "meeting": "meetings"}
    kinds["time_tracker"] = "time_tracks"
    results = [tagged(account, "tag_entities", kind, kind, category=name) for name, kind in kinds.items()]
    return [got for got, _ in results], [expected for _, expected in results]


def _by_id(record):
    return record["data_id"]


@case("upsert_custom_data")
def objects_go_one_by_one_or_as_a_list_by_each_name_of_the_owner(account):
    company, person = COMPANY(account), PERSON(account)
    one, several = (
        {"data_type": "licence", "data_id": "n-1", "data": {"seats": 25, "site": "Köln"}},
        [{"data_type": "course", "data_id": f"c-{number}", "data": {"n": number}} for number in range(3)],
    )
    account.sent(
        "upsert_custom_data",
        {"entityModel": "companies", "company_id": company["company_id"], **one},
        {"entityModel": "companies", "entity": company["id"], **one, "data_id": 12},
        {"entityModel": "people", "user_id": person["user_id"], "objects": several},
        {"entityModel": "people", "entity": person["id"], "objects": several[:1]},
    )
    assert several[:1] in [entry.body for entry in account.journal.entries]
    got = [
        picked(each, one)
        for model, owner in (("companies", company), ("people", person))
        for each in account.records("custom_data", params={"entityModel": model, "entity": owner["id"]})
        if each["data_id"] in {"n-1", "12", "c-0", "c-1", "c-2"}
    ]
    return sorted(got, key=_by_id), sorted([one, {**one, "data_id": "12"}, *several], key=_by_id)


@case("delete_custom_data")
def one_object_is_deleted_and_its_neighbours_stay(account):
    known = next(each for each in account.content.table("custom_data") if each["entityModel"] == "companies")
    company = account.content.table("companies").get(known["entity"])
    before = len(account.content.custom_data)
    row = {"entityModel": "companies", "company_id": company["company_id"]}
    account.sent("delete_custom_data", {**row, **picked(known, ("data_type", "data_id"))}, params={"max_deletes": 1})
    other = next(each for each in account.content.table("custom_data") if each["entityModel"] == "people")
    row = picked(other, ("entityModel", "entity", "data_type", "data_id"))
    account.sent("delete_custom_data", row, params={"max_deletes": 1})
    left = [each["id"] for each in account.content.custom_data]
    return (len(left), {known["id"], other["id"]} & set(left)), (before - 2, set())


def score(kind, value):
    def a_score_becomes_a_response(account):
        person = PERSON(account)
        survey = first("surveys", lambda each: each["type"] == kind)(account)
        row = {"score": value, "comment": "Danke!", "submittedAt": WHEN, "surveyId": survey["id"]}
        account.sent(f"submit_{kind}_score", {**row, "user_id": person["user_id"]}, {**row, "entity": person["id"]})
        entries = account.journal.entries[-2:]
        assert {entry.path for entry in entries} == {f"/{kind}_score", f"/{kind}_score/{person['id']}"}
        for entry in entries:
            assert (entry.query["surveyId"], entry.body["surveyId"]) == ([survey["id"]], survey["id"])
        known = account.records("survey_responses", params={"id": survey["id"]})
        got = [each for each in known if each["responseDate"] == WHEN]
        return [picked(each, ("score", "comment", "people")) for each in got], [
            {"score": value, "comment": "Danke!", "people": person["id"]}
        ]

    return a_score_becomes_a_response


case("submit_nps_score")(score("nps", 10))
case("submit_csat_score")(score("csat", 5))


@case("submit_nps_score")
def a_score_is_found_by_e_mail(account):
    person = next(each for each in account.content.people if each["email"])
    account.sent("submit_nps_score", {"email": person["email"], "score": 0, "submittedAt": WHEN})
    known = [each for each in account.records("survey_responses") if each["responseDate"] == WHEN]
    return [(each["score"], each["email"]) for each in known], [(0, person["email"])]


def time_track(account, **extra):
    row = {"user": USER(account)["email"], "name": "Einführung", "duration": 2700, "startedDate": WHEN, **extra}
    [created] = account.sent("create_time_track", row)
    record = found(account, "time_tracks", id=created["id"])
    got = picked(record, ("name", "duration", "startDate", "user"))
    expected = {"name": "Einführung", "duration": 2700, "startDate": WHEN, "user": USER(account)["id"]}
    return (got, record["company"], record["people"]), (
        expected,
        [COMPANY(account)["id"]],
        [PERSON(account)["id"]],
    )


@case("create_time_track")
def a_time_track_has_company_and_person_by_your_ids(account):
    return time_track(account, company_id=COMPANY(account)["company_id"], user_id=PERSON(account)["user_id"])


@case("create_time_track")
def a_time_track_has_company_and_person_by_custifys_ids(account):
    return time_track(account, company=COMPANY(account)["id"], people=PERSON(account)["id"])


@case("create_time_track")
def the_other_path_is_taken_once_the_first_is_not_there(account):
    account.sandbox.quirks = Quirks(time_track_path="underscore")
    row = {"user": USER(account)["id"], "name": "Training", "duration": 60, "startedDate": WHEN}
    before = len(account.content.time_tracks)
    account.journal.clear()
    account.sent("create_time_track", row, row, row)
    [last] = account.write("create_time_track", row)
    assert last.outcome == "sent"
    return len(account.content.time_tracks) - before, 4


@case("upload_file")
def a_file_goes_up_to_a_company_and_a_person(account):
    company, person = COMPANY(account), PERSON(account)
    (account.folder / "plans").mkdir()
    (account.folder / "plans" / "Einführung.pdf").write_bytes(b"%PDF \xff")
    (account.folder / "photo.png").write_bytes(b"png")
    rows = {"path": "plans/Einführung.pdf", "companyId": company["id"]}, {"path": "photo.png", "peopleId": person["id"]}
    created = account.sent("upload_file", *rows, params={"directory": str(account.folder)})
    records = [found(account, "files", id=each["id"]) for each in created]
    got = [picked(each, ("name", "size", "companies", "peoples")) for each in records]
    return got, [
        {"name": "Einführung.pdf", "size": 6, "companies": [company["id"]], "peoples": []},
        {"name": "photo.png", "size": 3, "companies": [], "peoples": [person["id"]]},
    ]


@case("show_file_in_portal")
def a_file_is_shown_and_hidden(account):
    known = FILE(account)
    got = []
    for shown in (True, False):
        account.sent("show_file_in_portal", {"id": known["id"], "showInPortal": shown})
        got.append(found(account, "files", id=known["id"])["showInPortal"])
    return got, [True, False]


@case("unlink_file")
def a_file_is_taken_off_a_company(account):
    known = FILE(account)
    account.sent("unlink_file", {"fileId": known["id"], "companyId": known["companies"][0]})
    return found(account, "files", id=known["id"])["companies"], known["companies"][1:]


@case("run_playbook")
def a_playbook_is_started_on_a_company(account):
    playbook = first("playbooks", lambda each: each["type"] == "companies")(account)
    row = {"id": playbook["id"], "entityId": COMPANY(account)["id"], "type": "companies"}
    account.sent("run_playbook", row, undocumented=True)
    got = [picked(each, ("playbook", "company")) for each in account.content.playbook_runs]
    return got, [{"playbook": playbook["id"], "company": COMPANY(account)["id"]}]


ROWS = {f"{name}: {each.__name__}": each for name, cases in CASES.items() for each in cases}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_is_written_is_what_is_read_back(account, row):
    got, expected = row(account)
    assert got == expected


def test_every_destination_of_the_manifest_has_a_case():
    assert set(CASES) == set(DESTINATIONS)


# ------------------------------------------------------------------------------------------------------------- examples


def test_every_example_of_a_schema_is_accepted_by_the_connector(account, subtests):
    for name in DESTINATIONS:
        with subtests.test(name):
            entry = DESTINATIONS[name]
            examples = manifest.load().write_schema(entry)["examples"]
            for example in examples:
                for field in [entry.upload] if entry.upload else []:
                    (account.folder / example[field]).parent.mkdir(exist_ok=True)
                    (account.folder / example[field]).write_bytes(b"x")
            receipts = account.write(name, *examples, params=run_params(account, name), dry_run=True, undocumented=True)
            assert [(each.outcome, each.reason) for each in receipts] == [("planned", None)] * len(examples)
            assert account.requests() == []


def run_params(account, name, most=100):
    entry = DESTINATIONS[name]
    return {
        **({"max_deletes": most} if entry.destructive else {}),
        **({"directory": str(account.folder)} if entry.upload else {}),
    }


# -------------------------------------------------------------------------------------------------------------- deletes


def delete_rows(account, name, count):
    """Return rows that each delete one record that there is."""
    kinds = {"delete_person": "people", "delete_company": "companies", "delete_ticket": "tickets", "delete_tag": "tags"}
    kinds["delete_custom_data"] = "custom_data"
    kind = kinds.get(name, f"{name.removeprefix('delete_')}s")
    records = itertools.islice(account.content.table(kind), count)
    fields = {"delete_ticket": ("externalId",), "delete_custom_data": ("entityModel", "entity", "data_type", "data_id")}
    if kind in {"deals", "invoices", "subscriptions"}:
        return kind, [{"externalId": each["externalIds"]["custify"]} for each in records]
    return kind, [picked(each, fields.get(name, ("id",))) for each in records]


@pytest.mark.parametrize("name", DELETES)
def test_a_delete_without_a_bound_on_its_number_is_refused(account, name):
    for params in ({}, {"max_deletes": 0}, {"max_deletes": True}, {"max_deletes": "3"}):
        with pytest.raises(ConfigurationError, match=r"params\.max_deletes: deletes are permanent"):
            account.write(name, params=params)


@pytest.mark.parametrize("name", DELETES)
def test_more_records_than_may_be_deleted_delete_none(account, name):
    kind, rows = delete_rows(account, name, 4)
    before = len(account.content.table(kind))
    receipts = account.write(name, *rows, params={"max_deletes": 3})
    assert [each.outcome for each in receipts] == ["not_tried"] * 4
    assert {"max_deletes" in each.reason for each in receipts} == {True}
    assert account.requests() == []
    assert len(account.content.table(kind)) == before
    account.sent(name, *rows, params={"max_deletes": 4})
    assert len(account.content.table(kind)) == before - 4


@pytest.mark.parametrize("name", DELETES)
@pytest.mark.parametrize("value", ["*", "%", "all", "", None, " "])
def test_a_delete_is_never_sent_for_a_wildcard_or_for_nothing(account, name, value):
    entry = DESTINATIONS[name]
    for fields in entry.identity:
        known = {"entityModel": "people"} if "entityModel" in fields else {}
        row = {**dict.fromkeys(fields, value), **known}
        [receipt] = account.write(name, row, params={"max_deletes": 1})
        assert receipt.outcome == "rejected", row
    assert account.requests() == []


@pytest.mark.parametrize("name", DELETES)
def test_a_delete_of_a_record_without_any_field_is_rejected(account, name):
    [receipt] = account.write(name, {}, params={"max_deletes": 1})
    assert receipt.outcome == "rejected"
    assert account.requests() == []


@pytest.mark.parametrize("name", DELETES)
def test_deleting_what_is_gone_is_no_fault(account, name):
    _, [row] = delete_rows(account, name, 1)
    account.sent(name, row, params={"max_deletes": 1})
    [again] = account.write(name, row, params={"max_deletes": 1})
    assert (again.outcome, again.code) == ("unchanged", "already_gone")


@pytest.mark.parametrize("left_out", ["data_type", "data_id"])
def test_custom_data_is_never_deleted_whole(account, left_out):
    _, [row] = delete_rows(account, "delete_custom_data", 1)
    [receipt] = account.write(
        "delete_custom_data", {name: row[name] for name in row if name != left_out}, params={"max_deletes": 1}
    )
    assert (receipt.outcome, receipt.field) == ("rejected", left_out)
    assert account.requests() == []


# -------------------------------------------------------------------------------------------------------------- uploads


def escape(folder):
    outside = folder.parent / "secret.txt"
    outside.write_text("secret")
    return outside


def by_a_link(folder):
    (folder / "link.txt").symlink_to(escape(folder))
    return "link.txt"


def by_a_linked_folder(folder):
    escape(folder)
    (folder / "up").symlink_to(folder.parent, target_is_directory=True)
    return "up/secret.txt"


def too_large(folder):
    (folder / "big.bin").write_bytes(b"x" * 11)
    return "big.bin"


UPLOADS = {
    "an absolute path outside": (lambda folder: str(escape(folder)), "is not under"),
    "a path that climbs": (lambda folder: f"../{escape(folder).name}", "is not under"),
    "a link to a file outside": (by_a_link, "is not under"),
    "a link to a folder outside": (by_a_linked_folder, "is not under"),
    "a file that is not there": (lambda _: "nothing.txt", "is not a file"),
    "a folder": (lambda _: ".", "is not a file"),
    "a file that is too large": (too_large, "has 11 bytes; at most 10"),
}


@pytest.mark.parametrize(("path", "reason"), UPLOADS.values(), ids=UPLOADS)
def test_a_file_that_may_not_be_sent_is_rejected_without_a_request(account, monkeypatch, path, reason):
    monkeypatch.setattr(single, "MAXIMUM_UPLOAD_BYTES", 10)
    row = {"path": path(account.folder), "companyId": COMPANY(account)["id"]}
    [receipt] = account.write("upload_file", row, params={"directory": str(account.folder)})
    assert (receipt.outcome, receipt.field) == ("rejected", "path")
    assert reason in receipt.reason
    assert account.requests() == []


def test_an_upload_needs_a_directory(account):
    with pytest.raises(ConfigurationError, match=r"params\.directory: is required"):
        account.write("upload_file", {"path": "a", "companyId": UNKNOWN})


def test_a_file_may_be_named_by_its_whole_path_and_by_a_link_inside(account):
    (account.folder / "a.txt").write_text("a")
    (account.folder / "b.txt").symlink_to(account.folder / "a.txt")
    rows = [{"path": path, "companyId": COMPANY(account)["id"]} for path in (str(account.folder / "a.txt"), "b.txt")]
    account.sent("upload_file", *rows, params={"directory": str(account.folder)})


# ------------------------------------------------------------------------------------------------------------ bad input

LONG = "é" * 256
PERSON_ROW, EVENT_ROW = {"user_id": "u"}, {"name": "n", "user_id": "u", "created_at": WHEN}
MANY = {f"a{number}": 1 for number in range(251)}

BAD = {
    "text over 255": ("upsert_person", {**PERSON_ROW, "name": LONG}, "name", "256 characters; at most 255"),
    "company text over 255": ("upsert_company", {"company_id": "c", "industry": LONG}, "industry", "at most 255"),
    "an identity over 255": ("upsert_person", {"user_id": LONG}, "user_id", "256 characters"),
    "attribute over 255": (
        "upsert_person",
        {**PERSON_ROW, "custom_attributes": {"bio": LONG}},
        "custom_attributes.bio",
        "256 characters",
    ),
    "beyond 32 bits": ("upsert_person", {**PERSON_ROW, "session_count": 2**31}, "session_count", "2147483648"),
    "below 32 bits": ("upsert_company", {"company_id": "c", "size": -(2**31) - 1}, "size", "-2147483649"),
    "attribute beyond 32 bits": (
        "upsert_person",
        {**PERSON_ROW, "custom_attributes": {"n": 2**31}},
        "custom_attributes.n",
        "2147483648",
    ),
    "251 attributes": (
        "upsert_person",
        {**PERSON_ROW, "custom_attributes": MANY},
        "custom_attributes",
        "251 fields; at most 250",
    ),
    "a name with a dot": ("upsert_person", {**PERSON_ROW, "custom_attributes": {"a.b": 1}}, "custom_attributes", "a.b"),
    "a name with a dollar": ("upsert_company", {"company_id": "c", "custom_attributes": {"$a": 1}}, None, r"$a"),
    "a name of digits": ("upsert_person", {**PERSON_ROW, "custom_attributes": {"42": 1}}, "custom_attributes", "42"),
    "a name over 190": (
        "upsert_person",
        {**PERSON_ROW, "custom_attributes": {"n" * 191: 1}},
        "custom_attributes",
        "191 characters; at most 190",
    ),
    "a nested object": (
        "upsert_person",
        {**PERSON_ROW, "custom_attributes": {"a": {"b": 1}}},
        None,
        "custom_attributes.a",
    ),
    "a nested list": ("upsert_person", {**PERSON_ROW, "custom_attributes": {"a": [1]}}, "custom_attributes.a", ""),
    "metadata over 50 keys": (
        "create_event",
        {**EVENT_ROW, "metadata": {f"k{number}": 1 for number in range(51)}},
        "metadata",
        "51 fields; at most 50",
    ),
    "metadata over 10,000 characters": (
        "create_event",
        {**EVENT_ROW, "metadata": {f"{number:0>150}": "x" * 100 for number in range(45)}},
        "metadata",
        "at most 10,000",
    ),
    "nested metadata": ("create_event", {**EVENT_ROW, "metadata": {"a": {"b": 1}}}, "metadata.a", ""),
    "event text over 100": (
        "create_event",
        {**EVENT_ROW, "metadata": {"a": "x" * 101}},
        "metadata.a",
        "101 characters",
    ),
    "event name over 100": ("create_event", {**EVENT_ROW, "name": "x" * 101}, "name", "101 characters; at most 100"),
    "an event of nobody": ("create_event", {"name": "n", "created_at": WHEN}, None, "needs one of user_id, email"),
    "a date that is none": ("create_event", {**EVENT_ROW, "created_at": "yesterday"}, "created_at", "not a date"),
    "no identity": ("upsert_person", {"name": "x"}, None, "needs one of id, user_id, email"),
    "an unknown field": ("upsert_person", {**PERSON_ROW, "nmae": "x"}, "nmae", "did you mean 'name'"),
    "a field of the wrong type": ("upsert_person", {**PERSON_ROW, "session_count": "9"}, "session_count", "integer"),
    "set and unset at once": ("upsert_person", {**PERSON_ROW, "name": "x", "$unset": ["name"]}, "$unset", "name"),
    "a score out of range": ("submit_nps_score", {"user_id": "u", "score": 11}, "score", "11"),
    "a csat score out of range": ("submit_csat_score", {"user_id": "u", "score": 0}, "score", "0"),
    "a comment on a person": ("upsert_comment", {"entityModel": "People", "entity": "e", "text": "t"}, None, "Note"),
    "a note on nothing": ("upsert_note", {"text": "t", "entityModel": "Company"}, "entity", "required"),
    "a task without a status": ("create_task", {"name": "n", "priority": "low"}, "status", "required"),
    "a ticket without an id": ("update_ticket", {"title": "x", "priority": "low"}, "externalId", "required"),
    "a reply of an unknown kind": ("add_ticket_reply", {"externalId": "T", "type": "mail"}, "type", "must be one of"),
    "tags without anybody": ("tag_people", {"ids": [], "tag": "t", "type": "add"}, "ids", "must not be empty"),
    "no owner of custom data": (
        "upsert_custom_data",
        {"entityModel": "people", "data_type": "a", "data_id": "b", "data": {}},
        None,
        "",
    ),
    "no object at all": ("upsert_person", "zoe", None, "must be an object"),
}


@pytest.mark.parametrize(("name", "record", "field", "words"), BAD.values(), ids=BAD)
def test_bad_input_is_rejected_with_its_field_and_size_and_never_sent(account, name, record, field, words):
    [receipt] = account.write(name, record)
    assert receipt.outcome == "rejected", receipt
    assert field is None or receipt.field == field
    assert words in receipt.reason
    assert account.requests() == []


GOOD = {"upsert_person": {"user_id": "good"}, "upsert_company": {"company_id": "good"}}


@pytest.mark.parametrize(("name", "record"), [(name, record) for name, record, *_ in BAD.values() if name in GOOD])
def test_a_bad_record_does_not_hold_up_its_neighbours(account, name, record):
    good = GOOD[name]
    receipts = account.write(name, good, record, good)
    assert [(each.index, each.outcome) for each in receipts] == [(0, "sent"), (1, "rejected"), (2, "sent")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(string.ascii_letters, min_size=1, max_size=190),
    value=st.one_of(
        st.none(), st.booleans(), st.integers(-(2**31), 2**31 - 1), st.text(string.printable, min_size=1, max_size=255)
    ),
)
def test_what_is_within_the_limits_is_planned_as_it_is(account, name, value):
    record = {"user_id": "u", "custom_attributes": {name: value}}
    [receipt] = account.write("upsert_person", record, dry_run=True)
    assert receipt.outcome == "planned"
    body = receipt.response["body"]
    if value is None:
        assert body == {"user_id": "u", "$unset": [f"custom_attributes.{name}"]}
    else:
        assert body["custom_attributes"] == {name: value}


UNDOCUMENTED = [name for name, entry in DESTINATIONS.items() if entry.undocumented]


@pytest.mark.parametrize("name", UNDOCUMENTED)
def test_a_destination_that_is_not_documented_needs_the_setting(account, name):
    with pytest.raises(ConfigurationError, match=r"settings\.undocumented"):
        account.write(name)


REFUSED = {
    "an unknown destination": ({"endpoint": "upsert_persn"}, r"did you mean 'upsert_person'"),
    "an unknown parameter": ({"endpoint": "upsert_person", "params": {"emial": "x"}}, r"did you mean 'email'"),
    "a batch of what has none": ({"endpoint": "upsert_note", "delivery": "batch"}, "cannot be sent in batches"),
    "an unknown word": ({"endpoint": "upsert_note", "dryrun": True}, "did you mean 'dry_run'"),
}


@pytest.mark.parametrize(("destination", "message"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_destination_is_refused_before_any_record_is_taken(account, destination, message):
    words = {name: value for name, value in destination.items() if name != "endpoint"}
    with pytest.raises(ConfigurationError, match=message):
        account.write(destination["endpoint"], {"user_id": "u"}, **words)
    assert account.requests() == []
