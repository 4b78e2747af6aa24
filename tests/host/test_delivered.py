"""What was delivered last for each key, as hashes, in a bounded file."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.delivered import Delivered
from custify_connector.host.journal import hash_of

ANA, BEN = {"user_id": "ana"}, {"user_id": "ben"}
ONE, TWO = hash_of({"name": "one"}), hash_of({"name": "two"})


@pytest.fixture
def store(tmp_path):
    """Return an empty store in a folder that is not there yet."""
    opened = Delivered(tmp_path / "inner" / "store")
    yield opened
    opened.close()


def test_a_record_is_known_only_when_it_equals_the_last_one_of_its_key(store):
    assert not store.holds(ANA, ONE)
    store.keep(ANA, ONE)
    assert store.holds(ANA, ONE)
    assert not store.holds(ANA, TWO)
    assert not store.holds(BEN, ONE)
    store.keep(ANA, TWO)
    assert not store.holds(ANA, ONE)


def test_the_fields_of_a_key_may_come_in_any_order(store):
    store.keep({"a": 1, "b": 2}, ONE)
    assert store.holds({"b": 2, "a": 1}, ONE)


def test_what_was_kept_is_there_when_it_is_opened_again(tmp_path):
    first = Delivered(tmp_path / "store")
    first.keep(ANA, ONE)
    first.close()
    again = Delivered(tmp_path / "store")
    assert again.holds(ANA, ONE)
    again.keep(BEN, TWO)
    again.close()


def size(path):
    with sqlite3.connect(path) as database:
        (count,) = database.execute("SELECT count(*) FROM delivered").fetchone()
    database.close()
    return count


def test_it_is_bounded_and_forgets_what_was_delivered_longest_ago(tmp_path):
    store = Delivered(tmp_path / "store", maximum=10)
    for number in range(95):
        store.keep({"id": number}, ONE)
        store.keep(ANA, ONE)
        assert size(tmp_path / "store") <= 2 * 10
    assert store.holds(ANA, ONE)
    assert store.holds({"id": 94}, ONE)
    assert not store.holds({"id": 1}, ONE)
    store.close()


def test_the_bound_holds_over_runs(tmp_path):
    for run in range(12):
        store = Delivered(tmp_path / "store", maximum=10)
        for number in range(7):
            store.keep({"id": run * 7 + number}, ONE)
        store.close()
        assert size(tmp_path / "store") <= 2 * 10


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([ONE, TWO])), max_size=20))
def test_it_says_no_more_than_a_dictionary_would(tmp_path_factory, kept):
    store, model = Delivered(tmp_path_factory.mktemp("law") / "store"), {}
    for name, value in kept:
        store.keep({"id": name}, value)
        model[name] = value
    assert all(store.holds({"id": name}, each) == (model.get(name) == each) for name in "abc" for each in (ONE, TWO))
    store.close()


def test_a_file_that_cannot_be_used_is_refused(tmp_path):
    (tmp_path / "text").write_text("no database at all" * 99)
    for path in (tmp_path, tmp_path / "text", tmp_path / "text" / "below"):
        with pytest.raises(ConfigurationError, match=r"cannot be (used|written)|is damaged"):
            Delivered(path)
