import pytest

BASE = {"name": "report_exported", "created_at": "2026-01-10T10:00:00.000Z"}


def test_an_event_is_accepted_and_kept_with_its_person(client, sandbox):
    person = sandbox.content.people[0]
    answer = client.post("/event", {**BASE, "user_id": person["user_id"], "metadata": {"format": "pdf", "pages": 12}})
    assert (answer.status, answer.json) == (202, {})
    [event] = sandbox.content.events
    assert (event["people"], event["company"], event["metadata"]["pages"]) == (person["id"], None, 12)


def test_a_user_id_wins_over_an_email(client, sandbox):
    first, second = sandbox.content.people[0], sandbox.content.people[1]
    client.post("/event", {**BASE, "user_id": first["user_id"], "email": second["email"]})
    client.post("/event", {**BASE, "user_id": "unknown", "email": second["email"]})
    assert [one["people"] for one in sandbox.content.events] == [first["id"], second["id"]]


def test_a_company_beside_a_person_counts_only_when_the_person_belongs_to_it(client, sandbox):
    person = sandbox.content.people[0]
    companies = {one["id"]: one for one in sandbox.content.companies}
    own = companies[person["companies"][0]]
    other = next(one for key, one in companies.items() if key not in person["companies"])
    for company in (own, other):
        client.post("/event", {**BASE, "user_id": person["user_id"], "company_id": company["company_id"]})
    assert [one["company"] for one in sandbox.content.events] == [own["id"], None]


def test_a_company_alone_makes_an_event_of_the_company(client, sandbox):
    company = sandbox.content.companies[0]
    assert client.post("/event", {**BASE, "company_id": company["company_id"]}).status == 202
    assert (sandbox.content.events[0]["people"], sandbox.content.events[0]["company"]) == (None, company["id"])
    assert client.post("/event", {**BASE, "company_id": "unknown"}).status == 404


def test_events_do_not_create_people(client, sandbox):
    answer = client.post("/event", {**BASE, "user_id": "unknown"})
    assert (answer.status, answer.message) == (404, "People not found")
    assert sandbox.content.events == []


def test_a_repeated_deduplication_id_is_ignored(client, sandbox):
    event = {**BASE, "user_id": sandbox.content.people[0]["user_id"], "deduplication_id": "d-1"}
    assert [client.post("/event", event).status for _ in range(3)] == [202, 202, 202]
    assert len(sandbox.content.events) == 1
    assert [entry.applied for entry in sandbox.journal.entries] == [True, False, False]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"created_at": "now"}, "created_at"),
        ({"user_id": "x" * 101}, "user_id"),
        ({"deduplication_id": "x" * 101}, "deduplication_id"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": {}}}, "metadata.a"),
        ({"metadata": {"a": [1]}}, "metadata.a"),
        ({"metadata": {"a": "x" * 101}}, "metadata.a"),
        ({"metadata": {"a": 2**31}}, "metadata.a"),
        ({"metadata": {f"k{n}": 1 for n in range(51)}}, "metadata"),
        ({"metadata": {f"{n}{'k' * 300}": "x" * 100 for n in range(30)}}, "metadata"),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused_by_name(client, sandbox, change, word):
    answer = client.post("/event", {**BASE, "user_id": sandbox.content.people[0]["user_id"], **change})
    assert answer.status == 400
    assert word in answer.message


def test_name_time_and_a_person_are_required(client):
    for body in ({"created_at": "2026-01-01", "user_id": "a"}, {"name": "x", "user_id": "a"}, BASE):
        assert client.post("/event", body).status == 400
