import tracemalloc

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.records import identities
from custify_connector.records.identities import Seen, field_value, identities_of, key_of


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("id", 7),
        ("custom_attributes.plan", "Gold"),
        ("custom_attributes", {"plan": "Gold"}),
        ("custom_attributes.seats", None),
        ("id.plan", None),
        ("missing.plan", None),
    ],
)
def test_a_dotted_path_leads_to_a_value_or_to_none(dotted, value):
    assert field_value({"id": 7, "custom_attributes": {"plan": "Gold"}}, dotted) == value


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"id": "a", "email": "e"}, {"id": "a"}),
        ({"email": "e"}, {"email": "e"}),
        ({"id": None, "email": "e"}, {"email": "e"}),
        ({"id": "", "email": "e"}, {"email": "e"}),
        ({"id": 0}, {"id": 0}),
        ({"id": False}, {"id": False}),
        ({"name": "n", "at": {"day": 1}}, {"name": "n", "at.day": 1}),
        ({"name": "n"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_a_key_is_the_first_alternative_that_the_record_has_whole(record, key):
    assert key_of(record, (("id",), ("email",), ("name", "at.day"))) == key


def test_without_alternatives_a_record_has_no_key():
    assert key_of({"id": "a"}, ()) is None


@pytest.mark.parametrize(
    ("records", "alternatives", "same"),
    [
        pytest.param([{"id": "a"}, {"id": "b"}, {"id": "a"}], (("id",),), [0, 1, 0], id="by one field"),
        pytest.param([{"id": 1}, {"id": "1"}, {"id": 1}], (("id",),), [0, 1, 0], id="number and text differ"),
        pytest.param([{"a": 1, "b": 2}, {"a": 1, "b": 3}], (("a", "b"),), [0, 1], id="by two fields"),
        pytest.param([{"a": {"b": "x"}}, {"a": {"b": "x"}}], (("a.b",),), [0, 0], id="by a field inside another"),
        pytest.param([{"_id": "x", "n": 1}, {"_id": "x", "n": 2}], (("id",),), [0, 0], id="by the service's own id"),
        pytest.param([{"_id": None, "n": 1}, {"_id": None, "n": 2}], (("id",),), [0, 1], id="a null id names nothing"),
        pytest.param([{"id": 10**21}, {"id": 10**21 + 1}], (("id",),), [0, 1], id="numbers of any length"),
        pytest.param([{"id": "\ud800"}, {"id": "\ud801"}], (("id",),), [0, 1], id="half characters"),
        pytest.param([{"_id": "x"}, {"id": "x"}], (("id",),), [0, 0], id="the service's id stands for id"),
        pytest.param([{"n": 1}, {"n": 2}, {"n": 1}], (("id",),), [0, 1, 2], id="without a key, twice is two"),
        pytest.param([{"n": 1}, {"n": 1}], (), [0, 1], id="without alternatives"),
        pytest.param([{"id": "#1"}, {"id": "#1"}, {"n": 1}], (("id",),), [0, 0, 2], id="a key like a hash"),
        pytest.param([{"id": "#1"}, {"id": "#1"}], (("id",),), [0, 0], id="keys like hashes alone"),
    ],
)
def test_records_have_the_same_identity_when_they_are_the_same(records, alternatives, same):
    found = identities_of(records, alternatives)
    assert [found.index(identity) for identity in found] == same


def test_a_record_without_a_key_is_known_again_on_another_page_whatever_the_order_of_its_fields():
    (first,) = identities_of([{"a": 1, "b": 2}], ())
    (second,) = identities_of([{"b": 2, "a": 1}], ())
    assert first == second


def test_the_identity_of_a_record_does_not_depend_on_its_page():
    """One record without a key on a page must not change how the others are known."""
    alone = identities_of([{"id": "x"}], (("id",),))
    beside = identities_of([{"id": "x"}, {"n": 1}], (("id",),))
    assert alone == beside[:1]


def test_a_record_that_cannot_be_written_as_utf_8_has_an_identity_too():
    assert len(identities_of([{"name": "\ud800"}], ())) == 1


def test_what_was_delivered_before_is_not_delivered_again():
    seen = Seen(ordered=False, identities=["a"])
    records = [{"id": "a"}, {"id": "b"}, {"id": "b"}]
    assert seen.unseen(records, ["a", "b", "b"]) == [{"id": "b"}]
    assert seen.unseen(records, ["a", "b", "b"]) == []


def test_every_identity_is_kept_in_a_few_bytes():
    tracemalloc.start()
    try:
        seen = Seen(ordered=False)
        for first in range(0, 40_000, 200):
            page = [f"{number:024x}" for number in range(first, first + 200)]
            assert len(seen.unseen(page, page)) == 200
        bytes_each = tracemalloc.get_traced_memory()[0] / 40_000
    finally:
        tracemalloc.stop()
    assert bytes_each <= 20


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9), max_size=60))
def test_hashes_are_kept_as_a_set_keeps_them(values):
    """Law: also where many want the same place, and the table grows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identities, "_SMALLEST_TABLE", 4)
        kept, known = identities.Hashes(), set()
        for value in (each or 1 for each in values):
            assert (value in kept) == (value in known)
            assert kept.add(value) == (value not in known)
            known.add(value)


pages = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=12)


@given(pages, st.sets(st.sampled_from("abc")))
def test_no_identity_comes_through_twice_while_every_one_is_kept(pages, delivered):
    seen = Seen(ordered=False, identities=delivered)
    fresh = [record for page in pages for record in seen.unseen(page, page)]
    assert len(fresh) == len(set(fresh))
    assert set(fresh) == {identity for page in pages for identity in page} - delivered


@given(pages, st.integers(min_value=0, max_value=12))
def test_in_order_a_window_of_the_latest_is_enough(pages, lost_at):
    """With a window of four, what was among the last four delivered never comes again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identities, "WINDOW", 4)
        seen, fresh = Seen(ordered=True), []
        for number, page in enumerate(pages):
            if number == lost_at:
                seen.lose_order()
            for identity in seen.unseen(page, page):
                assert identity not in fresh[-4:]
                fresh.append(identity)


def test_in_order_memory_is_bounded_and_nothing_is_forgotten_once_the_order_is_lost(monkeypatch):
    monkeypatch.setattr(identities, "WINDOW", 3)
    seen = Seen(ordered=True)
    for page in ("abc", "def"):  # a page is forgotten whole, once a window of later ones is there
        assert seen.unseen(list(page), list(page)) == list(page)
    assert seen.unseen(["a"], ["a"]) == ["a"]
    assert seen.unseen(["f"], ["f"]) == []
    seen.lose_order()
    assert seen.unseen(list("vwxyz"), list("vwxyz")) == list("vwxyz")
    assert seen.unseen(list("fa"), list("fa")) == []


@given(
    st.dictionaries(
        st.text(max_size=3).filter(lambda name: name != "_id"), st.integers(-9, 9) | st.text(max_size=3), max_size=3
    )
)
def test_a_record_without_a_key_is_known_by_all_it_holds(record):
    assert identities_of([record], ()) == identities_of([orjson.loads(orjson.dumps(record))], ())
    assert identities_of([record], ()) != identities_of([{**record, "more": 1}], ())
