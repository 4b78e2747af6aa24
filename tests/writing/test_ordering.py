"""Which records are delivered together, and which deliveries must wait for which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract import Receipt
from custify_connector.exchange.wire import Request
from custify_connector.manifest import Touch
from custify_connector.writing import ordering
from custify_connector.writing.ordering import Ordering
from custify_connector.writing.requests import Prepared

BY_ID = (Touch("thing", (("id",),)),)
REJECTED = Receipt(0, "rejected")


def record(key=None, **attributes):
    """Return a record of this key that holds these attributes."""
    body = {"id": key, "own": attributes, "free": {"x": 1}}
    return Prepared(0, Request("POST", "/thing"), {"id": key} if key else None, repeatable=True, record=body)


def groups(size, entries, delivered=()):
    """Return the groups of a run as (number, entries, after); `delivered` are known to be so before the last entry."""
    order, found = Ordering(size, BY_ID, ("own",)), []
    for place, entry in enumerate(entries):
        if place == len(entries) - 1:
            for number in delivered:
                order.delivered(number)
        found += order.add(entry)
    return [(group.number, len(group.entries), sorted(group.after)) for group in [*found, *order.rest()]]


@pytest.mark.parametrize(
    ("size", "entries", "expected"),
    [
        pytest.param(1, [], [], id="nothing"),
        pytest.param(1, [record("a"), record("b")], [(0, 1, []), (1, 1, [])], id="two keys"),
        pytest.param(1, [record("a"), record("a")], [(0, 1, []), (1, 1, [0])], id="one key"),
        pytest.param(1, [record("a")] * 3, [(0, 1, []), (1, 1, [0]), (2, 1, [0, 1])], id="each waits for those before"),
        pytest.param(1, [record(), record()], [(0, 1, []), (1, 1, [])], id="no key"),
        pytest.param(1, [record(p=1)] * 3, [(0, 1, []), (1, 1, [0]), (2, 1, [0])], id="all wait for the first value"),
        pytest.param(1, [record(p=None), record(p=2)], [(0, 1, []), (1, 1, [])], id="null fixes no type"),
        pytest.param(
            1, [record("a"), record(p=1), record("a", p=2)], [(0, 1, []), (1, 1, []), (2, 1, [0, 1])], id="both"
        ),
        pytest.param(1, [record("a"), REJECTED, record("b")], [(0, 1, []), (1, 1, []), (2, 1, [])], id="rejected"),
        pytest.param(3, [record("a"), record("b")], [(0, 2, [])], id="not full"),
        pytest.param(2, [record("a"), record("b"), record("c")], [(0, 2, []), (1, 1, [])], id="full"),
        pytest.param(
            2, [record("a"), REJECTED, record("b"), record()], [(0, 3, []), (1, 1, [])], id="rejected between"
        ),
        pytest.param(3, [record("a"), record("b"), record("a")], [(0, 2, []), (1, 1, [0])], id="a key once in a group"),
        pytest.param(3, [record(p=1)] * 3, [(0, 1, []), (1, 2, [0])], id="a first value alone"),
        pytest.param(3, [REJECTED, record("a"), record("b")], [(0, 1, []), (1, 2, [])], id="rejected first"),
    ],
)
def test_records_are_grouped_and_wait_for_those_they_must_not_overtake(size, entries, expected):
    assert groups(size, entries) == expected


def test_a_delivered_group_is_waited_for_no_more_and_others_still_are():
    assert groups(1, [record("a"), record("b"), record("b")], delivered=[0])[-1] == (2, 1, [1])
    assert groups(1, [record("a"), record("b"), record("a")], delivered=[0])[-1] == (2, 1, [])
    assert groups(1, [record(p=1), record(p=2)], delivered=[0])[-1] == (1, 1, [])


def test_a_group_holds_its_records_without_the_rejected_ones():
    order = Ordering(2, BY_ID)
    [*_, group] = [*order.add(record("a")), *order.add(REJECTED), *order.add(record("b"))]
    assert [each.key for each in group.records] == [{"id": "a"}, {"id": "b"}]


def test_a_batch_does_not_wait_for_ever_among_rejected_records(monkeypatch):
    monkeypatch.setattr(ordering, "MOST_ENTRIES", 3)
    assert groups(9, [record("a"), REJECTED, REJECTED])[0] == (0, 3, [])
    assert groups(9, [record("a"), *[REJECTED] * 5]) == [(0, 4, []), (1, 1, []), (2, 1, [])]


entry = st.builds(
    record, st.sampled_from([None, *"abc"]), p=st.sampled_from([None, 1]), q=st.sampled_from([None, 1])
) | st.just(REJECTED)


@given(st.lists(entry, max_size=25), st.integers(1, 5))
def test_no_record_overtakes_one_of_its_key_or_the_first_value_of_its_attribute(entries, size):
    """A law: whatever the groups, each waits, through others or itself, for the earlier group that it must follow."""
    order = Ordering(size, BY_ID, ("own",))
    found = [group for each in entries for group in order.add(each)] + order.rest()
    assert [each for group in found for each in group.entries] == entries
    assert [group.number for group in found] == list(range(len(found)))
    follows, latest, first = {}, {}, {}
    for group in found:
        follows[group.number] = set(group.after).union(*(follows[number] for number in group.after))
        keys = [str(each.key) for each in group.records if each.key]
        names = {name for each in group.records for name, value in each.record["own"].items() if value is not None}
        assert len(keys) == len(set(keys))
        assert len(group.records) <= size
        for number in {latest[key] for key in keys if key in latest} | {first[name] for name in names if name in first}:
            assert number in follows[group.number]
        latest.update(dict.fromkeys(keys, group.number))
        first = {**dict.fromkeys(names, group.number), **first}
