import json

import pytest


def test_people_come_as_one_page_object_inside_an_array(client, sandbox):
    answer = client.get("/people/all")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    [page] = answer.json
    assert set(page) == {"people", "total"}
    assert (len(page["people"]), page["total"]) == (20, len(sandbox.content.people))


ENVELOPES = [
    ("/company/all", "companies", 200),
    ("/note", "notes", 50),
    ("/tag", "tags", 100),
    ("/task", "tasks", 50),
    ("/ticket", "tickets", 200),
    ("/file", "files", 50),
    ("/financial/deal", "deals", 50),
    ("/financial/invoice", "invoices", 50),
    ("/financial/subscription", "subscriptions", 50),
    ("/calendar/meeting", "meetings", 50),
    ("/time-track", "time_track", 50),
    ("/calculated_metric", "calculated_metrics", 50),
    ("/health_score", "health_scores", 50),
    ("/lifecycle", "lifecycles", 200),
    ("/playbook", "playbooks", 200),
    ("/segment", "segments", 50),
]


@pytest.mark.parametrize(("path", "key", "cap"), ENVELOPES)
def test_a_list_comes_under_its_plural_key_with_its_total_and_at_most_its_maximum(make, path, key, cap):
    _, client = make(companies=300, people=300)
    page = client.get(path).json
    assert set(page) == {key, "total"}
    assert len(page[key]) == min(20, page["total"])
    largest = client.get(path, itemsPerPage=1000).json
    assert len(largest[key]) == min(cap, largest["total"])


@pytest.mark.parametrize(("path", "key"), [(path, key) for path, key, _ in ENVELOPES] + [("/people/all", "people")])
def test_all_pages_together_hold_every_record_once(make, path, key):
    _, client = make(companies=80, people=100)
    seen, page = [], 1
    while rows := client.rows(path, key, page=page, itemsPerPage=37):
        seen.extend(json.dumps(row, sort_keys=True) for row in rows)
        page += 1
    total = client.get(path, itemsPerPage=1).json
    assert len(seen) == (total[0] if isinstance(total, list) else total)["total"]
    assert len(set(seen)) == len(seen)


def test_people_and_companies_come_newest_signed_up_first_and_those_who_never_did_last(make):
    _, client = make(people=100, companies=50)
    for path, key in (("/people/all", "people"), ("/company/all", "companies")):
        dates = [row["signed_up_at"] or "" for row in client.rows(path, key, itemsPerPage=200)]
        assert dates == sorted(dates, reverse=True)
    assert client.rows("/people/all", "people", itemsPerPage=200)[-1]["signed_up_at"] is None


DEFAULT_ORDERS = [
    ("/ticket", "tickets", "openedAt", True),
    ("/note", "notes", "created_at", True),
    ("/tag", "tags", "position", False),
    ("/lifecycle", "lifecycles", "position", False),
    ("/playbook", "playbooks", "position", False),
]


@pytest.mark.parametrize(("path", "key", "field", "reverse"), DEFAULT_ORDERS)
def test_lists_have_their_documented_default_order(client, path, key, field, reverse):
    values = [row[field] for row in client.rows(path, key, itemsPerPage=50)]
    assert len(values) > 2
    assert values == sorted(values, reverse=reverse)


@pytest.mark.parametrize(
    "query", [{"page": "0"}, {"page": "-1"}, {"page": "x"}, {"itemsPerPage": "0"}, {"itemsPerPage": "1.5"}]
)
def test_a_page_that_is_no_integral_number_from_one_is_refused(client, query):
    answer = client.get("/people/all", **query)
    assert answer.status == 400
    assert answer.json["statusCode"] == 400
    assert next(iter(query)) in answer.message


def test_past_the_last_page_a_list_is_empty(client):
    assert client.rows("/company/all", "companies", page=99) == []


def test_one_person_comes_bare_and_an_unknown_one_is_404(client, sandbox):
    person = sandbox.content.people[0]
    assert client.get(f"/people/{person['id']}").json == person
    assert client.get(f"/customer/{person['id']}").json == person
    assert client.get("/people/no-such-person").status == 404


def test_one_company_and_one_task_come_in_a_list_which_is_empty_for_an_unknown_one(client, sandbox):
    for path, key in (("/company", "companies"), ("/task", "tasks")):
        record = sandbox.content.records(key)[0]
        assert client.get(f"{path}/{record['id']}").json == {key: [record], "total": 1}
        assert client.get(f"{path}/nothing").json == {key: [], "total": 0}


def test_people_are_found_by_user_id_and_by_email_and_a_shared_email_finds_both(client, sandbox):
    people = sandbox.content.people
    assert client.get("/people", user_id=people[0]["user_id"]).json == [{"people": [people[0]], "total": 1}]
    [page] = client.get("/people", email=people[3]["email"]).json
    assert {one["id"] for one in page["people"]} == {people[3]["id"], people[7]["id"]}
    assert client.get("/people", email="nobody@example.com").json == [{"people": [], "total": 0}]
    assert client.get("/people").status == 400


def test_companies_are_found_by_company_id(client, sandbox):
    company = sandbox.content.companies[4]
    assert client.get("/company", company_id=company["company_id"]).json == {"companies": [company], "total": 1}
    assert client.get("/company").status == 400


def test_properties_trim_records_but_never_their_id_name_and_times(client):
    [row] = client.rows("/people/all", "people", itemsPerPage=1, properties=["email", "custom_attributes.postcode"])
    assert set(row) == {"id", "name", "created_at", "updated_at", "email", "custom_attributes"}
    assert set(row["custom_attributes"]) == {"postcode"}
    [row] = client.rows("/company/all", "companies", itemsPerPage=1, properties=["custom_attributes"])
    assert "sites" in row["custom_attributes"]


@pytest.mark.parametrize("properties", ["{", '{"a": 1}', "[1]"])
def test_malformed_properties_are_refused(client, sandbox, properties):
    key = sandbox.content.people[0]["id"]
    assert client.get("/people/all", properties=properties).status == 400
    assert client.get(f"/people/{key}", properties=properties).status == 400


def test_segments_come_only_when_asked_for(client, sandbox):
    names = {one["id"]: one["name"] for one in sandbox.content.segments}
    assert "segments" not in client.rows("/people/all", "people")[0]
    for path, key in (("/people/all", "people"), ("/company/all", "companies")):
        rows = client.rows(path, key, includeSegments="true")
        assert any(row["segments"] for row in rows)
        assert all(names[one["id"]] == one["name"] for row in rows for one in row["segments"])


def test_a_company_can_show_the_users_that_its_attributes_name(client, sandbox):
    user = sandbox.content.users[2]
    company = client.post(
        "/company", {"company_id": "c-user", "custom_attributes": {"account_manager": user["id"]}}
    ).json
    [shown] = client.rows(f"/company/{company['id']}", "companies", includeUserAttributes="true")
    assert shown["account_manager_attributes"] == {key: user[key] for key in ("id", "name", "email")}
    client.post("/company", {"company_id": "c-user", "custom_attributes": {"account_manager": "nobody"}})
    [shown] = client.rows(f"/company/{company['id']}", "companies", includeUserAttributes="true")
    assert shown["account_manager_attributes"] is None


def test_people_of_a_company_are_nested_and_paged(make):
    sandbox, client = make(people=5000, companies=100)
    company = sandbox.content.companies[0]
    [page] = client.get(f"/company/people/{company['id']}", itemsPerPage=500).json
    assert (len(page["people"]), page["total"]) == (100, 152)
    row = page["people"][0]
    assert set(row) == {"id", "details", "activity"}
    assert set(row["activity"]) == {"last_seen_at", "session_count"}
    assert row["details"]["companies"] == [company["id"]]
    assert client.get("/company/people/unknown").status == 404


def test_surveys_are_a_bare_list_and_responses_tell_their_page(client, sandbox):
    surveys = client.get("/survey").json
    assert [one["id"] for one in surveys] == [one["id"] for one in sandbox.content.surveys]
    page = client.get(f"/survey/{surveys[0]['id']}/responses", itemsPerPage=80, page=2).json
    assert set(page) == {"responses", "total", "page", "itemsPerPage"}
    assert (page["total"], page["page"], page["itemsPerPage"], len(page["responses"])) == (120, 2, 50, 50)
    dates = [row["responseDate"] for row in page["responses"]]
    assert dates == sorted(dates, reverse=True)
    assert client.get("/survey/unknown/responses").status == 404


def test_objectives_need_a_company_and_tell_their_page(client, sandbox):
    company = sandbox.content.companies[4]
    assert client.get("/objective").status == 400
    assert client.get("/objective", company="unknown").status == 404
    by_id = client.get("/objective", company=company["id"], itemsPerPage=10).json
    by_key = client.get("/objective", company_id=company["company_id"], itemsPerPage=10).json
    assert by_id == by_key
    assert (by_id["total"], by_id["page"], by_id["itemsPerPage"], len(by_id["objectives"])) == (70, 1, 10, 10)


def test_an_unknown_path_or_method_is_404(client):
    for method, path in (("GET", "/v1/people"), ("PUT", "/company/1"), ("GET", "/"), ("GET", "/people/all/more")):
        assert client.send(method, path).status == 404


def test_the_last_slash_of_a_path_does_not_matter(client):
    assert client.get("/company/all/").status == 200
