"""The page that a reply holds, or the error that it stands for."""

import pytest

from custify_connector.contract.errors import ConfigurationError, CredentialRefused, PermissionRefused, UnexpectedReply
from custify_connector.exchange.wire import Request, Response
from custify_connector.reading.page import page_of
from custify_connector.reading.plan import bind, read_plan

ASK = Request("GET", "/thing", (("page", "1"),))
PAGES = {
    "stream": "things",
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size": 10},
    "key": [["id"]],
}


def test_a_page_has_its_records_their_names_and_the_total():
    page = page_of(read_plan(PAGES), ASK, 3, Response(200, {"things": [{"id": "a"}, {"id": "b"}], "total": 9}))
    assert (page.number, page.records, page.identities, page.total) == (3, [{"id": "a"}, {"id": "b"}], ["a", "b"], 9)


@pytest.mark.parametrize(
    ("words", "bound", "number", "empty"),
    [
        ({}, False, 2, True),
        ({}, False, 1, False),
        ({}, True, 1, True),
        ({"page": None}, False, 1, True),
    ],
    ids=["past the end", "the first page", "a parent that went away", "a look-up"],
)
def test_a_404_is_nothing_where_nothing_may_be(words, bound, number, empty):
    plan = read_plan({**PAGES, **words})
    plan = bind(plan, {"id": "c"}) if bound else plan
    if empty:
        assert page_of(plan, ASK, number, Response(404)).records == []
    else:
        with pytest.raises(UnexpectedReply, match="things: GET /thing: Custify answered 404"):
            page_of(plan, ASK, number, Response(404))


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        (Response(400, {"message": "bad filter"}), ConfigurationError, "Custify answered 400: bad filter; check the"),
        (Response(409), ConfigurationError, "Custify answered 409; check the parameters"),
        (Response(422), ConfigurationError, "Custify answered 422; check the parameters"),
        (Response(418, "teapot"), UnexpectedReply, "Custify answered 418: teapot"),
        (Response(200, {"people": []}), UnexpectedReply, "the reply is not wrapped as connector.yaml says"),
        (Response(200, "text"), UnexpectedReply, "the reply is not wrapped as connector.yaml says"),
        (Response(401), CredentialRefused, "Custify refused the API key"),
        (Response(403), PermissionRefused, "is not allowed here"),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
def test_what_is_no_page_is_an_error_that_says_where(response, kind, said):
    with pytest.raises(kind) as caught:
        page_of(read_plan(PAGES), ASK, 1, response)
    assert str(caught.value).startswith("things: GET /thing: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("record", "shaped"),
    [
        ({"id": 1, "details": {"name": "n"}}, {"id": 1, "name": "n", "company": "c"}),
        ({"id": 1, "details": None}, {"id": 1, "details": None, "company": "c"}),
        ({"id": 1, "company": "own"}, {"id": 1, "company": "own"}),
        ({"id": 1, "company": None}, {"id": 1, "company": "c"}),
    ],
    ids=repr,
)
def test_a_record_has_its_details_lifted_up_and_its_parent_added(record, shaped):
    plan = bind(read_plan({**PAGES, "flatten": ["details"], "add": {"company": "id"}}), {"id": "c"})
    assert page_of(plan, ASK, 1, Response(200, {"things": [record]})).records == [shaped]


def test_without_a_parent_nothing_is_added():
    plan = read_plan({**PAGES, "add": {"company": "id"}})
    assert page_of(plan, ASK, 1, Response(200, {"things": [{"id": 1}]})).records == [{"id": 1}]


@pytest.mark.parametrize(
    ("words", "shaped"),
    [
        ({"flatten": ["details"]}, {"id": 1, "name": "n"}),
        ({"add": {"company": "id"}}, {"id": 1, "details": {"name": "n"}, "company": "c"}),
    ],
    ids=["flatten", "add"],
)
def test_a_record_is_flattened_or_its_parent_added_each_by_itself(words, shaped):
    plan = bind(read_plan({**PAGES, **words}), {"id": "c"})
    record = {"id": 1, "details": {"name": "n"}}
    assert page_of(plan, ASK, 1, Response(200, {"things": [record]})).records == [shaped]


@pytest.mark.parametrize(
    ("record", "shaped"),
    [
        ({"_id": "a", "name": "n"}, {"_id": "a", "name": "n", "id": "a"}),
        ({"_id": "a", "id": None}, {"_id": "a", "id": "a"}),
        ({"_id": "a", "id": ""}, {"_id": "a", "id": "a"}),
        ({"_id": "a", "id": "own"}, {"_id": "a", "id": "own"}),
        ({"_id": None, "id": None, "name": "n"}, {"_id": None, "id": None, "name": "n"}),
        ({"id": 0}, {"id": 0}),
    ],
    ids=repr,
)
def test_the_services_own_id_fills_an_id_that_is_missing(record, shaped):
    assert page_of(read_plan(PAGES), ASK, 1, Response(200, {"things": [record]})).records == [shaped]


def test_without_a_key_called_id_nothing_is_filled():
    plan = read_plan({**PAGES, "key": [["name"]]})
    record = {"_id": "a", "name": "n"}
    assert page_of(plan, ASK, 1, Response(200, {"things": [record]})).records == [record]
