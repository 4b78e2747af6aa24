"""What a reply says, and the exception that it stands for."""

import pytest

from custify_connector.contract.errors import CredentialRefused, PermissionRefused
from custify_connector.exchange.replies import describe, error_text, refusal, unavailable
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
        ({"message": ["a", "b"]}, ""),
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
        (Response(503), "it last answered 503"),
        (Response(502, "Bad gateway"), "it last answered 502: Bad gateway"),
        (Failure("timeout", "no answer within 30 s", arrived=True), "no answer within 30 s"),
    ],
    ids=["status", "status with text", "failure"],
)
def test_what_was_last_seen_is_told(last, said):
    assert describe(GivenUp(last)) == said
    assert str(unavailable(GivenUp(last), "here")) == f"here: Custify gave no usable answer; {said}; try again later"
