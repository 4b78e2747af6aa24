"""What is written to the smaller kinds of object can be read back."""

import pytest

from custify_connector.sandbox import Quirks


@pytest.fixture
def company(sandbox):
    return sandbox.content.companies[0]


@pytest.fixture
def person(sandbox):
    return sandbox.content.people[0]


FINANCIAL = [
    ("deal", "deals", {"name": "D", "status": "won", "value": 5400, "wonAt": "2026-01-05"}),
    ("invoice", "invoices", {"status": "unpaid", "total": 450, "amountPaid": 0}),
    ("subscription", "subscriptions", {"plan": "Gold", "mrr": 1800, "metadata": {"a": 1}}),
]


@pytest.mark.parametrize(("path", "key", "fields"), FINANCIAL)
def test_financial_records_are_upserted_by_external_id_and_show_no_id(sandbox, path, key, fields):
    client, company, person = sandbox.client, sandbox.content.companies[0], sandbox.content.people[0]
    url, before = f"/financial/{path}", len(sandbox.content.records(key))
    body = {"externalId": "x-1", "company_id": company["company_id"], "user_id": person["user_id"], **fields}
    made = client.post(url, body).json
    assert (made["company"], made["people"]) == (company["id"], person["id"])
    assert made["externalIds"] == {"custify": "x-1"}
    assert not {"id", "externalId", "created_at", "updated_at"} & set(made)
    client.post(url, {"externalId": "x-1", "status": "other"})
    assert len(sandbox.content.records(key)) == before + 1
    kept = sandbox.content.records(key)[-1]
    assert kept["externalIds"] == {"custify": "x-1"}
    assert kept["company"] == company["id"]


@pytest.mark.parametrize(("path", "key", "fields"), FINANCIAL)
def test_financial_records_can_be_addressed_by_custifys_id(client, sandbox, path, key, fields):
    client.post(f"/financial/{path}", {"externalId": "x-1", **fields})
    custify = list(sandbox.content.table(key))[-1]["id"]
    assert client.get(f"/financial/{path}/{custify}").json["externalIds"] == {"custify": "x-1"}
    client.post(f"/financial/{path}/{custify}", {"externalId": "x-2"})
    assert client.delete(f"/financial/{path}", externalId="x-1").status == 404
    assert client.delete(f"/financial/{path}", externalId="x-2").json == {"deleted": 1}
    for answer in (
        client.get(f"/financial/{path}/{custify}"),
        client.post(f"/financial/{path}/{custify}", {"externalId": "x"}),
        client.delete(f"/financial/{path}/{custify}"),
    ):
        assert answer.status == 404
    client.post(f"/financial/{path}", {"externalId": "x-3", **fields})
    custify = list(sandbox.content.table(key))[-1]["id"]
    assert client.delete(f"/financial/{path}/{custify}").json == {"deleted": 1}


def test_financial_writes_need_an_external_id_and_a_known_owner(client):
    assert client.post("/financial/deal", {"name": "x"}).status == 400
    assert client.delete("/financial/deal").status == 400
    assert client.post("/financial/deal", {"externalId": "x", "company_id": "unknown"}).status == 404
    assert client.post("/financial/deal", {"externalId": "x", "user_id": "unknown"}).status == 404
    assert client.post("/financial/deal", {"externalId": "x", "value": "much"}).status == 400


def test_a_financial_list_of_exactly_one_record_is_that_record(make):
    sandbox, client = make(people=0, companies=0)
    assert client.get("/financial/deal").json == {"deals": [], "total": 0}
    client.post("/financial/deal", {"externalId": "one"})
    assert client.get("/financial/deal").json["externalIds"] == {"custify": "one"}
    assert client.get("/financial/deal", page=2).json == {"deals": [], "total": 1}
    client.post("/financial/deal", {"externalId": "two"})
    assert client.get("/financial/deal", itemsPerPage=1).json["total"] == 2
    sandbox.quirks = Quirks(single_bare="page", financial_ids=True)
    bare = client.get("/financial/deal", itemsPerPage=1, page=2).json
    assert bare["externalIds"] == {"custify": "two"}
    assert {"id", "created_at", "updated_at"} <= set(bare)


def test_notes_are_created_and_updated(client, sandbox, company, person):
    note = {"text": "<p>x</p>", "entity": company["id"], "entityModel": "Company"}
    made = client.post("/note", {**note, "sticky": True}).json
    assert (made["company"], made["people"], made["sticky"]) == ([company["id"]], [], True)
    changed = client.post(
        f"/note/{made['id']}", {**note, "text": "y", "entity": person["id"], "entityModel": "Customer"}
    ).json
    assert (changed["company"], changed["people"], changed["text"]) == ([], [person["id"]], "y")
    assert [row["id"] for row in client.rows(f"/note/{person['id']}", "notes")] == [made["id"]]
    assert client.post("/note", {**note, "entity": "unknown"}).status == 404
    assert client.post("/note/unknown", note).status == 404
    assert client.post("/note", {**note, "entityModel": "People"}).status == 400
    assert client.post("/note", {"text": "x"}).status == 400
    before = len(sandbox.content.notes)
    client.post("/note", note)
    client.post("/note", note)
    assert len(sandbox.content.notes) == before + 2


def test_comments_are_created_and_an_id_updates(client, sandbox):
    note, task, user = sandbox.content.notes[0], sandbox.content.tasks[0], sandbox.content.users[0]
    for model, parent in (("Note", note), ("Task", task)):
        path = f"/comment/{model}/{parent['id']}"
        made = client.post(path, {"text": "a", "createdBy": user["email"]}).json
        assert (made["createdBy"], made["entity"], made["entityModel"]) == (user["id"], parent["id"], model)
        assert client.post(path, {"text": "b", "id": made["id"]}).json["text"] == "b"
        rows = client.rows(path, "comments", itemsPerPage=50, sort="created_at", order="desc")
        assert rows[0]["text"] == "b"
        assert client.post(path, {"text": "b", "id": "unknown"}).status == 404
        assert client.post(path, {"text": "b", "createdBy": "nobody"}).status == 400
    other = client.post(f"/comment/Task/{task['id']}", {"text": "c"}).json
    assert client.post(f"/comment/Note/{note['id']}", {"text": "d", "id": other["id"]}).status == 404
    assert client.get("/comment/Note/unknown").status == 404
    assert client.get(f"/comment/Company/{note['id']}").status == 400


def test_tags_are_created_updated_and_deleted_from_what_carries_them(client, sandbox, company):
    made = client.post("/tag", {"name": "n", "category": "company"}).json
    assert made["position"] == max(one["position"] for one in sandbox.content.tags)
    assert client.post(f"/tag/{made['id']}", {"name": "m", "category": "company"}).json["name"] == "m"
    assert client.get(f"/tag/{made['id']}").json["name"] == "m"
    body = {"ids": [company["id"]], "type": "add", "category": "company", "tag": made["id"]}
    assert client.send("PATCH", "/tag/entity", body).json == {"updated": 1}
    assert sandbox.content.companies[0]["tags"] == [made["id"]]
    assert client.delete(f"/tag/{made['id']}").json == {"deleted": 1}
    assert sandbox.content.companies[0]["tags"] == []
    assert client.get(f"/tag/{made['id']}").status == 404
    assert client.post("/tag", {"name": "n", "category": "meeting"}).status == 400


def test_tags_are_listed_by_category(client):
    rows = client.rows("/tag", "tags", category="task", itemsPerPage=100)
    assert {row["category"] for row in rows} == {"task"}
    assert client.get("/tag", category="all").json["total"] == client.get("/tag").json["total"]


def test_tagging_names_what_is_wrong(client, sandbox, company):
    tag = sandbox.content.tags[0]["id"]
    body = {"ids": [company["id"]], "type": "add", "category": "company", "tag": tag}
    for change, status in (
        ({"tag": "unknown"}, 404),
        ({"ids": ["unknown"]}, 404),
        ({"ids": ["x"] * 101}, 400),
        ({"type": "toggle"}, 400),
        ({"category": "deal"}, 400),
        ({"ids": "x"}, 400),
    ):
        assert client.send("PATCH", "/tag/entity", {**body, **change}).status == status


def test_tasks_are_created_updated_and_found(client, sandbox, company, person):
    user = sandbox.content.users[1]
    body = {
        "name": "Prepare",
        "priority": "high",
        "status": "open",
        "company_id": company["company_id"],
        "people": person["id"],
        "assignedTo": user["email"],
        "collaborators": [user["id"]],
        "checklist": [{"name": "Draft", "completed": False}],
        "externalId": "t-1",
        "description": "For {company:name} and {people:name}",
    }
    made = client.post("/task", body).json
    assert (made["company"], made["company_id"]) == (company["id"], company["company_id"])
    assert (made["people"], made["user_id"]) == (person["id"], person["user_id"])
    assert (made["assignedTo"], made["assignedToName"], made["assignedToEmail"]) == (
        user["id"],
        user["name"],
        user["email"],
    )
    assert made["collaboratorsDetailed"] == [{key: user[key] for key in ("id", "name", "email")}]
    assert made["description"] == f"For {company['name']} and {person['name']}"
    changed = client.put(f"/task/{made['id']}", {"_id": made["id"], "status": "done"}).json
    assert (changed["status"], changed["name"], changed["completedAt"] is not None) == ("done", "Prepare", True)
    assert client.rows("/task", "tasks", externalId="t-1") == [changed]
    assert client.rows("/task", "tasks", externalId="unknown") == []


def test_a_second_task_with_the_same_external_id_is_a_second_task(client):
    body = {"name": "x", "priority": "low", "status": "open", "externalId": "same"}
    assert client.post("/task", body).json["id"] != client.post("/task", body).json["id"]
    assert client.get("/task", externalId="same").json["total"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"priority": "urgent"},
        {"status": "snoozed"},
        {"assignedTo": "nobody"},
        {"collaborators": ["nobody"]},
        {"checklist": ["x"]},
        {"checklist": [{"name": "x"}]},
        {"dueDate": "soon"},
    ],
)
def test_a_task_that_breaks_a_rule_is_refused(client, change):
    assert client.post("/task", {"name": "x", "priority": "low", "status": "open", **change}).status == 400


def test_a_task_update_must_name_a_task_and_agree_with_its_path(client, sandbox):
    key = sandbox.content.tasks[0]["id"]
    assert client.put("/task/unknown", {"status": "done"}).status == 404
    assert client.put(f"/task/{key}", {"_id": "other"}).status == 400
    assert client.put(f"/task/{key}", {"company": "unknown"}).status == 404
    assert client.put(f"/task/{key}", {"assignedTo": None}).json["assignedTo"] is None


def test_the_values_of_task_filters_name_users_companies_and_tags(client, sandbox):
    values = client.get("/task/filtersAvailableValues").json
    assert {one["id"] for one in values["assignedTo"]} == {one["id"] for one in sandbox.content.users}
    assert {one["id"] for one in values["company"]} == {one["company"] for one in sandbox.content.tasks}
    assert values["tags"]


def test_tickets_are_written_by_your_ids_and_read_by_custifys(client, sandbox, company, person):
    body = {
        "externalId": "Z-1",
        "title": "t",
        "ticketStatus": "open",
        "company": company["company_id"],
        "people": person["email"],
    }
    made = client.post("/ticket", {**body, "replies": [{"type": "note", "body": "a"}]}).json
    assert (made["company"], made["people"], made["status"]) == ([company["id"]], [{"id": person["id"]}], "active")
    assert "replies" not in made
    for owner in (company, person):
        rows = client.rows(f"/ticket/{owner['id']}", "tickets", itemsPerPage=200)
        assert made["id"] in {row["id"] for row in rows}
    client.post("/ticket/Z-1/reply", {"type": "incoming", "body": "b"})
    client.post("/ticket/Z-1/reply", [{"body": "c"}])
    assert [one["body"] for one in sandbox.content.ticket_replies if one["ticket"] == made["id"]] == ["a", "b", "c"]
    changed = client.put("/ticket/Z-1", {"ticketStatus": "solved", "replies": [{"body": "d"}]}).json
    assert (changed["status"], changed["title"]) == ("inactive", "t")
    assert [one["body"] for one in sandbox.content.ticket_replies if one["ticket"] == made["id"]] == ["d"]
    client.put("/ticket/Z-1", {"title": "u"})
    assert [one["body"] for one in sandbox.content.ticket_replies if one["ticket"] == made["id"]] == ["d"]
    assert client.delete("/ticket/Z-1").json == {"deleted": 1}
    assert [one for one in sandbox.content.ticket_replies if one["ticket"] == made["id"]] == []
    for answer in (client.delete("/ticket/Z-1"), client.put("/ticket/Z-1", {}), client.post("/ticket/Z-1/reply", {})):
        assert answer.status == 404


def test_a_second_ticket_with_the_same_external_id_is_a_second_ticket(client):
    for _ in range(2):
        client.post("/ticket", {"externalId": "same"})
    assert client.get("/ticket", externalId="same").json["total"] == 2


def test_a_ticket_that_breaks_a_rule_is_refused(client):
    for body in ({"company": "unknown"}, {"people": "unknown"}, {"replies": {}}, {"replies": [{"type": "fax"}]}):
        assert client.post("/ticket", body).status == 400
    assert client.get("/ticket/unknown").status == 404


def test_custom_data_is_upserted_by_type_and_id_and_read_by_type(client, sandbox):
    path = f"/custom_data/companies/{sandbox.content.companies[3]['id']}"
    one = {"data_type": "licence", "data_id": "L-1", "data": {"seats": 1}}
    assert client.get(path).json == {}
    assert client.post(path, one).json == {"upserted": 1}
    assert client.post(path, [{**one, "data": {"seats": 2}}, {**one, "data_type": "device"}]).json == {"upserted": 2}
    assert client.get(path).json == {
        "licence": [{**one, "data": {"seats": 2}}],
        "device": [{**one, "data_type": "device"}],
    }
    assert client.get(path, data_type="licence").json.keys() == {"licence"}
    assert client.delete(path, data_type="licence", data_id="L-1").json == {"deleted": 1}
    assert client.delete(path, data_type="licence", data_id="L-1").status == 404


def test_custom_data_is_addressed_by_your_ids_too(client, company, person):
    one = {"data_type": "t", "data_id": "1", "data": {}}
    for path, query in (
        ("/custom_data/companies", {"company_id": company["company_id"]}),
        ("/custom_data/people", {"user_id": person["user_id"]}),
    ):
        assert client.post(path, one, **query).status == 200
        assert client.get(path, **query).json["t"] == [one]
        assert client.get(path).status == 400
        assert client.get(path, company_id="unknown", user_id="unknown").status == 404
    assert client.get("/custom_data/deals/x").status == 400


def test_a_delete_of_custom_data_without_a_selector_deletes_all_of_the_entity(client, sandbox):
    company = sandbox.content.companies[5]
    path = f"/custom_data/companies/{company['id']}"
    assert sum(len(rows) for rows in client.get(path).json.values()) == 60
    assert client.delete(path).json == {"deleted": 60}
    assert client.get(path).json == {}


@pytest.mark.parametrize("body", [[], [1], 1, {"data_type": "t"}, {"data_type": "t", "data_id": "1", "data": []}])
def test_custom_data_that_breaks_a_rule_is_refused(client, company, body):
    assert client.post(f"/custom_data/companies/{company['id']}", body).status == 400


def upload(client, parts, boundary="xyz"):
    body = b""
    for name, filename, content in parts:
        file = f'; filename="{filename}"\r\nContent-Type: application/pdf' if filename else ""
        body += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"
        )
    body += f"--{boundary}--\r\n".encode()
    return client.send("POST", "/file", body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})


def test_an_uploaded_file_is_listed_shown_and_unlinked(client, company, person):
    parts = [
        ("file", "plän.pdf", b"%PDF\r\n\r\n--not the end"),
        ("companyId", None, company["id"].encode()),
        ("peopleId", None, person["id"].encode()),
    ]
    made = upload(client, parts).json
    assert (made["name"], made["extension"], made["mimeType"], made["size"]) == (
        "plän.pdf",
        "pdf",
        "application/pdf",
        21,
    )
    assert (made["companies"], made["peoples"]) == ([company["id"]], [person["id"]])
    assert made["id"] in {row["id"] for row in client.rows("/file", "files", companyId=company["id"], searchKey="PLÄN")}
    assert client.rows("/file", "files", peopleId=person["id"]) == [made]
    assert client.put(f"/file/{made['id']}/showInPortal", {"showInPortal": True}).json["showInPortal"] is True
    assert client.post("/file/unlink", {"fileId": made["id"], "peopleId": person["id"]}).json == {
        "message": "file unlinked"
    }
    assert client.rows("/file", "files", peopleId=person["id"]) == []
    client.post("/file/unlink", {"fileId": made["id"]})
    assert made["id"] not in {
        row["id"] for row in client.rows("/file", "files", companyId=company["id"], itemsPerPage=50)
    }


def test_an_upload_without_a_file_is_a_conflict(client):
    assert upload(client, [("companyId", None, b"x")]).status == 409
    assert upload(client, [("file", None, b"x")]).status == 409
    assert client.post("/file", {"file": "x"}).status == 409
    assert upload(client, [("file", "x", b"x"), ("companyId", None, b"unknown")]).status == 404
    assert upload(client, [("file", "x", b"x")]).json["extension"] == ""
    assert client.put("/file/unknown/showInPortal", {"showInPortal": True}).status == 404
    assert client.put("/file/unknown/showInPortal", {}).status == 400


@pytest.mark.parametrize(("kind", "score", "wrong"), [("nps", 9, 11), ("csat", 4, 0)])
def test_a_score_becomes_a_survey_response_and_a_repetition_replaces_it(client, sandbox, kind, score, wrong):
    survey = [one for one in sandbox.content.surveys if one["type"] == kind][1]
    person = client.post("/people", {"user_id": "s", "email": "s@x", "companies": [{"company_id": "c-00007"}]}).json
    body = {"score": score, "comment": "c", "submittedAt": "2030-01-01T00:00:00.000Z"}
    assert client.post(f"/{kind}_score/{person['id']}", body, surveyId=survey["id"]).status == 200
    client.post(f"/{kind}_score", {**body, "score": 3, "surveyId": survey["id"]}, email="s@x")
    client.post(f"/{kind}_score", {**body, "score": 5, "surveyId": survey["id"]}, user_id="s")
    newest = client.rows(f"/survey/{survey['id']}/responses", "responses")
    assert [row["score"] for row in newest if row["people"] == person["id"]] == [5]
    assert client.rows(f"/company/{person['companies'][0]}", "companies")[0]["metrics"][f"{kind}_score"] >= 0
    for answer, status in (
        (client.post(f"/{kind}_score/{person['id']}", {"score": wrong}), 400),
        (client.post(f"/{kind}_score", {"score": score}), 400),
        (client.post(f"/{kind}_score/unknown", {"score": score}), 404),
        (client.post(f"/{kind}_score/{person['id']}", {"score": score}, surveyId="unknown"), 404),
    ):
        assert answer.status == status
    assert client.post(f"/{kind}_score/{person['id']}", {"score": score}).status == 200


def test_a_company_s_score_is_the_rounded_mean_of_its_peoples_newest(client):
    company = client.post("/company", {"company_id": "m"}).json
    for name, scores in (("a", (1, 9)), ("b", (6,)), ("c", ())):
        client.post("/people", {"user_id": name, "companies": [{"company_id": "m"}]})
        for day, score in enumerate(scores, 1):
            client.post("/nps_score", {"score": score, "submittedAt": f"2026-01-0{day}"}, user_id=name)
    assert client.rows(f"/company/{company['id']}", "companies")[0]["metrics"]["nps_score"] == round((9 + 6) / 2)


def test_a_score_outlives_a_company_that_is_gone(client, sandbox):
    person = client.post("/people", {"user_id": "a", "companies": [{"company_id": "c-00001"}]}).json
    sandbox.content.table("companies").remove(person["companies"][0])
    assert client.post("/nps_score", {"score": 5}, user_id="a").status == 200


def test_meetings_are_listed_of_a_company_or_person_by_any_id(client, sandbox):
    companies = {one["id"]: one for one in sandbox.content.companies}
    people = {one["id"]: one for one in sandbox.content.people}
    meeting = next(
        one
        for one in sandbox.content.meetings
        if people[one["people"][0]].get("user_id") and people[one["people"][0]]["email"]
    )
    company, person = companies[meeting["company"][0]], people[meeting["people"][0]]
    for path, query in (
        ("/calendar/meeting", {"company_id": company["company_id"]}),
        ("/calendar/meeting", {"user_id": person["user_id"]}),
        (f"/calendar/meeting/company/{company['id']}", {}),
        (f"/calendar/meeting/people/{person['id']}", {}),
    ):
        rows = client.rows(path, "meetings", itemsPerPage=50, **query)
        assert meeting in rows
        assert all(company["id"] in row["company"] or person["id"] in row["people"] for row in rows)
    assert client.get("/calendar/meeting", email="nobody@example.com").json == {"meetings": [], "total": 0}
    assert client.get("/calendar/meeting/deal/x").status == 400


def test_time_tracks_are_written_with_started_date_and_read_with_start_date(client, sandbox, company, person):
    user = sandbox.content.users[3]
    body = {
        "duration": 900,
        "name": "T",
        "startedDate": "2026-07-12T13:00:00.000Z",
        "company": company["id"],
        "tags": ["t1"],
    }
    made = client.post("/time-track", body, user=user["email"], user_id=person["user_id"]).json
    assert (made["startDate"], made["user"]) == ("2026-07-12T13:00:00.000Z", user["id"])
    assert (made["company"], made["people"]) == ([company["id"]], [person["id"]])
    assert "startedDate" not in made
    for query in (
        {"company_id": company["company_id"], "start_date": "2026-07-12", "end_date": "2026-07-12"},
        {"user_id": person["user_id"]},
        {"user": user["id"], "tags": "t1"},
        {"start_date": "2026-07-01"},
    ):
        assert client.rows("/time-track", "time_track", **query) == [made]
    assert client.rows("/time-track", "time_track", user="nobody") == []
    assert client.get("/time-track", company="unknown").status == 404
    changed = client.put("/time-track", {**body, "id": made["id"], "name": "U"}, user=user["id"]).json
    assert (changed["id"], changed["name"]) == (made["id"], "U")
    assert client.put("/time-track", body, user=user["id"], id=made["id"]).json["name"] == "T"
    assert client.delete(f"/time-track/{made['id']}").json == {"deleted": 1}
    assert client.delete(f"/time-track/{made['id']}").status == 404


def test_a_time_track_needs_a_known_user_and_its_fields(client):
    body = {"duration": 900, "name": "T", "startedDate": "2026-01-12"}
    assert client.post("/time-track", body).status == 400
    assert client.post("/time-track", body, user="nobody").status == 400
    assert client.post("/time-track", {"name": "T"}, user="user0@vendor.example").status == 400
    assert client.put("/time-track", body, user="user0@vendor.example").status == 400


def test_the_time_track_path_can_have_either_spelling_or_both(make):
    sandbox, client = make()
    for spelling, statuses in (("dash", (200, 404)), ("underscore", (404, 200)), ("both", (200, 200))):
        sandbox.quirks = Quirks(time_track_path=spelling)
        assert (client.get("/time-track").status, client.get("/time_track").status) == statuses


CATALOGUES = [
    ("/calculated_metric", "calculated_metrics", "company", "people"),
    ("/segment", "segments", "people", "company"),
    ("/playbook", "playbooks", "companies", "people"),
]


@pytest.mark.parametrize(("path", "key", "default", "other"), CATALOGUES)
def test_configuration_is_listed_by_type_with_a_default(client, path, key, default, other):
    for query, kind in (({}, default), ({"type": default}, default), ({"type": other}, other)):
        assert {row["type"] for row in client.rows(path, key, itemsPerPage=50, **query)} == {kind}
    assert client.get(path, type="deals").status == 400


@pytest.mark.parametrize(
    ("path", "key"),
    [("/health_score", "health_scores"), ("/lifecycle", "lifecycles"), *[(p, k) for p, k, _, _ in CATALOGUES]],
)
def test_one_configuration_object_comes_bare(client, sandbox, path, key):
    record = sandbox.content.records(key)[0]
    assert client.get(f"{path}/{record['id']}").json == record
    assert client.get(f"{path}/unknown").status == 404


def test_playbooks_can_come_without_counts_and_without_scheduled_ones(client):
    assert "company_counts" in client.rows("/playbook", "playbooks")[0]
    assert "company_counts" not in client.rows("/playbook", "playbooks", includeCounts="false")[0]
    rows = client.rows("/playbook", "playbooks", nonScheduled="true", itemsPerPage=50)
    assert rows
    assert not any(row["settings"]["scheduled"] for row in rows)


def test_undocumented_operations_give_a_plausible_answer(client, sandbox, company):
    assert client.get(f"/company/segments/{company['id']}").json["total"] >= 1
    client.post("/event", {"name": "e", "company_id": company["company_id"], "created_at": "2026-01-01"})
    (used,) = client.get(f"/company/usage/{company['id']}", startDate="2026-01-01", endDate="2026-01-01").json
    assert (used["event_name"], used["count"], used["last_occurrence"]) == ("e", 1, "2026-01-01T00:00:00.000Z")
    assert client.get(f"/company/usage/{company['id']}", eventName="f").json == []
    assert client.get(f"/company/usage/{company['id']}", startDate="2026-01-02").json == []
    assert client.get("/company/usage/unknown").status == 404
    assert len(client.get("/health_score/simple").json) == len(sandbox.content.health_scores)
    score = next(iter(company["metrics"]["health_scores"]))
    values = client.get(f"/health_score/{score}/values", companyId=company["id"]).json
    assert (values["total"], values["average"]) == (1, company["metrics"]["health_scores"][score]["score"])
    assert client.get("/health_score/unknown/values").json == {"values": [], "total": 0}
    assert client.get("/signal/entities", customerId="unknown").json == {"signals": [], "total": 0}
    assert client.get("/signal/entities", filters=["acknowledged"]).status == 400
    playbook = sandbox.content.playbooks[0]["id"]
    body = {"entityId": company["id"], "type": "companies"}
    assert client.post(f"/playbook/entity/{playbook}", body).json["company"] == company["id"]
    assert client.post("/playbook/entity/unknown", body).status == 404
    assert client.post(f"/playbook/entity/{playbook}", {**body, "type": "people"}).status == 400
