import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.records.envelopes import Unwrapped, unwrap

A, B = {"id": "a"}, {"id": "b"}
KEY = (("id",), ("externalIds.custify",))
ENVELOPES = ("page", "record", "list", "page_or_record", "by_type")


@pytest.mark.parametrize(
    ("envelope", "body", "expected"),
    [
        pytest.param("page", {"people": [A, B], "total": 7}, Unwrapped([A, B], 7), id="page"),
        pytest.param("page", [{"people": [A], "total": 1}], Unwrapped([A], 1), id="page in an array of one"),
        pytest.param("page", {"people": [A]}, Unwrapped([A]), id="page without a total"),
        pytest.param("page", {"people": [], "total": 0}, Unwrapped([], 0), id="empty page"),
        pytest.param("page", {"people": None, "total": 0}, Unwrapped([], 0), id="page of null"),
        pytest.param("page", {"data": [A], "total": 1}, Unwrapped([A], 1), id="page under data"),
        pytest.param("page", {"items": [A], "total": 1}, Unwrapped([A], 1), id="page under items"),
        pytest.param("page", {"people": [A], "data": [B]}, Unwrapped([A]), id="the manifest's name before others"),
        pytest.param("page", {"people": None, "data": [B]}, Unwrapped([B]), id="another name when its own is null"),
        pytest.param("page", {"people": [A], "total": "7"}, Unwrapped([A]), id="total as text"),
        pytest.param("page", {"people": [A], "total": True}, Unwrapped([A]), id="total as boolean"),
        pytest.param("page", {"people": [A], "total": -1}, Unwrapped([A]), id="negative total"),
        pytest.param("page", {"people": [A], "total": 7.0}, Unwrapped([A]), id="total as a fraction"),
        pytest.param("page", {"people": [A], "total": None}, Unwrapped([A]), id="total null"),
        pytest.param("page", {"total": 7}, None, id="total alone"),
        pytest.param("page", {"persons": [A]}, None, id="page under an unknown name"),
        pytest.param("page", {"people": {"a": A}}, None, id="object in place of the list"),
        pytest.param("page", {"people": "none"}, None, id="text in place of the list"),
        pytest.param("page", {"people": [A, "b"]}, None, id="text among the records"),
        pytest.param("page", {"people": [A, None]}, None, id="null among the records"),
        pytest.param("page", {"people": [[A]]}, None, id="lists in place of records"),
        pytest.param("page", [A, B], None, id="bare list in place of a page"),
        pytest.param("page", [{"people": [A]}, {"people": [B]}], None, id="two pages"),
        pytest.param("page", ["text"], None, id="array of text in place of a page"),
        pytest.param("page", "text", None, id="text in place of a page"),
        pytest.param("page", 3, None, id="number in place of a page"),
        pytest.param("record", A, Unwrapped([A], 1), id="record"),
        pytest.param("record", [A], None, id="list in place of a record"),
        pytest.param("record", "a", None, id="text in place of a record"),
        pytest.param("list", [A, B], Unwrapped([A, B]), id="list"),
        pytest.param("list", A, Unwrapped([A]), id="record in place of a list"),
        pytest.param("list", [A, 3], None, id="number among the records of a list"),
        pytest.param("list", "a", None, id="text in place of a list"),
        pytest.param("page_or_record", {"people": [A], "total": 1}, Unwrapped([A], 1), id="page or record: page"),
        pytest.param("page_or_record", A, Unwrapped([A]), id="page or record: record"),
        pytest.param("page_or_record", {"total": 5, "id": "a"}, Unwrapped([{"total": 5, "id": "a"}]), id="own total"),
        pytest.param("page_or_record", {"total": 5}, None, id="page or record: total alone"),
        pytest.param("page_or_record", {"people": None}, None, id="page or record: page of null"),
        pytest.param("page", {"people": None}, None, id="page of null without a total"),
        pytest.param("page", {"people": None, "total": 3}, None, id="page of null that counts records"),
        pytest.param("page", {"people": [A], "message": "ok"}, Unwrapped([A]), id="page with a message"),
        pytest.param("page_or_record", "a", None, id="page or record: text"),
        pytest.param("by_type", {"car": [A], "house": [B], "boat": []}, Unwrapped([A, B]), id="by type"),
        pytest.param("by_type", {"car": A}, None, id="by type: no list"),
        pytest.param("by_type", {"car": ["a"]}, None, id="by type: text among the records"),
        pytest.param("by_type", [A], None, id="by type: list"),
    ],
)
def test_an_envelope_holds_its_records_or_is_none_of_its_kind(envelope, body, expected):
    assert unwrap(body, envelope, ("people",), KEY) == expected


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("body", [None, []], ids=repr)
def test_nothing_at_all_is_no_records(envelope, body):
    assert unwrap(body, envelope, ("people",), KEY) == Unwrapped([])


@pytest.mark.parametrize("key", [KEY, ()], ids=["key", "no key"])
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_an_empty_object_is_nothing_only_where_lists_of_any_type_are_expected(envelope, key):
    assert unwrap({}, envelope, ("people",), key) == (Unwrapped([]) if envelope == "by_type" else None)


ERRORS = (
    {"people": None, "error": "try again"},
    {"people": None, "total": 0, "message": "try again"},
    {"people": [], "total": 0, "error": "try again"},
    {"message": "Something went wrong", "statusCode": 500},
    {"error": {"message": "Something went wrong"}},
    {"errors": [{"message": "invalid"}]},
    {"errors": ["invalid"]},
    {"message": "Something went wrong", "status": "error", "code": 17},
    {"statusCode": 500},
    [{"message": "invalid"}],
    [{"people": None, "error": "try again"}],
)


@pytest.mark.parametrize("body", ERRORS, ids=str)
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_an_error_with_the_status_of_a_success_is_no_data(envelope, body):
    assert unwrap(body, envelope, ("people",), KEY) is None


@pytest.mark.parametrize("body", [body for body in ERRORS if "people" not in str(body)], ids=str)
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_an_error_is_no_data_though_no_key_says_what_a_record_is(envelope, body):
    assert unwrap(body, envelope, ("people",)) is None


@pytest.mark.parametrize("envelope", ["record", "list", "page_or_record"])
@pytest.mark.parametrize(
    ("record", "held"),
    [
        ({"id": "a", "message": "hi", "error": "x"}, True),
        ({"_id": "a"}, True),
        ({"externalIds": {"custify": "a"}}, True),
        ({"name": "no key"}, False),
        ({"id": None, "name": "no key"}, False),
    ],
    ids=str,
)
def test_an_object_in_place_of_a_list_is_a_record_if_it_has_a_key(envelope, record, held):
    found = unwrap(record, envelope, ("people",), KEY)
    assert (found is not None and found.records == [record]) is held


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ({"result": {"people": [A]}, "total": 3}, ("result", "people"), Unwrapped([A], 3)),
        ({"result": {"data": [A]}}, ("result", "people"), Unwrapped([A])),
        ({"result": None}, ("result", "people"), None),
        ({"result": [A]}, ("result", "people"), None),
        ({"people": [A]}, ("result", "people"), None),
        ({"data": [A]}, (), Unwrapped([A])),
        ({"people": [A]}, (), None),
    ],
    ids=str,
)
def test_a_path_of_names_leads_to_the_records(body, path, expected):
    assert unwrap(body, "page", path) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["people", "total", "data", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values, st.sampled_from(ENVELOPES), st.sampled_from([("people",), ("data", "people"), ()]))
def test_whatever_is_answered_only_objects_are_records(body, envelope, path):
    found = unwrap(body, envelope, path)
    assert found is None or all(isinstance(record, dict) for record in found.records)
    assert found is None or found.total is None or (type(found.total) is int and found.total >= 0)
