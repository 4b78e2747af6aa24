"""Which field a column is for."""

from custify_connector.console.suggesting import rules, suggested, targets

SCHEMA = {
    "properties": {
        "$unset": {"type": "array"},
        "email": {"description": "Where to write."},
        "signed_up_at": {},
        "companies": {"items": {"properties": {"company_id": {}}}},
        "custom": {"properties": {"plan": {}}},
    }
}


def test_every_field_that_a_rule_can_fill_is_offered():
    assert list(targets(SCHEMA)) == ["email", "signed_up_at", "companies[].company_id", "custom.plan"]


def test_a_column_is_for_the_field_of_its_name_however_that_is_written():
    columns = ["E-Mail", "signedUpAt", "company_id", "Plan", "other"]
    assert list(suggested(columns, list(targets(SCHEMA))).values()) == [
        "email", "signed_up_at", "companies[].company_id", "custom.plan", "",
    ]  # fmt: skip


def test_no_field_is_suggested_twice():
    assert suggested(["email", "E-mail"], ["email"]) == {"email": "email", "E-mail": ""}


def test_rules_are_said_only_where_they_say_something():
    assert rules([("email", "email", "")]) == ()
    assert rules([("Mail", "email", ""), ("n", "size", "integer"), ("x", "", "")], ["a==b"]) == (
        "email=Mail", "size:integer=n", "a==b",
    )  # fmt: skip
