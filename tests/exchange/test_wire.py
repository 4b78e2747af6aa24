from pathlib import Path
from urllib.parse import unquote, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.checking.texts import fill, placeholders, query_text
from custify_connector.exchange.wire import Failure, Request, Response, decode


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ((), "/people"),
        ((("page", "1"), ("itemsPerPage", "200")), "/people?page=1&itemsPerPage=200"),
        ((("filters", '[{"a": "b&c"}]'),), "/people?filters=%5B%7B%22a%22%3A+%22b%26c%22%7D%5D"),
        ((("email", "a+b@c.example"), ("email", "")), "/people?email=a%2Bb%40c.example&email="),
        ((("name", "Zoë"),), "/people?name=Zo%C3%AB"),
    ],
    ids=str,
)
def test_a_target_is_the_path_and_the_encoded_query_in_the_order_given(query, target):
    assert Request("GET", "/people", query).target == target


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        (Request("GET", "/people", (("page", "1"),)), {"method": "GET", "path": "/people?page=1"}),
        (Request("POST", "/people", body={"a": 1}), {"method": "POST", "path": "/people", "body": {"a": 1}}),
        (Request("POST", "/people", body=[]), {"method": "POST", "path": "/people", "body": []}),
        (Request("DELETE", "/people"), {"method": "DELETE", "path": "/people"}),
        (
            Request("POST", "/file", body={"peopleId": "p"}, upload=Path("a", "b.txt")),
            {"method": "POST", "path": "/file", "body": {"peopleId": "p"}, "upload": str(Path("a", "b.txt"))},
        ),
    ],
    ids=str,
)
def test_a_dry_run_shows_what_would_travel(request_, shown):
    assert request_.as_mapping() == shown


@pytest.mark.parametrize(("status", "ok"), [(199, False), (200, True), (201, True), (202, True), (299, True)])
def test_any_status_in_the_range_of_success_is_a_success(status, ok):
    assert Response(status).ok is ok


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 429, 500, 503])
def test_no_other_status_is(status):
    assert not Response(status).ok


@pytest.mark.parametrize("value", [Request("GET", "/"), Response(200), Failure("timeout", "late", arrived=True)])
def test_what_travels_cannot_be_changed(value):
    with pytest.raises(AttributeError):
        value.body = 1


@pytest.mark.parametrize(
    ("template", "values", "path"),
    [
        ("/people/all", {}, "/people/all"),
        ("/people/{id}", {"id": "a/b"}, "/people/a%2Fb"),
        ("/{a}/{b}", {"a": "{b}", "b": "x"}, "/%7Bb%7D/x"),
        ("/{a}/{a}", {"a": "1"}, "/1/1"),
        ("/people/{id}", {"id": "a?b#c%20 é"}, "/people/a%3Fb%23c%2520%20%C3%A9"),
    ],
)
def test_a_path_is_filled_with_encoded_values(template, values, path):
    assert fill(template, values) == path


@pytest.mark.parametrize(
    ("template", "names"), [("/people/all", ()), ("/people/{id}", ("id",)), ("/{a}/x/{b}", ("a", "b"))]
)
def test_a_template_says_what_it_leaves_to_fill_in(template, names):
    assert placeholders(template) == names


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_value_stays_in_its_own_part_of_the_path(first, second):
    """A law: whatever a value holds, the path has the same parts, and each comes back as it was."""
    path = fill("/custom/{entity}/{id}/end", {"entity": first, "id": second})
    assert urlsplit(f"https://h{path}").path == path
    assert [unquote(part) for part in path.split("/")] == ["", "custom", first, second, "end"]


@pytest.mark.parametrize(
    ("value", "text"),
    [("a b", "a b"), ("", ""), (True, "true"), (5, "5"), (None, "null"), ([{"a": "é"}], '[{"a":"é"}]'), ({}, "{}")],
    ids=repr,
)
def test_a_query_value_is_text_as_it_is_and_else_json(value, text):
    assert query_text(value) == text


@given(st.text())
def test_a_mark_of_the_byte_order_is_no_part_of_the_value(value):
    assert decode(b"\xef\xbb\xbf" + orjson.dumps(value)) == (True, value)


@pytest.mark.parametrize("content", [b"", b" \r\n", b"\xef\xbb\xbf", b"null"])
def test_nothing_is_null(content):
    assert decode(content) == (True, None)


@pytest.mark.parametrize("content", [b"<html>", b'{"a": ', b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5_000])
def test_what_is_no_json_is_reported(content):
    assert decode(content) == (False, None)
