"""Reading a whole stream: over a model of Custify where no socket matters, and over the sandbox where one does."""

import itertools
import json
import threading
import time
from collections import Counter, deque

import pytest

from custify_connector.checking.json_schema import faults_of
from custify_connector.contract.errors import (
    ConfigurationError,
    CredentialRefused,
    IncompleteRead,
    ServiceUnavailable,
    UnexpectedReply,
)
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Failure, Response
from custify_connector.exchange.workers import AHEAD
from custify_connector.manifest import resources
from custify_connector.plugin import connector
from custify_connector.reading import partitions
from custify_connector.reading import state as states
from custify_connector.reading import stream as streams
from custify_connector.reading.plan import read_plan
from custify_connector.sandbox import Drift, Quirks, Sandbox

DATE = "Tue, 10 Mar 2026 12:00:00 GMT"
NOON = 1_773_144_000.0
THINGS = {
    "stream": "things",
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "key": [["id"]],
    "order": {"field": "created_at", "query": {"sort": "created_at"}},
    "incremental": {"cursor": "created_at", "query": {"sort": "created_at"}},
}
PARTS = {
    **THINGS,
    "stream": "parts",
    "request": {"path": "/part/{thing}"},
    "partitions": [{"parents": THINGS, "take": {"thing": "id"}}],
    "add": {"thing": "thing"},
    "key": [["thing", "id"]],
}


def row(number):
    minutes, seconds = divmod(number, 60)
    return {"id": f"r{number}", "created_at": f"2026-01-01T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.000Z"}


class Service:
    """A model of Custify behind a `Send`: lists newest first; `answers` by (path, page of ten) replace its own."""

    def __init__(self, **lists):
        self.lists = {f"/{name}": [row(number) for number in range(size)] for name, size in lists.items()}
        self.answers, self.headers, self.wall = {}, {"date": DATE}, NOON
        self.asked, self.under_way, self.most = [], 0, 0
        self.refused_words, self.counted = (), None
        self._lock = threading.Lock()

    def part_lists(self, size):
        """Give each thing a list of parts."""
        self.lists |= {
            f"/part/r{number}": [row(one) for one in range(size(number))] for number in range(len(self.lists["/thing"]))
        }
        return self

    def __call__(self, request):
        """Answer one request."""
        query = dict(request.query)
        with self._lock:
            assert len(self.asked) < 5_000, "the read does not end"
            self.asked.append((request.path, int(query.get("page", 1)), query))
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        try:
            return self._answer(request.path, query)
        finally:
            with self._lock:
                self.under_way -= 1

    def _answer(self, path, query):
        page, size = int(query.get("page", 1)), int(query.get("itemsPerPage", 10))
        for (other, number), answer in self.answers.items():
            if path == other and (page - 1) * size <= (number - 1) * 10 < page * size:
                return answer
        if any(word in query for word in self.refused_words):
            return Response(400, {"message": "no sorting here"}, self.headers)
        rows = list(reversed(self.lists[path]))
        return Response(
            200, {"things": rows[(page - 1) * size : page * size], "total": self.counted or len(rows)}, self.headers
        )

    def client(self, workers=4):
        """Return a client of this service, whose waits take no time."""
        quick = Clock(wall=lambda: self.wall, pause=lambda _seconds, stop: stop.is_set())
        return Client(self, Budget(None, quick), max_in_flight=workers, clock=quick)


def batches(service, manual=THINGS, state=None, workers=4):
    """Yield the batches of a stream; every state is JSON, and as its schema says."""
    plan = read_plan(manual)
    for batch in streams.read(service.client(workers), plan, states.resume(plan, state)):
        assert faults_of(batch.state, resources.schema("state"), "state") == ()
        assert json.loads(json.dumps(batch.state)) == batch.state
        yield batch


def ids(run):
    return [(record.get("thing"), record["id"]) for batch in run for record in batch.records]


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("custify-read")]


@pytest.fixture(autouse=True)
def _leaves_no_thread():
    yield
    assert threads() == []


# -------------------------------------------------------------------------------------------------- order, bounds, ends


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("size", [0, 1, 10, 11, 95, 300])
def test_every_record_comes_once_and_in_order(workers, size):
    service = Service(thing=size)
    run = list(batches(service, workers=workers))
    assert ids(run) == [(None, f"r{number}") for number in reversed(range(size))]
    assert service.most <= workers


def test_a_consumer_that_stops_early_leaves_no_thread_and_causes_no_later_request():
    service = Service(thing=5000)
    run = batches(service, workers=4)
    next(run), next(run)
    run.close()
    asked = len(service.asked)
    assert threads() == []
    assert asked <= 2 + 4 + 2
    assert len(service.asked) == asked


def test_how_far_it_reads_ahead_does_not_grow_with_the_stream():
    service = Service(thing=1500)
    furthest = 0
    for taken, _ in enumerate(batches(service, workers=4), start=1):
        furthest = max(furthest, max(page for _, page, _ in service.asked) - taken)
    assert furthest <= 4 + 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(401), CredentialRefused),
        (Response(400, {"message": "bad"}), ConfigurationError),
        (Response(418), UnexpectedReply),
        (Response(200, {"other": 1}), UnexpectedReply),
        (Response(500), ServiceUnavailable),
        (Failure("broken", "the connection broke", arrived=True), ServiceUnavailable),
    ],
    ids=["401", "400", "418", "envelope", "500", "broken"],
)
@pytest.mark.parametrize("workers", [1, 8])
def test_an_error_surfaces_after_the_batches_before_it(answer, error, workers):
    service = Service(thing=300)
    service.answers["/thing", 7] = answer
    run = []
    with pytest.raises(error, match="things: GET /thing"):
        deque(map(run.append, batches(service, workers=workers)), maxlen=0)
    assert len(ids(run)) in range(50, 70)
    assert ids(run) == [(None, f"r{number}") for number in reversed(range(300 - len(ids(run)), 300))]
    service.answers.clear()
    rest = list(batches(service, state=run[-1].state, workers=workers))
    assert ids(run + rest) == [(None, f"r{number}") for number in reversed(range(300))]


@pytest.mark.parametrize("workers", [1, 4])
def test_from_every_state_a_read_goes_on_to_the_union(workers):
    service = Service(thing=95)
    run = list(batches(service, workers=workers))
    for done in range(1, len(run)):
        rest = list(batches(service, state=run[done - 1].state, workers=workers))
        assert ids(run[:done] + rest) == ids(run)


@pytest.mark.parametrize("limit", [1, 9, 10, 11, 25, 95, 200])
def test_a_limit_ends_the_read_and_its_state_goes_on_after_it(limit):
    service = Service(thing=95)
    run = list(batches(service, {**THINGS, "limit": limit}))
    assert len(ids(run)) == min(limit, 95)
    if limit < 95:
        assert ids(run + list(batches(service, state=run[-1].state))) == ids(batches(service))


def test_fields_choose_what_a_record_keeps():
    records = [
        record for batch in batches(Service(thing=3), {**THINGS, "fields": ["id", "no"]}) for record in batch.records
    ]
    assert records == [{"id": "r2"}, {"id": "r1"}, {"id": "r0"}]


def test_a_finished_full_read_starts_the_next_one_from_the_beginning():
    service = Service(thing=25)
    *_, last = batches(service)
    assert last.state.keys() == {"version", "stream", "for"}
    assert ids(batches(service, state=last.state)) == ids(batches(service))


@pytest.mark.parametrize(
    ("date", "cursor"),
    [
        (DATE, "2026-03-10T11:55:00.000Z"),
        ("Tue, 10 Mar 2026 13:30:00 +0200", "2026-03-10T11:25:00.000Z"),
        ("Tue, 10 Mar 2026 12:00:00 -0000", "2026-03-10T11:55:00.000Z"),
        ("Tue, 10 Mar 2026 12:00:00", "2026-03-10T11:55:00.000Z"),
        ("Tue Mar 10 12:00:00 2026", "2026-03-10T11:55:00.000Z"),
        ("Tuesday, 10-Mar-26 12:00:00 GMT", "2026-03-10T11:55:00.000Z"),
        (f"{DATE}, {DATE}", "2026-03-10T11:55:00.000Z"),
        ("Tue, 10 Mar 2026 12:59:00 GMT", "2026-03-10T12:54:00.000Z"),
        ("Tue, 10 Mar 2026 11:01:00 GMT", "2026-03-10T10:56:00.000Z"),
        ("Mon, 10 Mar 2036 12:00:00 GMT", "2026-03-10T11:55:00.000Z"),
        ("Tue, 10 Mar 2026 14:00:00 GMT", "2026-03-10T11:55:00.000Z"),
        ("Tue, 10 Mar 2026 09:00:00 GMT", "2026-03-10T08:55:00.000Z"),
        ("yesterday", "2026-03-10T10:55:00.000Z"),
        ("Tue, 10 Mar 2026 12:00:00 +9999999999999", None),
        ("Tue, 10 Mar 0000 12:00:00 GMT", None),
        (None, "2026-03-10T10:55:00.000Z"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_a_finished_incremental_read_leaves_a_cursor_after_which_no_change_is_lost(local_zone, zone, date, cursor):
    """By the service's clock, or by the earlier one where the two differ by more than an hour."""
    local_zone(zone)
    service = Service(thing=25)
    service.headers = {"date": date} if date else {}
    *_, last = batches(service, {**THINGS, "mode": "incremental"})
    assert last.state["cursor"] <= "2026-03-10T12:55:00.000Z"
    assert cursor in {None, last.state["cursor"]}


@pytest.fixture
def local_zone(monkeypatch):
    """Return a function that puts this machine into another zone, for the time of a test."""

    def put(zone):
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield put
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("date", "warned"), [(DATE, False), ("Mon, 10 Mar 2036 12:00:00 GMT", True)])
def test_clocks_that_differ_by_more_than_an_hour_are_warned_of(date, warned, caplog):
    service = Service(thing=25)
    service.headers = {"date": date}
    list(batches(service))
    assert ("Custify's clock says 2036-03-10T12:00:00+00:00" in caplog.text) is warned


def test_a_cursor_that_a_wrong_clock_left_far_ahead_makes_the_read_incomplete():
    service, manual = Service(thing=25), {**THINGS, "mode": "incremental"}
    ahead = {name: CURSOR_STATE[name] for name in ("version", "stream", "for")} | {"cursor": "2036-03-10T12:00:00.000Z"}
    _, error = taken(batches(service, manual, ahead))
    assert "the cursor 2036-03-10T12:00:00.000Z is in the future, which hides changes" in error


UNREADABLE = [
    "",
    "2026-03-11 09:50",
    "2026-03-11",
    "2026-03-11T09:50:00 UTC",
    "11/30/2026 09:50:00",
    "1796032195",
    None,
]


@pytest.mark.parametrize("date", UNREADABLE, ids=repr)
def test_a_record_whose_cursor_is_no_moment_comes_with_every_incremental_read(date):
    service, manual = Service(thing=25), {**THINGS, "mode": "incremental"}
    *_, last = batches(service, manual)
    service.lists["/thing"].insert(0, {"id": "odd", "created_at": date})
    assert ids(batches(service, manual, last.state)) == [(None, "odd")]


def test_the_next_incremental_read_delivers_what_changed_since_and_moves_the_cursor():
    service, manual = Service(thing=25), {**THINGS, "mode": "incremental"}
    *_, last = batches(service, manual)
    service.lists["/thing"].append({"id": "new", "created_at": "2026-03-10T12:30:00.000Z"})
    service.headers, service.wall = {"date": "Tue, 10 Mar 2026 13:00:00 GMT"}, NOON + 3600
    run = list(batches(service, manual, last.state))
    assert ids(run) == [(None, "new")]
    assert run[-1].state["cursor"] == "2026-03-10T12:55:00.000Z"


def taken(run):
    """Return the batches of a read, and what was raised after the last."""
    found = []
    try:
        deque(map(found.append, run), maxlen=0)
    except IncompleteRead as error:
        return found, str(error)
    return found, None


NEVER_CAME = "things: the read is incomplete: Custify counts 40 records, and 15 of them never came. Read it again, or "


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_a_read_in_which_records_never_came_is_not_a_finished_one(mode, workers):
    service = Service(thing=25)
    service.counted = 40
    manual = {**THINGS, "mode": mode}
    begin = None if mode == "full" else {name: CURSOR_STATE[name] for name in ("version", "stream", "for", "cursor")}
    run, error = taken(batches(service, manual, begin, workers))
    assert len(ids(run)) == 25
    assert error.startswith(NEVER_CAME)
    assert run[-1].state.get("cursor") == (begin or {}).get("cursor")
    assert ids(taken(batches(service, manual, run[-1].state))[0]) == ids(run), "it starts over"


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("size", [12, 25, 200])
def test_a_service_that_shows_its_first_page_for_each_is_short_of_what_it_counts(size, mode, workers):
    """The pages reach further than the count, which is right all the same."""

    class Stuck(Service):
        def _answer(self, path, query):
            return super()._answer(path, {**query, "page": "1"})

    run, error = taken(batches(Stuck(thing=size), {**THINGS, "mode": mode}, None, workers))
    assert len(ids(run)) == 10
    assert error.startswith("things: the read is incomplete")
    assert "cursor" not in run[-1].state


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("shown", [1, 3, 5])
@pytest.mark.parametrize("size", [25, 45])
def test_a_page_cut_to_its_first_records_without_a_count_is_held_to_the_count_of_those_before(
    size, shown, mode, workers
):
    class Cut(Service):
        def _answer(self, path, query):
            answer = super()._answer(path, query)
            if query.get("page") != "2":
                return answer
            return Response(200, {"things": answer.body["things"][:shown]}, self.headers)

    run, error = taken(batches(Cut(thing=size), {**THINGS, "mode": mode}, None, workers))
    assert len(ids(run)) == size or error is not None
    assert error is None or "cursor" not in run[-1].state


@pytest.mark.parametrize("workers", [1, 8])
def test_a_page_that_shows_few_and_counts_none_ends_no_list_of_which_more_were_counted(workers):
    """However it is asked for: what stands below it is asked for as well, or the read is incomplete."""

    class Cut(Service):
        def _answer(self, path, query):
            answer = super()._answer(path, query)
            if query.get("page") != "2":
                return answer
            return Response(200, {"things": answer.body["things"][:10]}, self.headers)

    manual = {**THINGS, "page": {**THINGS["page"], "size": 200}}
    run, error = taken(batches(Cut(thing=450), manual, None, workers))
    assert len(ids(run)) == 450 or error.startswith("things: the read is incomplete")


def test_records_that_never_came_are_only_warned_of_where_that_is_allowed(caplog):
    service = Service(thing=25)
    service.counted = 40
    allowed = {**THINGS, "mode": "incremental", "settings": {"allow_incomplete": True}}
    run, error = taken(batches(service, allowed))
    assert (len(ids(run)), error) == (25, None)
    assert run[-1].state["cursor"] == "2026-03-10T11:55:00.000Z"
    assert "things: Custify counts 40 records, and 15 of them never came" in caplog.text


EMPTY = {
    "empty": Response(200, {"things": [], "total": 95}),
    "404": Response(404),
    "204": Response(204),
    "array": Response(200, []),
}


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("name", EMPTY)
def test_pages_below_one_that_stays_empty_are_read_and_the_read_is_incomplete(name, mode, workers):
    service = Service(thing=95)
    for number in (4, 5):  # as large as any page that is asked
        service.answers["/thing", number] = EMPTY[name]
    run, error = taken(batches(service, {**THINGS, "mode": mode}, workers=workers))
    came = {name for _, name in ids(run)}
    assert {f"r{number}" for number in (*range(70, 95), *range(35))} <= came
    assert "of them never came" in error
    assert "cursor" not in run[-1].state


def test_a_single_request_that_shows_a_part_of_what_is_counted_is_incomplete():
    service = Service(thing=95)
    run, error = taken(batches(service, {**THINGS, "page": None}))
    assert len(ids(run)) == 10
    assert "Custify counts 95 records, and 85 of them never came. Add page to the source" in error


@pytest.mark.parametrize("workers", [1, 4])
def test_a_partition_in_which_records_never_came_stops_no_other(monkeypatch, workers):
    monkeypatch.setattr(partitions, "RECORDS_GATHERED", 7)
    service = Service(thing=5).part_lists(lambda _number: 25)
    service.answers["/part/r2", 3] = Response(200, {"things": [], "total": 25})
    run, error = taken(batches(service, PARTS, workers=workers))
    assert {parent for parent, _ in ids(run)} == {"r0", "r1", "r2", "r3", "r4"}
    assert error.startswith("parts: the read is incomplete: r2: Custify counts 25 records, and ")
    resumed = next(batch.state for batch in run if batch.state.get("incomplete"))
    service.answers.clear()
    assert "an earlier part of it is incomplete" in taken(batches(service, PARTS, resumed))[1]


def test_pages_that_contradict_each_other_about_the_total_end_all_the_same():
    """Two servers behind one address may count differently, each time the same way."""
    service = Service(thing=95)
    first = list(reversed(service.lists["/thing"]))[:10]
    service.answers["/thing", 1] = Response(200, {"things": first, "total": 120}, {"date": DATE})
    assert len(ids(batches(service))) == 95


def test_a_resumed_read_delivers_nothing_again_though_more_than_a_page_came_in_between():
    service = Service(thing=95)
    run = list(batches(service))
    for done in range(1, len(run)):
        service.lists["/thing"] += [row(len(service.lists["/thing"]) + number) for number in range(25)]
        rest = ids(batches(service, state=run[done - 1].state))
        assert not set(ids(run[:done])) & set(rest)
        assert set(ids(run)) <= set(ids(run[:done])) | set(rest)


# ------------------------------------------------------------------------------------------------------------ fallbacks


@pytest.mark.parametrize("workers", [1, 8])
def test_what_is_refused_is_given_up_once_for_the_whole_run(workers, caplog):
    service = Service(thing=95)
    service.refused_words = ("sort",)
    assert len(ids(batches(service, workers=workers))) == 95
    assert sum("sort" in query for _, _, query in service.asked) == 1
    assert "things: Custify refused the request (no sorting here); it is sent again without sorting" in caplog.text


@pytest.mark.parametrize("workers", [1, 8])
def test_what_one_partition_was_refused_no_other_asks_for(workers):
    service = Service(thing=30).part_lists(lambda _number: 12)
    service.refused_words = ("sort",)
    assert len(ids(batches(service, PARTS, workers=workers))) == 30 * 12
    refused = [path for path, _, query in service.asked if "sort" in query]
    assert len(refused) == 2, "once for the parents, and once for their parts"


def test_a_resumed_read_remembers_what_was_refused():
    service = Service(thing=95)
    service.refused_words = ("sort",)
    first = next(batches(service))
    service.asked.clear()
    list(batches(service, state=first.state))
    assert not any("sort" in query for _, _, query in service.asked)


# ----------------------------------------------------------------------------------------------------------- partitions


def sizes(number):
    return (0, 3, 25, 1)[number % 4]


@pytest.mark.parametrize("workers", [1, 8])
def test_the_parts_of_every_parent_come_in_order_and_carry_its_id(workers):
    service = Service(thing=33).part_lists(sizes)
    expected = [
        (f"r{parent}", f"r{number}") for parent in reversed(range(33)) for number in reversed(range(sizes(parent)))
    ]
    assert ids(batches(service, PARTS, workers=workers)) == expected
    assert service.most <= 2 * workers


class LateParts(Service):
    """Answers for the parts of the second thing after those of so many others, and for all else at once."""

    def __init__(self, others, **lists):
        super().__init__(**lists)
        self.late, self.others, self.known = threading.Event(), others, None

    def __call__(self, request):
        """Answer one request."""
        if request.path == "/part/r38":
            assert self.late.wait(10)
            self.known = self.known or sum(path.startswith("/part/") for path, _, _ in self.asked)
        answer = super().__call__(request)
        with self._lock:
            asked = sum(path.startswith("/part/") for path, _, _ in self.asked)
        if asked == self.others:
            self.late.set()
        return answer


@pytest.mark.parametrize(("limit", "others"), [(None, 1 + AHEAD * 4 - 1), (1000, 1 + 3)])
def test_one_late_parent_keeps_no_other_from_being_asked_up_to_a_bound(limit, others):
    service = LateParts(others, thing=40).part_lists(sizes)
    run = ids(batches(service, {**PARTS, **({"limit": limit} if limit else {})}, workers=4))
    assert service.known == others
    assert run == [(f"r{one}", f"r{number}") for one in reversed(range(40)) for number in reversed(range(sizes(one)))]


@pytest.mark.parametrize("workers", [1, 4])
def test_from_every_state_within_partitions_a_read_goes_on_to_the_union(monkeypatch, workers):
    monkeypatch.setattr(partitions, "RECORDS_GATHERED", 7)
    monkeypatch.setattr(partitions, "PARTITIONS_GATHERED", 3)
    service = Service(thing=33).part_lists(sizes)
    run = list(batches(service, PARTS, workers=workers))
    assert len(run) > 20
    for done in range(1, len(run)):
        rest = list(batches(service, PARTS, run[done - 1].state, workers))
        assert ids(run[:done] + rest) == ids(run)
    assert run[-1].state.keys() == {"version", "stream", "for"}


@pytest.mark.parametrize("limit", [1, 5, 30, 200, 240])
def test_a_limit_within_partitions_ends_the_read_and_can_be_gone_on_from(limit):
    service = Service(thing=33).part_lists(sizes)
    run = list(batches(service, {**PARTS, "limit": limit}))
    assert len(ids(run)) == min(limit, 232)
    if limit < 232:
        assert ids(run + list(batches(service, PARTS, run[-1].state))) == ids(batches(service, PARTS))


def test_small_partitions_are_gathered_so_that_a_batch_is_worth_its_while():
    service = Service(thing=60).part_lists(lambda _number: 2)
    assert [len(batch.records) for batch in batches(service, PARTS)] == [120]


def test_a_batch_of_partitions_ends_after_so_many_of_them_or_so_many_records(monkeypatch):
    monkeypatch.setattr(partitions, "PARTITIONS_GATHERED", 3)
    few = Service(thing=9).part_lists(lambda _number: 1)
    assert [len(batch.records) for batch in batches(few, PARTS)] == [3, 3, 3, 0]
    monkeypatch.setattr(partitions, "RECORDS_GATHERED", 8)
    many = Service(thing=9).part_lists(lambda _number: 4)
    assert [len(batch.records) for batch in batches(many, PARTS)] == [8, 8, 8, 8, 4]


def test_partitions_of_fixed_values_are_read_one_after_another_and_resumed():
    manual = {
        **THINGS,
        "request": {"path": "/{kind}"},
        "partitions": [{"values": {"kind": "b"}}, {"values": {"kind": "a"}}],
    }
    manual |= {"add": {"thing": "kind"}}
    service = Service(a=250, b=230)
    run = list(batches(service, manual))
    assert Counter(kind for kind, _ in ids(run)) == {"a": 250, "b": 230}
    for done in range(1, len(run)):
        assert ids(run[:done] + list(batches(service, manual, run[done - 1].state))) == ids(run)


@pytest.mark.parametrize("name", [None, "", ...], ids=["null", "empty", "missing"])
def test_a_parent_without_an_id_is_skipped_and_said(name, caplog):
    service = Service(thing=5).part_lists(lambda _number: 2)
    nameless = {"created_at": service.lists["/thing"][3]["created_at"]}
    service.lists["/thing"][3] = nameless if name is ... else {**nameless, "id": name}
    assert {parent for parent, _ in ids(batches(service, PARTS))} == {"r0", "r1", "r2", "r4"}
    assert not [path for path, _, _ in service.asked if path in {"/part/null", "/part/", "/part/None"}]
    assert "things: skipped 1 records without id" in caplog.text


def test_a_parent_is_named_by_the_services_own_id_where_it_has_no_other():
    service = Service(thing=3).part_lists(lambda _number: 2)
    service.lists["/thing"] = [{"_id": row["id"], "created_at": row["created_at"]} for row in service.lists["/thing"]]
    assert {parent for parent, _ in ids(batches(service, PARTS))} == {"r0", "r1", "r2"}


SAME = {
    **THINGS,
    "request": {"path": "/{kind}"},
    "partitions": [{"values": {"kind": "company"}}, {"values": {"kind": "people"}}],
    "add": {"type": "kind"},
}


@pytest.mark.parametrize("workers", [1, 4])
def test_two_parts_that_are_the_same_are_no_data(workers):
    """A service that does not know a word answers as if it had not been said."""
    service = Service(company=3, people=3)
    with pytest.raises(
        UnexpectedReply, match="the same records for each of company, people; it may use another word for"
    ):
        list(batches(service, SAME, workers=workers))
    assert len(ids(batches(Service(company=0, people=0), SAME))) == 0
    other = Service(company=3, people=4)
    assert len(ids(batches(other, SAME))) == 7


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones():
    service = Service(thing=95)

    def send(request):
        size = int(dict(request.query)["itemsPerPage"])
        too_large = Failure("too_large", "the reply is larger than it may be", arrived=True)
        return too_large if size > 5 else service(request)

    plan = read_plan(THINGS)
    quick = Clock(wall=lambda: NOON, pause=lambda _seconds, stop: stop.is_set())
    client = Client(send, Budget(None, quick), max_in_flight=4, clock=quick)
    run = list(streams.read(client, plan, states.resume(plan, None)))
    assert ids(run) == [(None, f"r{number}") for number in reversed(range(95))]


def test_a_parent_that_went_away_meanwhile_has_no_parts():
    service = Service(thing=5).part_lists(lambda _number: 2)
    service.answers["/part/r3", 1] = Response(404)
    assert len(ids(batches(service, PARTS))) == 8


def test_a_consumer_that_stops_within_partitions_causes_no_later_request():
    service = Service(thing=400).part_lists(lambda _number: 25)
    run = batches(service, PARTS, workers=4)
    next(run)
    run.close()
    asked = len(service.asked)
    assert threads() == []
    assert len(service.asked) == asked


def test_an_error_within_partitions_leaves_no_thread_even_while_it_is_held():
    service = Service(thing=400).part_lists(lambda _number: 2)
    service.answers["/part/r350", 1] = Response(401)
    with pytest.raises(CredentialRefused) as held:
        list(batches(service, PARTS, workers=4))
    assert held.value
    assert threads() == []


# ------------------------------------------------------------------------------------- states that version 0.1.0 stored

TAIL = [f"r{number}" for number in range(24, 14, -1)]
STORED = {"version": 1, "stream": "things", "started": "2026-03-10T12:00:00+00:00"}
SECOND_PAGE = {
    "number": 2,
    "size": 10,
    "total": 35,
    "collected": 20,
    "fullest": 10,
    "top": "2026-01-01T00:00:24.000Z",
    "edge": "2026-01-01T00:00:15.000Z",
    "ordered": True,
    "concessions": [],
    "tail": TAIL,
}
FULL_STATE = {**STORED, "for": "7f248a303d3513a8", "position": SECOND_PAGE}
PLAIN_STATE = {**FULL_STATE, "position": {**SECOND_PAGE, "ordered": False, "concessions": ["order"]}}
CURSOR_STATE = {
    **STORED,
    "for": "993bc655a645588d",
    "position": SECOND_PAGE,
    "cursor": "2026-01-01T00:00:00.000Z",
}
PARTS_STATE = {
    **STORED,
    "stream": "parts",
    "for": "e495cd253d8160df",
    "partition": 0,
    "parents": None,
    "parent": {"thing": "r2"},
    "position": {
        **SECOND_PAGE,
        "total": 25,
        "top": "2026-01-01T00:00:14.000Z",
        "edge": "2026-01-01T00:00:05.000Z",
        "tail": [json.dumps(["r2", f"r{number}"], separators=(",", ":")) for number in range(14, 4, -1)],
    },
}


@pytest.mark.parametrize(
    ("manual", "state"),
    [(THINGS, FULL_STATE), (THINGS, PLAIN_STATE), ({**THINGS, "mode": "incremental"}, CURSOR_STATE)],
    ids=["full", "without order", "incremental"],
)
def test_a_state_of_0_1_0_resumes_after_its_last_record(manual, state):
    service = Service(thing=35)
    assert ids(batches(service, manual, state)) == [(None, f"r{number}") for number in range(14, -1, -1)]
    assert service.asked[0][1] == 2
    assert len(service.asked) <= 4
    assert any("sort" in query for _, _, query in service.asked) == (state is not PLAIN_STATE)


def test_a_state_of_0_1_0_resumes_within_its_partition():
    service = Service(thing=4).part_lists(lambda _number: 25)
    rest = ids(batches(service, PARTS, PARTS_STATE))
    whole = [(f"r{parent}", f"r{number}") for parent in (3, 2, 1, 0) for number in range(24, -1, -1)]
    assert rest == whole[45:]


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_a_state_is_stored_under_the_names_of_0_1_0(mode):
    state = next(batches(Service(thing=35), {**THINGS, "mode": mode})).state
    assert state["position"].keys() == SECOND_PAGE.keys() | {"moved"}


# ----------------------------------------------------------------------------- over a real socket

NO_LIMIT = {"rate_limit": None}


def over_http(sandbox, state=None):
    credential = {"name": "n", "api_key": sandbox.api_key, "base_url": sandbox.base_url}
    return connector.read_source(credential, {"endpoint": "people", "settings": NO_LIMIT}, state)


def names(run):
    return [record["id"] for batch in run for record in batch.records]


def read_while_it_drifts(size, step, **quirks):
    """Read an account that changes meanwhile, and go on from every `step`-th state; nothing is lost or doubled."""
    with Sandbox(people=size, companies=3, rate_limit=None, keep_entries=10, quirks=Quirks(**quirks)) as sandbox:
        seeded = {record["id"] for record in sandbox.content.records("people")}
        run = list(over_http(sandbox))
        stayed = seeded - set(sandbox.drifted.deleted)
        delivered = names(run)
        assert sandbox.drifted.created
        assert len(delivered) == len(set(delivered))
        assert stayed <= set(delivered) <= seeded | set(sandbox.drifted.created)
        assert len(seeded & set(delivered)) == len(seeded) or sandbox.drifted.deleted
        for done in range(1, len(run), step):
            before, rest = set(names(run[:done])), names(over_http(sandbox, run[done - 1].state))
            assert len(rest) == len(set(rest))
            assert seeded - set(sandbox.drifted.deleted) <= before | set(rest)


TROUBLED = {"page_cap": 150, "cap_style": "clamp", "past_end": "missing", "people_envelope": "array"}


@pytest.mark.slow
def test_twenty_thousand_people_are_read_whole_while_others_are_created_and_updated():
    read_while_it_drifts(20_000, 10, **TROUBLED, drift=Drift(creates=1, updates=3, every=7))


@pytest.mark.slow
def test_twenty_thousand_people_are_read_whole_while_others_are_deleted_too():
    read_while_it_drifts(20_000, 60, **TROUBLED, drift=Drift(creates=1, updates=3, deletes=1, every=29))


@pytest.mark.slow
@pytest.mark.parametrize(
    "quirks",
    [
        dict(zip(("cap_style", "past_end", "people_envelope", "total"), words, strict=True))
        for words in itertools.product(
            ("clamp", "offset"), ("empty", "missing"), ("array", "object"), ("right", "missing")
        )
    ],
    ids=lambda quirks: "-".join(quirks.values()),
)
def test_every_paging_quirk_is_survived_and_every_state_resumed(quirks):
    read_while_it_drifts(160, 1, page_cap=20, drift=Drift(creates=1, updates=2, every=3), **quirks)


@pytest.mark.parametrize(
    "words",
    [{"total": "zero"}, {"total": "high"}, {"underscore_id": True}, {"unstable_ties": True}, {"ignore_sorting": True}],
    ids=repr,
)
def test_a_still_account_is_read_exactly_whatever_its_quirks(words):
    with Sandbox(people=310, companies=3, rate_limit=None, quirks=Quirks(page_cap=30, **words)) as sandbox:
        run, error = taken(over_http(sandbox))
        assert bool(error) is (words == {"total": "high"})
        assert Counter(record.get("id", record.get("_id")) for batch in run for record in batch.records) == Counter(
            record["id"] for record in sandbox.content.records("people")
        )


# ------------------------------------------------------------------------------------------------- parents that changed

CHANGING = {**THINGS, "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}}, "mode": "incremental"}
FOLLOWING = {
    **PARTS,
    "mode": "incremental",
    "incremental": None,
    "partitions": [
        {"values": {"kind": "a"}, "parents": CHANGING, "take": {"thing": "id"}},
        {"values": {"kind": "b"}, "parents": {**CHANGING, "request": {"path": "/other"}}, "take": {"thing": "id"}},
    ],
}
LATER = "2026-03-10T11:58:00.000Z"


def following():
    """Return a service of things and others, each with two parts, none of which changed since the first read."""
    service = Service(thing=30, other=30).part_lists(lambda _number: 2)
    for name in ("/thing", "/other"):
        service.lists[name] = [{**one, "updated_at": one["created_at"]} for one in service.lists[name]]
    return service


def change(service, name, place):
    """Let a record be the one that was changed last."""
    changed = {**service.lists[name].pop(place), "updated_at": LATER}
    service.lists[name].append(changed)
    return changed["id"]


def parts_asked(service):
    return [path.rpartition("/")[2] for path, _, _ in service.asked if path.startswith("/part")]


def test_only_parents_that_changed_are_asked_for_after_the_first_read():
    service = following()
    first = list(batches(service, FOLLOWING))
    assert len(ids(first)) == 120
    changed = [change(service, "/thing", 4), change(service, "/other", 7)]
    service.asked.clear()
    second = list(batches(service, FOLLOWING, first[-1].state))
    assert parts_asked(service) == changed
    assert {thing for thing, _ in ids(second)} == set(changed)
    assert second[-1].state["cursor"] == first[-1].state["cursor"] == "2026-03-10T11:55:00.000Z"


def test_a_read_in_which_no_parent_changed_keeps_its_cursor():
    service = following()
    state = list(batches(service, FOLLOWING))[-1].state
    service.asked.clear()
    (batch,) = batches(service, FOLLOWING, state)
    assert (batch.records, batch.state) == ([], state)
    assert parts_asked(service) == []


@pytest.mark.parametrize("place", range(6))
def test_a_read_of_changed_parents_resumes_from_each_of_its_states(monkeypatch, place):
    monkeypatch.setattr(partitions, "PARTITIONS_GATHERED", 1)
    service = following()
    state = list(batches(service, FOLLOWING))[-1].state
    for name in ("/thing", "/other"):
        for _ in range(4):
            change(service, name, 0)
    whole = list(batches(service, FOLLOWING, state))
    assert len(whole) > 6
    service.asked.clear()
    rest = list(batches(service, FOLLOWING, whole[place].state))
    assert ids(whole[: place + 1]) + ids(rest) == ids(whole)
    assert set(parts_asked(service)) <= {thing for thing, _ in ids(whole)}
    assert rest[-1].state == whole[-1].state


def test_what_changes_after_the_parents_were_listed_belongs_to_the_next_read():
    """The first part may be answered long after its parent was listed: the cursor begins before the listing."""
    service = following()
    later = Response(200, {"things": [], "total": 0}, {"date": "Tue, 10 Mar 2026 12:30:00 GMT"})
    service.answers = {(f"/part/r{number}", 1): later for number in range(30)}
    run = list(batches(service, FOLLOWING))
    assert run[-1].state["cursor"] <= "2026-03-10T11:55:00.000Z"


@pytest.mark.parametrize(("count", "is_asked"), [(0, False), (1, True), (None, True), ("0", True)], ids=repr)
def test_a_parent_whose_count_is_0_is_not_asked_for(count, is_asked):
    service = Service(thing=3).part_lists(lambda _number: 1)
    service.lists["/thing"][1]["metrics"] = {"parts": count}
    counting = {**PARTS["partitions"][0], "count": "metrics.parts"}
    list(batches(service, {**PARTS, "partitions": [counting]}))
    assert ("r1" in parts_asked(service)) == is_asked
    assert {"r0", "r2"} <= set(parts_asked(service))


SLICE = {**THINGS, "slice": {"start": None, "end": None, "page": 1, "pages": 3}}


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("place", [0, 15, 29])
def test_a_slice_of_a_list_that_is_out_of_order_is_refused_since_its_records_may_be_in_another(place, workers):
    service = Service(thing=30)
    assert len(ids(batches(service, SLICE, workers=workers))) == 30
    rows = service.lists["/thing"]
    rows.insert(0 if place else 29, rows.pop(place))
    with pytest.raises(UnexpectedReply, match="does not keep the order that the slices rest on; read the source whole"):
        list(batches(service, SLICE, workers=workers))


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("undated", [1, 3, 14])
def test_records_without_a_date_at_the_end_of_the_list_are_in_the_last_slice(undated, workers):
    service = Service(thing=95)
    lost = [{"id": f"u{number}", "created_at": None} for number in range(undated)]
    service.lists["/thing"] = [*lost, *service.lists["/thing"]]
    cuts = [(None, None)] if undated == 1 else [(row(60)["created_at"], None), (None, row(60)["created_at"])]
    came = []
    for start, end in cuts:
        part = {**THINGS, "slice": {"start": start, "end": end, "page": 4 if end else 1, "pages": 12}}
        came += ids(batches(service, part, workers=workers))
    assert Counter(name for _, name in came) == Counter(one["id"] for one in service.lists["/thing"])


def test_a_record_without_a_date_among_others_may_hide_some_of_another_slice():
    service = Service(thing=95)
    service.lists["/thing"][50] = {"id": "undated", "created_at": None}
    with pytest.raises(UnexpectedReply, match="does not keep the order that the slices rest on"):
        deque(batches(service, SLICE), maxlen=0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=str)
@pytest.mark.parametrize("count", [1, 95])
def test_a_number_that_json_has_no_form_for_is_warned_of_once(caplog, value, count):
    service = Service(thing=95)
    assert ids(batches(service))
    assert not caplog.messages
    for one in service.lists["/thing"][:count]:
        one["score"] = {"deep": [value]}
    assert len(ids(batches(service))) == 95
    assert caplog.messages == ["things: Custify sent NaN or Infinity: null stands for it where JSON is written"]
