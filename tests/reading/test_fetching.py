"""Pages are asked one at a time or ahead, and taken in order; memory and requests under way stay bounded."""

import contextlib
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import replace

import orjson
import pytest

from custify_connector.contract.errors import ConfigurationError, ServiceUnavailable, UnexpectedReply
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Failure, Response, Undecoded
from custify_connector.exchange.workers import AHEAD
from custify_connector.reading import fetching
from custify_connector.reading.fetching import LookAhead
from custify_connector.reading.page import Page
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import Doubts, Place, Position, without_order
from custify_connector.reading.state import Progress

# --------------------------------------------------------------------------------------------------------- asking ahead

PLAN = read_plan(
    {
        "request": {"path": "/thing"},
        "records": ["things"],
        "page": {"parameter": "page", "size": 10},
        "order": {"field": "created_at"},
    }
)


def at(number, total=1000, **doubts):
    return Progress("2026-01-01T00:00:00+00:00", Position(Place(number, 10, total), doubts=Doubts(**doubts)))


class Pages:
    """Answers pages; each answer waits until it is let go, when `held` says so."""

    def __init__(self, *, held=False):
        self.asked, self.under_way, self.most, self.threads = [], 0, 0, set()
        self._lock, self.gate = threading.Condition(), threading.Event()
        if not held:
            self.gate.set()

    def __call__(self, progress, window, stop):
        """Answer a page, once the gate is open."""
        number, _ = window
        with self._lock:
            self.asked.append(number)
            self.threads.add(threading.current_thread().name)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self._lock.notify_all()
        while not (self.gate.wait(0.005) or stop.is_set()):
            pass
        with self._lock:
            self.under_way -= 1
        return lambda: (Page(number, [{"id": number}], [str(number)], 1000), progress)

    def wait_for(self, count):
        """Wait until so many are under way."""
        with self._lock:
            assert self._lock.wait_for(lambda: self.under_way >= count, 5)


def none_left():
    return not [thread for thread in threading.enumerate() if thread.name.startswith("custify-read")]


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_pages_come_in_order_and_each_is_asked_once(workers):
    fetch = Pages()
    with LookAhead(fetch, PLAN, workers) as pages:
        taken = [pages.take(at(number))[0].number for number in range(1, 101)]
    assert taken == list(range(1, 101))
    assert sorted(fetch.asked) == taken
    assert fetch.most <= workers
    assert none_left()


def test_a_few_are_under_way_and_a_bounded_number_is_asked_ahead_of_a_page_that_is_there():
    there, fetch = Future(), Pages(held=True)
    there.set_result(lambda: (Page(1, [], [], 1000), at(1)))
    with LookAhead(fetch, PLAN, 4, there) as pages:
        pages.take(at(1))
        fetch.wait_for(4)
        fetch.gate.set()
        assert pages.take(at(2))[0].number == 2
        assert set(fetch.asked) >= {2, 3, 4, 5}
    assert fetch.most == 4


class LatePage(Pages):
    """Answers page 1 when the gate is opened, the others at once."""

    def __call__(self, progress, window, stop):
        """Answer a page."""
        if window[0] == 1:
            return super().__call__(progress, window, stop)
        with self._lock:
            self.asked.append(window[0])
            self.most = max(self.most, self.under_way + 1)
            self._lock.notify_all()
        return lambda: (Page(window[0], [], [], 1000), progress)

    def wait_until_asked(self, count):
        """Wait until so many pages were asked."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.asked) >= count, 5)


def behind_a_late_page(fetch, count, room=4):
    """Take the first page, which comes once so many are asked; return the pages that were asked meanwhile."""
    with LookAhead(fetch, PLAN, 4, room=lambda: room, ahead=AHEAD) as pages:
        taker = threading.Thread(target=pages.take, args=(at(1, joined=100),))
        taker.start()
        fetch.wait_until_asked(count)
        fetch.gate.set()
        taker.join(5)
        assert not taker.is_alive()
    return sorted(fetch.asked)


@pytest.mark.parametrize("room", [2, 4])
def test_one_late_page_keeps_no_other_from_being_asked_up_to_a_bound(room):
    most = AHEAD * (room + room // 4)
    assert behind_a_late_page(LatePage(held=True), most, room) == list(range(1, most + 1))


def test_long_pages_are_not_held_in_numbers_behind_a_late_one(monkeypatch):
    monkeypatch.setattr(fetching, "MOST_HELD_BYTES", 70)
    there, fetch = Future(), LatePage(held=True)
    there.set_result(lambda: (Page(9, [], [], 1000, length=10), at(9)))
    with LookAhead(fetch, PLAN, 4, there, ahead=AHEAD) as pages:
        pages.take(at(9, total=None))
        taker = threading.Thread(target=pages.take, args=(at(1, joined=100),))
        taker.start()
        fetch.wait_until_asked(7)
        fetch.gate.set()
        taker.join(5)
    assert sorted(fetch.asked) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("workers", "total"), [(1, 1000), (8, None), (8, 10)], ids=["one worker", "no total", "last"])
def test_a_page_that_is_asked_alone_needs_one_thread(workers, total):
    fetch = Pages()
    with LookAhead(fetch, PLAN, workers) as pages:
        page, _ = pages.take(at(1, total))
    assert page.in_turn
    assert fetch.threads == {"custify-read_0"}


def test_a_page_says_whether_it_was_asked_after_the_one_before_it_was_answered():
    with LookAhead(Pages(), PLAN, 2) as pages:
        assert [pages.take(at(number))[0].in_turn for number in (1, 2, 3)] == [True, False, False]
        pages.flush()
        assert pages.take(at(4))[0].in_turn


def test_pages_asked_ahead_are_forgotten_on_request():
    fetch = Pages()
    with LookAhead(fetch, PLAN, 2) as pages:
        pages.take(at(1))
        pages.flush()
        pages.take(at(2, total=None))
    assert fetch.asked.count(2) >= 1
    assert fetch.asked[-1] == 2


def test_leaving_stops_what_waits_and_leaves_no_thread():
    fetch = Pages(held=True)

    def take(pages):
        with contextlib.suppress(CancelledError, RuntimeError):
            pages.take(at(1))

    with LookAhead(fetch, PLAN, 3) as pages:
        taker = threading.Thread(target=take, args=(pages,))
        taker.start()
        fetch.wait_for(3)
    taker.join(5)
    assert none_left()
    assert sorted(fetch.asked) == [1, 2, 3]


def test_an_error_surfaces_at_its_own_page():
    def fetch(progress, window, _stop):
        number, _ = window
        if number == 3:
            raise LookupError("page 3")
        return lambda: (Page(number, [], [], 1000), progress)

    with LookAhead(fetch, PLAN, 4) as pages:
        assert [pages.take(at(number))[0].number for number in (1, 2)] == [1, 2]
        with pytest.raises(LookupError, match="page 3"):
            pages.take(at(3))
    assert none_left()


def test_the_first_answer_may_have_been_asked_already():
    first = Pages()
    with LookAhead(first, PLAN, 2) as other:
        answer = other._ask(at(1), (1, None))  # noqa: SLF001 - the way in which partitions hand over their first page
        answer.result()
    fetch = Pages()
    with LookAhead(fetch, PLAN, 1, answer) as pages:
        assert pages.take(at(1))[0] == replace(Page(1, [{"id": 1}], ["1"], 1000), in_turn=False)
        pages.take(at(2, total=None))
    assert fetch.asked == [2]


def test_what_an_answer_teaches_is_kept_and_the_place_is_not():
    def fetch(progress, window, _stop):
        number, _ = window
        taught = without_order(replace(progress.position, place=Place(99, 10), fallbacks=("order",)))
        return lambda: (Page(number, [], [], 1000), replace(progress, started="then", position=taught))

    with LookAhead(fetch, PLAN, 1) as pages:
        _, progress = pages.take(at(5))
    assert (progress.started, progress.position.place.number) == ("then", 5)
    assert (progress.position.fallbacks, progress.position.delivered.ordered) == (("order",), False)


# ------------------------------------------------------------------------------------------------------ asking one page

THINGS = read_plan({"request": {"path": "/thing"}, "records": ["things"], "page": {"parameter": "page", "size": 10}})
ORDERED = read_plan(
    {
        "request": {"path": "/thing"},
        "records": ["things"],
        "page": {"parameter": "page", "size": 10},
        "order": {"field": "created_at", "query": {"sort": "created_at"}},
    }
)
NO_JSON = Failure("not_json", "answered 200 with text/html that is not JSON", arrived=True)
ROWS = [{"id": "1"}, {"id": "2"}]
WHOLE = {"things": ROWS, "total": 2}


class Service:
    """Answers in turn; the last answer again and again. Keeps whether each request could be decoded later."""

    def __init__(self, *answers):
        self.answers, self.later = list(answers), []

    def __call__(self, request):
        """Answer one request."""
        self.later.append(request.decoded_later)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


HURRIED = Clock(pause=lambda _seconds, _stop: False)
"""A clock on which no pause takes time."""


def ask(service):
    client = Client(service, Budget(None), clock=HURRIED)
    return fetching.ask(client, THINGS, Progress(None, Position(Place(1, 10))), (1, None), threading.Event())


def test_a_page_that_came_undecoded_is_decoded_when_it_is_read():
    service = Service(Response(200, Undecoded(orjson.dumps(WHOLE))))
    page, _ = ask(service)()
    assert (page.records, page.total, service.later) == (ROWS, 2, [True])


def test_an_answer_is_not_looked_into_before_it_is_taken():
    service = Service(Response(200, Undecoded(b"<html>")), Response(200, WHOLE))
    read = ask(service)
    assert service.later == [True]
    page, _ = read()
    assert (page.records, service.later) == (ROWS, [True, False])


@pytest.mark.parametrize("content", [b"<html>", b"null"])
def test_what_was_no_page_is_asked_again_and_then_decoded_where_it_arrives(content):
    service = Service(Response(200, Undecoded(content)), NO_JSON, NO_JSON, Response(200, WHOLE))
    page, _ = ask(service)()
    assert (page.records, service.later) == (ROWS, [True, False, False, False])


def test_what_never_becomes_a_page_is_given_up():
    with pytest.raises(ServiceUnavailable, match="not JSON"):
        ask(Service(Response(200, Undecoded(b"<html>")), NO_JSON))()


def test_nothing_at_all_is_asked_for_once_more_and_is_never_an_empty_list():
    service = Service(Response(200, None))
    with pytest.raises(UnexpectedReply, match="nothing in it, 2 times"):
        ask(service)
    assert service.later == [True, True]


def test_a_first_page_that_is_refused_is_asked_without_order_and_what_was_learned_comes_with_it():
    service = Service(Response(400), Response(200, WHOLE, {"date": "Tue, 10 Mar 2026 12:00:00 GMT"}))
    client = Client(service, Budget(None), clock=HURRIED)
    progress = Progress(None, Position(Place(1, 10)))
    page, reached = fetching.ask(client, ORDERED, progress, (1, None), threading.Event())()
    assert (page.records, reached.position.fallbacks, reached.started) == (
        ROWS,
        ("order",),
        "2026-03-10T12:00:00+00:00",
    )


def test_a_later_page_that_is_refused_is_not_asked_more_plainly():
    service = Service(Response(400), Response(200, WHOLE))
    client = Client(service, Budget(None), clock=HURRIED)
    progress = Progress("2026-03-10T12:00:00+00:00", Position(Place(2, 10, collected=10)))
    with pytest.raises(ConfigurationError, match="Custify answered 400"):
        fetching.ask(client, ORDERED, progress, (2, None), threading.Event())()


def test_a_later_answer_leaves_the_start_of_the_run_as_it_is():
    client = Client(Service(Response(200, WHOLE, {"date": "Tue, 10 Mar 2026 12:00:00 GMT"})), Budget(None))
    progress = Progress("2026-03-09T00:00:00+00:00", Position(Place(2, 10, collected=10)))
    _, reached = fetching.ask(client, THINGS, progress, (2, None), threading.Event())()
    assert reached == progress


@pytest.mark.parametrize("text", ["NaN", "-Infinity", '"NaN"', "1e400"])
def test_a_page_says_whether_it_holds_a_number_that_json_has_no_form_for(text):
    content = b'{"things": [{"id": 1, "score": %s}], "total": 1}' % text.encode()
    service = Service(Response(200, Undecoded(content)))
    page, _ = ask(service)()
    assert page.has_nan is (text in {"NaN", "-Infinity"})
