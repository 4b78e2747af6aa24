import pytest


def company(client, **fields):
    answer = client.post("/company", fields)
    assert answer.status == 200, answer.raw
    return answer.json


def test_a_new_company_can_be_read_back_as_answered(client):
    made = company(
        client, company_id="n-1", name="Süß", website="w", industry="Food", size=3, plan="Gold", monthly_revenue=9
    )
    assert client.get(f"/company/{made['id']}").json == {"companies": [made], "total": 1}
    assert (made["churned"], made["tags"], made["parent_companies"]) == (False, [], [])


def test_a_company_is_matched_by_company_id_or_id_and_its_company_id_never_changes(client):
    made = company(client, company_id="n-1", name="A", plan="Gold")
    assert company(client, company_id="n-1", name="B")["id"] == made["id"]
    changed = company(client, id=made["id"], company_id="other", name="C")
    assert (changed["company_id"], changed["name"], changed["plan"]) == ("n-1", "C", "Gold")
    assert client.post("/company", {"id": "unknown", "name": "x"}).status == 404
    assert client.post("/company", {"name": "x"}).status == 400


def test_an_owner_is_written_by_email_and_read_as_id_email_and_name(client, sandbox):
    user = sandbox.content.users[0]
    made = company(client, company_id="n-1", owners_csm=user["email"])
    assert (made["owners_csm"], made["owners_csm_email"], made["owners_csm_name"]) == (
        user["id"],
        user["email"],
        user["name"],
    )
    assert company(client, company_id="n-1", owners_csm=None)["owners_csm_name"] is None
    company(client, company_id="n-1", owners_csm=user["email"])
    changed = company(client, company_id="n-1", **{"$unset": ["owners_csm"]})
    assert not [name for name in changed if name.startswith("owners_csm")]


def test_only_the_email_of_a_known_user_can_own(client, sandbox):
    for value in ("stranger@vendor.example", sandbox.content.users[0]["id"]):
        answer = client.post("/company", {"company_id": "n-1", "owners_account": value})
        assert answer.status == 400
        assert "owners_account" in answer.message


def test_parents_are_linked_and_unlinked_one_by_one(client, sandbox):
    first, second = sandbox.content.companies[:2]
    made = company(
        client, company_id="n-1", parent_companies=[{"company_id": first["company_id"]}, {"id": second["id"]}]
    )
    assert [one["id"] for one in made["parent_companies"]] == [first["id"], second["id"]]
    made = company(client, company_id="n-1", parent_companies=[{"id": first["id"], "remove": True}])
    assert made["parent_companies"] == [{"id": second["id"], "company_id": second["company_id"]}]
    for link in ({"company_id": "n-1"}, {"company_id": "unknown"}):
        assert client.post("/company", {"company_id": "n-1", "parent_companies": [link]}).status == 400


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"name": "x" * 256}, "name"),
        ({"size": 2**31}, "size"),
        ({"monthly_revenue": -(2**31) - 1}, "monthly_revenue"),
        ({"churned": "no"}, "churned"),
        ({"$unset": ["churned"]}, "churned"),
        ({"$unset": ["plan"], "plan": "Gold"}, "plan"),
        ({"signed_up_at": "x"}, "signed_up_at"),
    ],
)
def test_a_field_that_breaks_a_rule_is_refused_by_name(client, body, word):
    answer = client.post("/company", {"company_id": "n-1", **body})
    assert answer.status == 400
    assert word in answer.message


def test_a_deleted_company_takes_its_events_and_links_along(client, sandbox):
    made = company(client, company_id="n-1")
    child = company(client, company_id="n-2", parent_companies=[{"id": made["id"]}])
    person = client.post("/people", {"user_id": "a", "companies": [{"id": made["id"]}]}).json
    client.post("/event", {"name": "e", "company_id": "n-1", "created_at": "2026-01-01"})
    assert client.delete(f"/company/{made['id']}").json == {"deleted": 1}
    assert sandbox.content.events == []
    assert client.get(f"/people/{person['id']}").json["companies"] == []
    assert client.rows(f"/company/{child['id']}", "companies")[0]["parent_companies"] == []


def test_a_company_is_deleted_by_company_id(client):
    company(client, company_id="n-1")
    assert client.delete("/company", company_id="n-1").json == {"deleted": 1}
    assert client.delete("/company", company_id="n-1").status == 404
    assert client.delete("/company/unknown").status == 404
    assert client.delete("/company").status == 400
