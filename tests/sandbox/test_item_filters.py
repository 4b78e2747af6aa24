import pytest


def chosen(client, path, key, *filters, **query):
    return client.rows(path, key, filters=list(filters), itemsPerPage=200, **query)


def one(field, *values):
    return {"field": field, "values": list(values)}


@pytest.mark.parametrize(
    ("path", "key", "field"),
    [
        ("/task", "tasks", "priority"),
        ("/task", "tasks", "company"),
        ("/task", "tasks", "assignedTo"),
        ("/task", "tasks", "createdBy"),
        ("/ticket", "tickets", "ticketStatus"),
        ("/ticket", "tickets", "priority"),
        ("/ticket", "tickets", "assignedToName"),
        ("/ticket", "tickets", "provider"),
    ],
)
def test_a_field_filter_keeps_the_records_with_one_of_its_values(client, sandbox, path, key, field):
    values = sorted({record[field] for record in sandbox.content.records(key)})[:2]
    rows = chosen(client, path, key, one(field, *values))
    assert rows
    assert {row[field] for row in rows} == set(values)


def test_filters_on_several_fields_are_joined_by_and(client):
    rows = chosen(client, "/ticket", "tickets", one("priority", "low"), one("ticketStatus", "open", "closed"))
    assert rows
    assert all(row["priority"] == "low" and row["ticketStatus"] in {"open", "closed"} for row in rows)


@pytest.mark.parametrize(("path", "key"), [("/task", "tasks"), ("/note", "notes")])
def test_records_are_filtered_by_tags(client, sandbox, path, key):
    tag = next(record["tags"][0] for record in sandbox.content.records(key) if record["tags"])
    rows = chosen(client, path, key, one("tags", tag))
    assert rows
    assert all(tag in row["tags"] for row in rows)


def test_task_statuses_include_those_that_follow_from_dates(client):
    late = client.post("/task", {"name": "late", "priority": "low", "status": "open", "dueDate": "2020-01-01"}).json
    soon = client.post("/task", {"name": "soon", "priority": "low", "status": "open", "dueDate": "2999-01-01"}).json
    done = client.post("/task", {"name": "done", "priority": "low", "status": "done"}).json

    def ids(status):
        return {
            row["id"]
            for row in chosen(
                client, "/task", "tasks", one("status", status), sorting={"field": "id", "direction": "desc"}
            )
        }

    assert late["id"] in ids("overdue")
    assert late["id"] not in ids("on time")
    assert late["id"] in ids("outstanding")
    assert soon["id"] in ids("on time") & ids("open")
    assert soon["id"] not in ids("outstanding")
    assert soon["id"] not in ids("overdue")
    assert done["id"] in ids("done")
    assert ids("snoozed") == set()


def test_tasks_are_filtered_by_the_day_they_are_due(client):
    client.post("/task", {"name": "x", "priority": "low", "status": "open", "dueDate": "2026-03-05T10:00:00Z"})
    rows = chosen(client, "/task", "tasks", {"field": "dueOn", "startDate": "2026-03-05", "endDate": "2026-03-05"})
    assert [row["name"] for row in rows].count("x") == 1
    assert all(row["dueDate"].startswith("2026-03-05") for row in rows)
    assert chosen(client, "/task", "tasks", one("dueOn", "next_year")) == []
    assert client.get("/task", filters=[one("dueOn", "someday")]).status == 400


def test_notes_are_filtered_by_who_made_them_and_whom_they_mention(client, sandbox):
    company = sandbox.content.companies[0]
    note = {"text": "hello", "entity": company["id"], "entityModel": "Company", "metadata": {"mentionedUsers": ["u9"]}}
    made = client.post("/note", note).json
    assert [row["id"] for row in chosen(client, "/note", "notes", one("createdByEntity", "api"))] == [made["id"]]
    assert [row["id"] for row in chosen(client, "/note", "notes", one("mentioning", "u9"))] == [made["id"]]
    user = sandbox.content.notes[0]["createdBy"]
    rows = chosen(client, "/note", "notes", one("createdByEntity", f"user_{user}"))
    assert rows
    assert {row["createdBy"] for row in rows} == {user}
    assert chosen(client, "/note", "notes", one("createdByEntity", "integration_zendesk")) == []


def test_tickets_are_filtered_by_the_manager_and_segments_of_their_company(client, sandbox):
    companies = {one["id"]: one for one in sandbox.content.companies}
    manager = companies[sandbox.content.tickets[0]["company"][0]]["owners_csm"]
    rows = chosen(client, "/ticket", "tickets", one("csm", manager))
    assert rows
    assert {companies[row["company"][0]]["owners_csm"] for row in rows} == {manager}
    segment = client.rows("/company/all", "companies", includeSegments="true", itemsPerPage=200)
    owned = {row["id"]: {seg["id"] for seg in row["segments"]} for row in segment}
    wanted = next(iter(owned[sandbox.content.tickets[0]["company"][0]]))
    rows = chosen(client, "/ticket", "tickets", one("segments", wanted))
    assert rows
    assert all(wanted in owned[row["company"][0]] for row in rows)


@pytest.mark.parametrize(
    ("path", "key", "field"), [("/task", "tasks", "name"), ("/ticket", "tickets", "title"), ("/note", "notes", "text")]
)
def test_a_search_term_finds_text_whatever_its_case(client, path, key, field):
    term = "EXPORT" if key != "notes" else "RENEWAL"
    rows = client.rows(path, key, searchTerm=term, itemsPerPage=50)
    assert rows
    assert all(term.lower() in str(row).lower() for row in rows)
    assert client.rows(path, key, searchTerm="no such text anywhere") == []
    assert field in rows[0]


@pytest.mark.parametrize(
    "filters", ["{", "{}", [1], [{"values": []}], [one("colour", "red")], [{"field": "status", "values": "x"}]]
)
@pytest.mark.parametrize("path", ["/task", "/ticket", "/note"])
def test_malformed_filters_are_refused(client, path, filters):
    assert client.get(path, filters=filters).status == 400
