"""What a reply says, and the exception that it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import CredentialRefused, PermissionRefused
from custify_connector.exchange.replies import (
    Complaint,
    complaint,
    describe,
    error_text,
    is_error,
    refusal,
    unavailable,
)
from custify_connector.exchange.retrying import GivenUp
from custify_connector.exchange.wire import Failure, Response


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"message": "no"}, "no"),
        ({"error": "no"}, "no"),
        ({"error": {"message": "no"}}, "no"),
        ({"errors": ["no", "never"]}, "no"),
        ({"errors": [{"message": "no"}]}, "no"),
        ({"msg": "no"}, "no"),
        ({"statusCode": 400, "error": "Bad Request", "message": "no"}, "no"),
        ("<html>\n  no\t way </html>", "<html> no way </html>"),
        ({"message": ["a", "b"]}, "a"),
        ({"message": ""}, ""),
        ({"error": {}}, ""),
        ({"errors": []}, ""),
        ({"errors": {}}, ""),
        ({"errors": [5]}, ""),
        ({}, ""),
        ([], ""),
        (None, ""),
        (5, ""),
        ({"message": "x" * 999}, "x" * 300),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_sentence_of_an_error_is_found_wherever_clients_have_seen_one(body, text):
    assert error_text(body) == text


@pytest.mark.parametrize(
    ("body", "text", "field"),
    [
        ([{"message": "no"}], "no", None),
        ([[], "", "no"], "no", None),
        ({"errors": {"email": ["is bad", "is used"], "name": ["x"]}}, "email: is bad", "email"),
        ({"errors": {"email": "is bad"}}, "email: is bad", "email"),
        ({"errors": {"message": "no"}}, "no", None),
        ({"errors": [{"field": "email", "message": "is bad"}]}, "email: is bad", "email"),
        ({"errors": [{"param": "email", "msg": "email is bad"}]}, "email is bad", "email"),
        ({"error": {"message": "Not valid.", "details": ["no"]}}, "Not valid: no", None),
        ({"error": {"message": "Not valid", "details": [{"path": ["body", "email"], "message": "is bad"}]}},
         "Not valid: email: is bad", "email"),
        ({"error": {"details": [{"field": "size", "message": "is bad"}]}}, "size: is bad", "size"),
        ({"error": {"email": ["is bad"]}}, "email: is bad", "email"),
        ({"message": "Not valid", "errors": {"email": ["is bad"]}}, "Not valid: email: is bad", "email"),
        ({"message": "email is x", "errors": [{"field": "email", "message": "email is x"}]}, "email is x", "email"),
        ({"errors": {"email": {"message": "is bad", "path": "email"}}}, "email: is bad", "email"),
        ({"errors": [{"detail": "is bad", "source": {"pointer": "/data/attributes/email"}}]}, "email: is bad", "email"),
        ({"detail": [{"loc": ["body", "user", "email"], "msg": "is bad"}]}, "user.email: is bad", "user.email"),
        ([{"instancePath": "/companies/0/id", "message": "is bad"}], "companies.0.id: is bad", "companies.0.id"),
        ({"email": ["is bad"]}, "email: is bad", "email"),
        ({"status": 404, "error": "Not Found", "message": "no", "path": "/people"}, "no", None),
        ({"people": [{"name": "Ann"}]}, "", None),
    ],
    ids=lambda value: repr(value)[:60],
)  # fmt: skip
def test_a_complaint_names_the_field_where_it_is_named(body, text, field):
    assert complaint(body) == Complaint(text, field)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "no"}, True),
        ({"errors": ["no"]}, True),
        ({"success": False}, True),
        ({"statusCode": 400}, True),
        ({"message": "created"}, False),
        ({"error": None, "errors": [], "success": True, "statusCode": 200}, False),
        ({"errors": 0, "statusCode": True}, False),
        ([{"error": "no"}], False),
        (None, False),
    ],
    ids=repr,
)
def test_an_answer_of_success_may_hold_an_error(body, expected):
    assert is_error(body) is expected


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "error", "errors", "details", "field", "path", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json)
def test_no_error_body_is_too_odd_to_be_read(body):
    """A law: the text is one line of bounded length, whatever the body is."""
    said = complaint(body)
    assert len(said.text) <= 300
    assert said.text == " ".join(said.text.split())
    assert is_error(body) in {True, False}


def test_a_body_without_end_is_read_to_a_depth():
    deep = "no"
    for _ in range(500):
        deep = {"error": [deep]}
    assert complaint(deep) == Complaint()


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        (
            Response(401, {"message": "x"}),
            CredentialRefused,
            "here: Custify refused the API key (401); check that the key",
        ),
        (Response(403, {"message": "no"}), PermissionRefused, "here: the API key is not allowed here (403): no"),
        (Response(403), PermissionRefused, "here: the API key is not allowed here (403)"),
    ],
    ids=["401", "403 with a reason", "403"],
)
def test_a_refused_key_is_everybodys_fault(response, kind, said):
    error = refusal(response, "here")
    assert type(error) is kind
    assert str(error).startswith(said)


@pytest.mark.parametrize("status", [200, 400, 404, 429, 500])
def test_other_answers_do_not_refuse_the_key(status):
    assert refusal(Response(status), "here") is None


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (Response(503), "the last one was 503"),
        (Response(502, "Bad gateway"), "the last one was 502: Bad gateway"),
        (Failure("timeout", "no answer within 30 s", arrived=True), "no answer within 30 s"),
    ],
    ids=["status", "status with text", "failure"],
)
def test_what_was_last_seen_is_reported(last, said):
    assert describe(GivenUp(last)) == said
    assert str(unavailable(GivenUp(last), "here")) == f"here: no usable response from Custify; {said}; try again later"
