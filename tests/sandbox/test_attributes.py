import pytest

from custify_connector.sandbox import Quirks


def stored(client, value, name="fresh", user="a"):
    answer = client.post("/people", {"user_id": user, "custom_attributes": {name: value}})
    assert answer.status == 200, answer.raw
    return answer.json["custom_attributes"][name]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("007", 7),
        ("5.4", 5.4),
        ("-3", -3),
        ("FALSE", False),
        ("true", True),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31 10:30", "2026-01-31T10:30:00.000Z"),
        ("2026-01-31T10:30:15+02:00", "2026-01-31T08:30:15.000Z"),
        ("2026-01-31T10:30:15.123456-0130", "2026-01-31T12:00:15.123Z"),
        ("text", "text"),
        ("", ""),
        (7, 7),
        (True, True),
        (None, None),
        ("12345678901234567890", 1.2345678901234567e19),
    ],
)
def test_a_first_value_is_kept_as_the_first_type_it_can_be_read_as(client, sent, kept):
    value = stored(client, sent)
    assert value == kept
    assert type(value) is type(kept)


def test_the_first_value_fixes_the_type_of_those_that_follow(client):
    assert stored(client, "text") == "text"
    assert stored(client, "007") == "007"
    assert stored(client, 5, name="number") == 5
    assert stored(client, "006", name="number") == 6
    assert stored(client, "many", name="number") == "many"
    assert stored(client, value=True, name="flag") is True
    assert stored(client, "false", name="flag") is False
    assert stored(client, "maybe", name="flag") == "maybe"


def test_null_fixes_no_type(client):
    assert stored(client, None) is None
    assert stored(client, "7") == 7


def test_attributes_of_the_seeded_content_keep_their_types(client):
    assert stored(client, "01234", name="postcode") == "01234"


def test_a_name_that_ends_in_at_is_a_date(client):
    assert stored(client, "2026-01-31", name="renewal_at") == "2026-01-31T00:00:00.000Z"
    assert stored(client, "never", name="renewal_at") == "never"


def test_people_and_companies_have_types_of_their_own(client):
    assert stored(client, "7", name="code") == 7
    made = client.post("/company", {"company_id": "x", "custom_attributes": {"code": "seven"}}).json
    assert made["custom_attributes"] == {"code": "seven"}


def test_a_server_may_keep_values_as_sent(make):
    _, client = make(quirks=Quirks(type_lock=False))
    assert stored(client, "007") == "007"


def test_a_currency_takes_an_amount_and_nothing_else_takes_an_object(client):
    def post(value, name="arr"):
        return client.post("/company", {"company_id": "x", "custom_attributes": {name: value}})

    assert post({"value": 100, "currency": "USD"}).json["custom_attributes"]["arr"] == {"value": 100, "currency": "USD"}
    assert post({"value": 100}).status == 400
    assert post({"value": "100", "currency": "USD"}).status == 400
    assert post([100]).status == 400
    assert post({"value": 100, "currency": "USD"}, "other").status == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a.b", 1),
        ("$a", 1),
        ("123", 1),
        ("", 1),
        ("x" * 191, 1),
        ("text", "x" * 256),
        ("big", 2**31),
        ("nested", {"a": 1}),
        ("list", [1]),
    ],
)
def test_names_and_values_out_of_bounds_are_refused_by_name(client, name, value):
    answer = client.post("/people", {"user_id": "a", "custom_attributes": {name: value}})
    assert answer.status == 400
    assert f"custom_attributes.{name}" in answer.message


def test_a_record_has_at_most_250_attributes_in_all(client):
    many = {f"a{number}": "x" for number in range(250)}
    assert client.post("/people", {"user_id": "a", "custom_attributes": {**many, "x" * 190: "x" * 255}}).status == 400
    assert client.post("/people", {"user_id": "a", "custom_attributes": many}).status == 200
    assert client.post("/people", {"user_id": "a", "custom_attributes": {"one_more": "x"}}).status == 400


def test_attributes_are_listed_with_their_types(client):
    stored(client, "7", name="shoe_size")
    for path, name, kind in (
        ("/customer/attributes", "custom_attributes.shoe_size", "Number"),
        ("/customer/attributes", "email", "String"),
        ("/company/attributes", "custom_attributes.arr", "Currency"),
        ("/company/attributes", "churned", "Boolean"),
    ):
        listed = {one["name"]: one for one in client.get(path).json}
        assert listed[name]["fieldType"] == kind
        assert listed[name]["niceName"]
