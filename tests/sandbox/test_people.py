import pytest

from custify_connector.sandbox import Quirks


def person(client, **fields):
    answer = client.post("/people", fields)
    assert answer.status == 200, answer.raw
    return answer.json


def test_a_new_person_can_be_read_back_as_answered(client):
    made = person(
        client,
        user_id="n-1",
        email="n1@example.com",
        name="Zoë",
        phone="+49",
        signed_up_at="2026-01-31",
        session_count=3,
        unsubscribed_from_calls=True,
        custom_attributes={"seat_type": "admin"},
    )
    assert client.get(f"/people/{made['id']}").json == made
    assert made["signed_up_at"] == "2026-01-31T00:00:00.000Z"
    assert made["created_at"] == made["updated_at"]
    assert (made["companies"], made["tags"], made["unsubscribed_from_emails"]) == ([], [], False)


def test_rule_1_an_id_finds_the_person_and_user_id_and_email_are_updated(client):
    known = person(client, user_id="a", email="a@x")
    changed = person(client, id=known["id"], user_id="b", email="b@x")
    assert (changed["id"], changed["user_id"], changed["email"]) == (known["id"], "b", "b@x")
    assert client.post("/people", {"id": "unknown", "user_id": "a"}).status == 404


def test_an_id_cannot_take_the_user_id_of_another_person(client):
    person(client, user_id="a")
    other = person(client, user_id="b")
    assert client.post("/people", {"id": other["id"], "user_id": "a"}).status == 400
    assert person(client, id=other["id"], user_id="b")["id"] == other["id"]


def test_rule_2_a_user_id_finds_the_person_and_the_email_is_updated(client):
    known = person(client, user_id="a", email="a@x")
    assert person(client, user_id="a", email="new@x")["id"] == known["id"]
    assert client.get("/people", email="a@x").json[0]["total"] == 0


def test_rule_3_an_email_finds_a_person_without_user_id_who_gets_the_one_sent(client):
    known = person(client, email="a@x")
    changed = person(client, email="a@x", user_id="a")
    assert (changed["id"], changed["user_id"]) == (known["id"], "a")


def test_rule_4_an_email_of_a_person_with_another_user_id_makes_a_new_person(client):
    known = person(client, email="a@x", user_id="a")
    made = person(client, email="a@x", user_id="b")
    assert made["id"] != known["id"]
    assert client.get("/people", email="a@x").json[0]["total"] == 2


def test_rule_5_nothing_found_makes_a_person_from_user_id_or_email_alone(client):
    assert person(client, user_id="only")["user_id"] == "only"
    assert person(client, email="only@x")["email"] == "only@x"
    assert client.post("/people", {"name": "nobody"}).status == 400


def test_an_email_alone_updates_the_person_it_finds(client):
    known = person(client, email="a@x", user_id="a")
    assert person(client, email="a@x", name="A")["id"] == known["id"]


def test_an_update_touches_only_what_is_sent_and_null_stores_null(client):
    known = person(client, user_id="a", name="A", phone="1", custom_attributes={"x": "one", "y": "two"})
    changed = person(client, user_id="a", phone=None, custom_attributes={"y": None})
    assert (changed["name"], changed["phone"]) == ("A", None)
    assert changed["custom_attributes"] == {"x": "one", "y": None}
    assert changed["updated_at"] > known["updated_at"]
    assert changed["created_at"] == known["created_at"]


def test_unset_removes_fields_and_attributes(client):
    person(client, user_id="a", name="A", phone="1", custom_attributes={"x": "one", "y": "two"})
    changed = person(client, user_id="a", **{"$unset": ["phone", "custom_attributes.x"]})
    assert "phone" not in changed
    assert changed["custom_attributes"] == {"y": "two"}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"$unset": "phone"}, "$unset"),
        ({"$unset": [1]}, "$unset"),
        ({"$unset": ["email"]}, "email"),
        ({"$unset": ["created_at"]}, "created_at"),
        ({"$unset": ["phone"], "phone": "1"}, "phone"),
        ({"$unset": ["custom_attributes.x"], "custom_attributes": {"x": 1}}, "custom_attributes.x"),
        ({"name": "x" * 256}, "name"),
        ({"name": 5}, "name"),
        ({"email": ""}, "email"),
        ({"user_id": None}, "user_id"),
        ({"user_id": True}, "user_id"),
        ({"session_count": 2**31}, "session_count"),
        ({"session_count": "7"}, "session_count"),
        ({"session_count": True}, "session_count"),
        ({"session_count": 1.5}, "session_count"),
        ({"unsubscribed_from_emails": "yes"}, "unsubscribed_from_emails"),
        ({"signed_up_at": "yesterday"}, "signed_up_at"),
        ({"signed_up_at": "2026-02-30"}, "signed_up_at"),
        ({"signed_up_at": 5}, "signed_up_at"),
        ({"companies": {"company_id": "c-00001"}}, "companies"),
        ({"companies": ["c-00001"]}, "companies"),
        ({"companies": [{"remove": True}]}, "companies"),
        ({"companies": [{"company_id": "unknown"}]}, "unknown"),
        ({"custom_attributes": []}, "custom_attributes"),
    ],
)
def test_a_field_that_breaks_a_rule_is_refused_by_name_and_nothing_is_stored(client, sandbox, body, word):
    before = len(sandbox.content.people)
    answer = client.post("/people", {"user_id": "new", **body})
    assert answer.status == 400
    assert word in answer.message
    assert len(sandbox.content.people) == before


def test_the_largest_allowed_values_are_stored(client):
    made = person(client, user_id="x" * 255, name="ü" * 255, session_count=2**31 - 1)
    assert (len(made["name"]), made["session_count"]) == (255, 2**31 - 1)


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"null"])
def test_a_body_that_is_no_object_is_refused(client, body):
    assert client.send("POST", "/people", body).status == 400


def test_memberships_are_added_and_removed_one_by_one(client, sandbox):
    first, second = sandbox.content.companies[:2]
    made = person(client, user_id="a", companies=[{"company_id": first["company_id"]}, {"id": second["id"]}])
    assert made["companies"] == [first["id"], second["id"]]
    made = person(client, user_id="a", companies=[{"company_id": first["company_id"]}])
    assert made["companies"] == [first["id"], second["id"]]
    made = person(client, user_id="a", companies=[{"id": first["id"], "remove": True}])
    assert made["companies"] == [second["id"]]
    [page] = client.get(f"/company/people/{second['id']}", itemsPerPage=100).json
    assert made["id"] in {row["id"] for row in page["people"]}


def test_a_server_may_ignore_links_to_unknown_companies(make):
    _, client = make(quirks=Quirks(company_link_unknown="ignore"))
    assert person(client, user_id="a", companies=[{"company_id": "unknown"}])["companies"] == []


def test_a_person_is_deleted_by_id_with_their_events(client, sandbox):
    made = person(client, user_id="a")
    client.post("/event", {"name": "e", "user_id": "a", "created_at": "2026-01-01"})
    assert client.delete(f"/people/{made['id']}").json == {"deleted": 1}
    assert sandbox.content.events == []
    assert client.get(f"/people/{made['id']}").status == 404
    assert client.delete(f"/people/{made['id']}").status == 404


def test_people_are_deleted_by_user_id_and_all_that_share_an_email_at_once(client):
    person(client, user_id="a", email="s@x")
    person(client, user_id="b", email="s@x")
    person(client, user_id="c")
    assert client.delete("/people", user_id="c").json == {"deleted": 1}
    assert client.delete("/people", email="s@x").json == {"deleted": 2}
    assert client.delete("/people", email="s@x").status == 404
    assert client.delete("/people").status == 400


def test_people_are_tagged_and_untagged(client, sandbox):
    tag = next(one["id"] for one in sandbox.content.tags if one["category"] == "people")
    made = person(client, user_id="a")
    for _ in range(2):
        assert client.post("/people/tag", {"ids": [made["id"]], "tag": tag, "type": "add"}).status == 200
        assert client.get(f"/people/{made['id']}").json["tags"] == [tag]
    client.post("/people/tag", {"ids": [made["id"]], "tag": tag, "type": "remove"})
    assert client.get(f"/people/{made['id']}").json["tags"] == []


def test_the_customer_alias_writes_the_same_people(client):
    made = person(client, user_id="a")
    assert client.post("/customer", {"id": made["id"], "name": "A"}).json["name"] == "A"
