"""What was delivered last to an account, as hashes, in a bounded file; and what a sent record makes forgotten."""

import contextlib
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.delivered import Delivered
from custify_connector.host.journal import hash_of

DESCRIBED = {
    "company": {"identity": [["id"], ["company_id"]], "comparable": True},
    "person": {"identity": [["id"], ["user_id"], ["email"]], "comparable": True, "after": ["company"]},
    "ticket": {"identity": [["external"]], "comparable": True},
    "reply": {"identity": [["external", "body"]]},
    "gone": {"identity": [["user_id"]], "destructive": True},
}
ANA, BEN = {"user_id": "ana", "name": "Ana"}, {"user_id": "ben", "name": "Ben"}


class Store:
    """A store as runs to several destinations use it, one after the other."""

    def __init__(self, path, **words):
        self.path, self.words = path, words

    def open(self, destination="person"):
        """Return the store as a run to a destination has it; it is to be closed."""
        return Delivered(self.path, destination, DESCRIBED, **self.words)

    def send(self, record, destination="person", *, arrives=True):
        """Send a record."""
        store = self.open(destination)
        token = store.touch(record)
        if arrives:
            store.keep(token, hash_of(record))
        store.close()

    def is_unchanged(self, record, destination="person"):
        """Tell whether a run would skip a record."""
        store = self.open(destination)
        try:
            return store.holds(record, hash_of(record))
        finally:
            store.close()


@pytest.fixture
def store(tmp_path):
    """Return an empty store in a folder that is not there yet."""
    return Store(tmp_path / "inner" / "store")


def test_a_record_is_known_only_when_it_equals_the_last_one_of_its_key(store):
    assert not store.is_unchanged(ANA)
    store.send(ANA)
    assert store.is_unchanged(ANA)
    assert not store.is_unchanged({**ANA, "name": "Anna"})
    assert not store.is_unchanged(BEN)
    store.send({**ANA, "name": "Anna"})
    assert not store.is_unchanged(ANA)


def test_what_was_sent_and_may_not_have_arrived_is_not_known(store):
    store.send(ANA)
    store.send({**ANA, "name": "Anna"}, arrives=False)
    assert not store.is_unchanged(ANA)
    assert not store.is_unchanged({**ANA, "name": "Anna"})


@pytest.mark.parametrize(
    ("sent", "destination", "known"),
    [
        ({"user_id": "ana"}, "person", False),
        ({"email": "ana@example.com"}, "person", False),
        ({"id": "anything"}, "person", False),
        ({"email": "ben@example.com"}, "person", True),
        ({"user_id": "ben"}, "person", True),
        ({"user_id": "ben"}, "gone", False),
        ({"company_id": "ana"}, "company", False),
        ({"company_id": "c", "id": "x"}, "company", True),
        ({"external": "t", "body": "b"}, "reply", False),
    ],
)
def test_a_record_makes_forgotten_what_it_may_change(store, sent, destination, known):
    one = {"user_id": "ana", "email": "ana@example.com"}
    store.send(one)
    store.send(sent, destination)
    assert store.is_unchanged(one) is known


def test_a_reply_makes_its_ticket_forgotten(store):
    store.send({"external": "t"}, "ticket")
    store.send({"external": "u"}, "ticket")
    store.send({"external": "t", "body": "b"}, "reply")
    assert not store.is_unchanged({"external": "t"}, "ticket")


def test_of_two_records_of_one_key_that_are_under_way_neither_is_known(store):
    first = store.open()
    tokens = [first.touch(ANA), first.touch({**ANA, "name": "Anna"})]
    for token, record in zip(tokens, (ANA, {**ANA, "name": "Anna"}), strict=True):
        first.keep(token, hash_of(record))
    first.close()
    assert not store.is_unchanged(ANA)
    assert not store.is_unchanged({**ANA, "name": "Anna"})


def size(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        counts = [
            database.execute("SELECT count(*) FROM delivered").fetchone()[0],
            database.execute("SELECT count(*) FROM names").fetchone()[0],
        ]
    database.close()
    return max(counts)


def test_it_is_bounded_and_forgets_what_was_delivered_longest_ago(tmp_path):
    store = Store(tmp_path / "store", maximum=10)
    for number in range(95):
        store.send({"user_id": str(number)})
        assert size(store.path) <= 4 * 10
    assert store.is_unchanged({"user_id": "94"})
    assert not store.is_unchanged({"user_id": "1"})


PEOPLE = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from("abc") for name in ("id", "user_id", "email")} | {"name": st.sampled_from("xy")}
)
SENT = st.tuples(PEOPLE, st.sampled_from(["person", "gone"]), st.booleans())


@given(st.lists(SENT, max_size=15), PEOPLE)
def test_nothing_is_unchanged_that_a_later_record_may_be_the_same_as(tmp_path_factory, sent, asked):
    """A law: two records may be of one thing unless each way to name a thing that both have has other values."""
    store = Store(tmp_path_factory.mktemp("law") / "store")
    for record, destination, arrives in sent:
        store.send(record, destination, arrives=arrives)
    if not store.is_unchanged(asked):
        return
    places = [
        place
        for place, (record, where, arrives) in enumerate(sent)
        if (record, where, arrives) == (asked, "person", True)
    ]
    assert places
    for record, where, _ in sent[places[-1] + 1 :]:
        both = {"id", "user_id", "email"} & record.keys() & asked.keys()
        assert where == "person"
        assert both
        assert all(record[name] != asked[name] for name in both)


def test_a_file_that_cannot_be_used_is_refused(tmp_path):
    (tmp_path / "text").write_text("no database at all" * 99)
    for path in (tmp_path, tmp_path / "text", tmp_path / "text" / "below"):
        with pytest.raises(ConfigurationError, match=r"cannot be (used|written)|is damaged"):
            Delivered(path, "person", DESCRIBED)
