"""A state is JSON, goes back to where it was made, and is used for nothing else."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.checking.json_schema import faults_of
from custify_connector.contract.errors import StateError
from custify_connector.manifest import resources
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import Delivered, Doubts, Place, Position, start
from custify_connector.reading.state import Progress, expected, finished, resume, under_way

MANUAL = {
    "stream": "things",
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size": 10},
    "order": {"field": "created_at"},
    "incremental": {"cursor": "updated_at"},
}
FULL = read_plan(MANUAL)
INCREMENTAL = read_plan({**MANUAL, "mode": "incremental"})
PARTS = read_plan({**MANUAL, "partitions": [{"values": {"type": "a"}}, {"parents": MANUAL, "take": {"x": "id"}}]})
ALONE = read_plan({"stream": "things", "request": {"path": "/thing"}})
STARTED = "2026-03-10T12:00:00+00:00"
HEAD = {"version": 1, "stream": "things", "for": FULL.fingerprint}


def checked(state):
    """Return a state as a host gives it back; it must be what its schema says."""
    assert faults_of(state, resources.schema("state"), "state") == ()
    return json.loads(json.dumps(state))


texts = st.none() | st.text(max_size=5)
counts = st.integers(0, 10**9)
positions = st.builds(
    Position,
    st.builds(
        Place,
        number=st.integers(1, 10**6),
        size=st.integers(1, 200),
        total=st.none() | counts,
        collected=counts,
        fullest=counts,
        reached=st.integers(1, 10**6),
    ),
    st.builds(
        Delivered,
        ordered=st.booleans(),
        top=texts,
        edge=texts,
        tail=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        previous=st.just(()),
        covered=st.none(),
    ),
    fallbacks=st.lists(st.sampled_from(["path", "narrow", "order"]), unique=True).map(tuple),
    doubts=st.just(Doubts()),
    floor=st.none(),
)


@given(positions, st.none() | st.just(STARTED))
def test_a_state_in_the_middle_asks_the_last_page_again_and_remembers_the_rest(position, started):
    back = resume(FULL, checked(under_way(FULL, Progress(started, position))))
    size, reached = position.place.size, position.place.reached
    number = 1 + (reached - 1) // size
    # How full a page was is forgotten with the first one, which says nothing of what lies below.
    fullest = position.place.fullest if number > 1 else 0
    place = replace(position.place, number=number, reached=number * size, overlap=size, fullest=fullest)
    delivered = replace(position.delivered, covered=back.position.delivered.covered)
    assert (back.started, back.position.place, back.position.delivered) == (started, place, delivered)
    assert (back.position.doubts, back.position.fallbacks) == (Doubts(is_resumed=True), position.fallbacks)


@pytest.mark.parametrize(("number", "size"), [(1, 10), (2, 3)])
def test_a_first_page_that_a_limit_made_small_is_asked_again_at_its_whole_size(number, size):
    plan = read_plan({**MANUAL, "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10}})
    position = Position(Place(number + 1, 3, collected=number * 3, reached=number * 3), Delivered(tail=("a",)))
    place = resume(
        plan, checked({**under_way(plan, Progress(STARTED, position)), "for": plan.fingerprint})
    ).position.place
    assert (place.number, place.size, place.reached) == (number, size, number * size)


@given(positions, st.integers(0, 1), st.dictionaries(st.text("x", min_size=1), st.text(max_size=3), max_size=1))
def test_a_state_within_partitions_remembers_which_one(position, entry, parent):
    parents = {**HEAD, "started": STARTED}
    progress = Progress(STARTED, position, entry, parents, parent)
    back = resume(PARTS, checked(under_way(PARTS, progress)))
    assert (back.entry, back.parents, back.parent, back.between) == (entry, parents, parent, False)
    between = resume(PARTS, checked(under_way(PARTS, replace(progress, between=True))))
    assert (between.entry, between.parent, between.between) == (entry, parent, True)
    assert between.position == start(PARTS, None)


@pytest.mark.parametrize("state", [None, {}])
def test_without_a_state_a_read_starts_from_the_beginning(state):
    assert resume(FULL, state) == Progress(None, start(FULL, None))


def test_a_stream_without_pages_is_asked_again_from_its_only_request():
    state = checked(under_way(ALONE, Progress(STARTED, Position(Place(2, None, collected=3)))))
    assert state["position"]["number"] == 1
    assert resume(ALONE, state).position.doubts.is_resumed


@pytest.mark.parametrize("plan", [FULL, PARTS, ALONE], ids=["pages", "partitions", "alone"])
def test_a_finished_full_read_leaves_a_state_that_starts_from_the_beginning(plan):
    state = checked(finished(plan, Progress(STARTED, Position(Place(7, 10, collected=60)))))
    assert state == {"version": 1, "stream": "things", "for": plan.fingerprint}
    resumed = resume(plan, state)
    assert (resumed.position, resumed.entry) == (start(plan, None), 0)


# ----------------------------------------------------------------------------------------------------------- the cursor


def test_a_finished_incremental_read_leaves_a_cursor_five_minutes_before_it_started():
    state = checked(finished(INCREMENTAL, Progress(STARTED, start(INCREMENTAL, None))))
    assert state["cursor"] == "2026-03-10T11:55:00.000Z"
    assert resume(INCREMENTAL, state).position == start(INCREMENTAL, "2026-03-10T11:55:00.000Z")


@pytest.mark.parametrize("started", ["2026-03-10T12:00:00Z", "2026-03-10T13:00:00+0100", "2026-03-10T12:00:00.5Z"])
def test_a_run_that_is_resumed_ends_whatever_the_form_of_its_start(started):
    """A state that was accepted may not break the read at its end: Python 3.10 alone reads fewer forms of a time."""
    resumed = resume(INCREMENTAL, {**HEAD, "for": INCREMENTAL.fingerprint, "started": started, "position": POSITION})
    assert checked(finished(INCREMENTAL, resumed))["cursor"] == "2026-03-10T11:55:00.000Z"


def test_a_run_that_never_got_an_answer_has_no_cursor():
    assert "cursor" not in finished(INCREMENTAL, Progress(None, start(INCREMENTAL, None)))


moments = st.datetimes(timezones=st.timezones()).filter(lambda moment: 1900 < moment.year < 9000)


@given(st.lists(moments, min_size=1, max_size=5))
def test_the_cursor_never_goes_back(starts):
    """Law: whatever the service's clock says from run to run, each run's cursor is at or after the last one's."""
    state, cursor = None, ""
    for moment in starts:
        progress = resume(INCREMENTAL, state)
        state = checked(finished(INCREMENTAL, replace(progress, started=moment.isoformat())))
        assert state["cursor"] >= cursor
        cursor = state["cursor"]


def test_a_state_in_the_middle_of_an_incremental_read_keeps_its_floor():
    position = start(INCREMENTAL, "2026-03-01T00:00:00.000Z")
    state = checked(under_way(INCREMENTAL, Progress(STARTED, replace(position, place=Place(3, 10)))))
    assert state["cursor"] == "2026-03-01T00:00:00.000Z"
    assert resume(INCREMENTAL, state).position.floor == "2026-03-01T00:00:00.000Z"


# ------------------------------------------------------------------------------------------------------ what is refused

DAMAGED = "state: is damaged: restore it, or start without it"
POSITION = {"number": 3, "tail": ["a"]}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("text", "state: must be object, not text"),
        (5, "state: must be object, not a number"),
        ([HEAD], "state: must be object, not an array"),
        ({"x": 1}, "state.x: unknown field"),
        ({**HEAD, "version": 0}, "state.version: is 0; at least 1"),
        ({**HEAD, "version": "1"}, "state.version: must be integer, not text"),
        ({**HEAD, "for": 5}, "state.for: must be string"),
        ({**HEAD, "position": {}}, "state.position.number: is required"),
        ({**HEAD, "position": {**POSITION, "number": -1}}, "state.position.number: is -1"),
        ({**HEAD, "position": {**POSITION, "tail": [1]}}, "state.position.tail[0]: must be string"),
        ({**HEAD, "position": {**POSITION, "size": 0}}, "state.position.size: is 0"),
        ({**HEAD, "position": {**POSITION, "concessions": ["all"]}}, "state.position.concessions[0]: must be one of"),
        ({**HEAD, "parents": []}, "state.parents: must be object or null"),
        ({**HEAD, "started": 5}, "state.started: must be string or null"),
        ({**HEAD, "started": "yesterday"}, "state.started: "),
        ({**HEAD, "cursor": "yesterday"}, "state.cursor: does not have the form"),
        ({**HEAD, "cursor": "2026-13-45T00:00:00Z"}, "state.cursor: "),
        ({**HEAD, "cursor": "0001-01-01T00:00:00Z"}, "state.cursor: is not a date and time"),
        ({**HEAD, "started": "0001-01-01T00:00:00Z"}, "state.started: is not a date and time"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_damaged_state_is_refused_with_its_place_and_what_to_do(state, said):
    with pytest.raises(StateError) as caught:
        resume(FULL, state)
    texts = [str(fault) for fault in caught.value.faults]
    assert any(text.startswith(said) for text in texts), texts
    assert DAMAGED in texts


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            {**HEAD, "version": 2},
            "state.version: is 2, and this connector knows 1: update the connector, or start without",
        ),
        ({"version": 3, "new": True}, "state.version: is 3, and this connector knows 1: update the connector"),
        ({**HEAD, "stream": "others"}, "state.stream: belongs to 'others', not to 'things'"),
        (
            {**HEAD, "for": "0" * 16},
            "state.for: belongs to 'things' with other parameters or another mode: start without it",
        ),
        (
            finished(INCREMENTAL, Progress(STARTED, start(INCREMENTAL, None))),
            "state.for: belongs to 'things' with other",
        ),
        (finished(PARTS, Progress(STARTED, start(PARTS, None))), "state.for: belongs to 'things' with other"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_state_of_something_else_is_refused_with_what_to_do(state, said):
    with pytest.raises(StateError) as caught:
        resume(FULL, state)
    assert str(caught.value).startswith(said)


def test_a_partition_that_the_source_does_not_have_is_refused():
    state = {"version": 1, "stream": "things", "for": PARTS.fingerprint, "partition": 2, "started": STARTED}
    with pytest.raises(StateError, match=r"state\.partition"):
        resume(PARTS, state)


@pytest.mark.parametrize("parents", [{"version": 9}, {"x": 1}, {**HEAD, "stream": "others"}], ids=repr)
def test_a_damaged_state_of_the_parents_is_refused_at_once(parents):
    state = {"version": 1, "stream": "things", "for": PARTS.fingerprint, "partition": 1, "parents": parents}
    with pytest.raises(StateError, match="state"):
        resume(PARTS, {**state, "parent": {}, "started": STARTED})


# ------------------------------------------------------------------------------------------------- the expected records


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (None, None),
        ({}, None),
        (HEAD, None),
        ({**HEAD, "position": "damaged"}, None),
        ({**HEAD, "position": POSITION}, None),
        ({**HEAD, "position": {**POSITION, "total": "7"}}, None),
        ({**HEAD, "position": {**POSITION, "total": 7}}, 7),
        ({**HEAD, "position": {**POSITION, "total": 7}, "partition": 0}, None),
    ],
    ids=str,
)
def test_a_state_knows_how_many_records_a_whole_stream_has(state, count):
    assert expected(state) == count


@pytest.mark.parametrize(("collected", "covered"), [(9, None), (10, "edge"), (11, "edge")])
def test_a_resumed_read_goes_by_the_order_once_enough_records_proved_it(collected, covered):
    stored = {**POSITION, "collected": collected, "edge": "edge", "ordered": True}
    assert resume(FULL, {**HEAD, "position": stored}).position.delivered.covered == covered
    assert resume(FULL, {**HEAD, "position": {**stored, "ordered": False}}).position.delivered.covered is None
