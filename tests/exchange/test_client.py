"""The only loop: ask, judge, wait, go on, inside the budget and by a clock that need not tick."""

import threading
from contextlib import nullcontext

import pytest

from custify_connector.contract.events import (
    HeldBack,
    RateLimitWait,
    Retry,
    current_listener,
    listening,
    unheard,
)
from custify_connector.exchange import retrying
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.retrying import GivenUp, Settled
from custify_connector.exchange.wire import Failure, Request, Response
from custify_connector.exchange.workers import Stopped
from custify_connector.manifest import RateLimit

ASK = Request("GET", "/thing")
OK = Response(200, {"things": []})
DOWN = Response(503)
LOST = Failure("broken", "the connection broke", arrived=True)
REFUSED = Failure("unreachable", "the connection was refused", arrived=False)


def limited(seconds=None):
    return Response(429, None, {} if seconds is None else {"retry-after": str(seconds)})


class Time:
    """A clock that moves only when someone waits."""

    def __init__(self):
        self.at, self.waits = 1000.0, []
        self.clock = Clock(now=lambda: self.at, wall=lambda: self.at, pause=self._pause)

    def _pause(self, seconds, stop):
        self.waits.append(seconds)
        self.at += seconds
        return stop.is_set()


class Script:
    """A `Send` that answers what it was given, the last of it for ever, and remembers when it was asked."""

    def __init__(self, time, *answers):
        self._time, self._answers, self.asked = time, list(answers), []

    def __call__(self, _request):
        """Answer the next line."""
        self.asked.append(self._time.at)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def time():
    """Return a clock that need not tick."""
    return Time()


def exchange(time, *answers, repeatable=True, stop=None, limit=None):
    send = Script(time, *answers)
    client = Client(send, Budget(limit, time.clock), clock=time.clock)
    return client.exchange(ASK, repeatable=repeatable, stop=stop or threading.Event()), send


@pytest.mark.parametrize("status", [200, 201, 202, 400, 401, 403, 404, 409, 422])
def test_an_answer_settles_a_request_at_once(time, status):
    answer = Response(status)
    verdict, send = exchange(time, answer)
    assert (verdict, len(send.asked), time.waits) == (Settled(answer), 1, [])


@pytest.mark.parametrize("answer", [DOWN, Response(500), Response(408), LOST, REFUSED], ids=repr)
def test_a_passing_fault_is_asked_again_after_a_pause(time, answer):
    verdict, send = exchange(time, answer, answer, OK)
    assert (verdict, len(send.asked), len(time.waits)) == (Settled(OK), 3, 2)
    assert 0 < time.waits[0] < time.waits[1] * 2.1


@pytest.mark.parametrize("answer", [DOWN, LOST, REFUSED], ids=repr)
def test_a_fault_that_stays_is_given_up(time, answer):
    verdict, send = exchange(time, answer)
    assert (verdict, len(send.asked)) == (GivenUp(answer), retrying.TRIES)


@pytest.mark.parametrize(("answer", "asked"), [(DOWN, 1), (LOST, 1), (REFUSED, 2), (limited(1), 2)], ids=repr)
def test_what_may_not_be_repeated_is_sent_again_only_when_it_certainly_did_nothing(time, answer, asked):
    _, send = exchange(time, answer, OK, repeatable=False)
    assert len(send.asked) == asked


def test_a_429_holds_everyone_back(time):
    send = Script(time, limited(7), OK)
    client = Client(send, Budget(None, time.clock), clock=time.clock)
    client.exchange(ASK, repeatable=False, stop=threading.Event())
    assert send.asked == [1000.0, 1007.0]


def test_a_429_to_one_holds_back_the_next_of_another_client_with_the_same_budget(time):
    budget = Budget(None, time.clock)
    budget.hold_back(5)
    send = Script(time, OK)
    Client(send, budget, clock=time.clock).exchange(ASK, repeatable=True, stop=threading.Event())
    assert send.asked == [1005.0]


def test_a_429_that_does_not_say_how_long_waits_a_window_of_the_accounts_own_limit(time):
    _, send = exchange(time, limited(), OK, limit=RateLimit(50, 3.0))
    assert send.asked == [1000.0, 1003.0]


def test_429s_do_not_count_as_tries_and_end_too(time):
    verdict, send = exchange(time, limited(1))
    assert isinstance(verdict, GivenUp)
    assert len(send.asked) == retrying.RATE_LIMITED_TRIES
    verdict, send = exchange(time, *[limited(1)] * 8, DOWN, DOWN, OK)
    assert (verdict, len(send.asked)) == (Settled(OK), 11)


def test_requests_keep_within_the_budget(time):
    send = Script(time, OK)
    client = Client(send, Budget(RateLimit(2, 10), time.clock), clock=time.clock)
    for _ in range(5):
        client.exchange(ASK, repeatable=True, stop=threading.Event())
    assert send.asked == [1000.0, 1000.0, 1010.0, 1010.0, 1020.0]


NOT_SENT = Failure("unreachable", "the connection was refused", arrived=False)


@pytest.mark.parametrize(
    ("answer", "arrived"), [(DOWN, True), (limited(5), False), (NOT_SENT, False)], ids=["a fault", "a 429", "not sent"]
)
def test_who_is_stopped_while_waiting_asks_no_more_and_says_what_may_have_arrived(time, answer, arrived):
    stop = threading.Event()
    script = Script(time, answer)

    def send(request):
        stop.set()
        return script(request)

    client = Client(send, Budget(None, time.clock), clock=time.clock)
    with nullcontext() if arrived else pytest.raises(Stopped):
        assert client.exchange(ASK, repeatable=True, stop=stop) == GivenUp(answer)
    assert len(script.asked) == 1


def test_once_the_end_is_asked_for_nothing_is_sent(time):
    send = Script(time, OK)
    client = Client(send, Budget(None, time.clock), clock=time.clock)
    client.ending.finish()
    with pytest.raises(Stopped):
        client.exchange(ASK, repeatable=True, stop=threading.Event())
    assert send.asked == []


def test_who_is_stopped_before_asks_nothing(time):
    stop, send = threading.Event(), Script(time, OK)
    stop.set()
    with pytest.raises(Stopped):
        Client(send, Budget(None, time.clock), clock=time.clock).exchange(ASK, repeatable=True, stop=stop)
    assert send.asked == []


def test_who_is_stopped_while_waiting_for_the_budget_never_asks(time):
    stop, budget = threading.Event(), Budget(None, time.clock)
    stop.set()
    budget.hold_back(5)
    send = Script(time, OK)
    with pytest.raises(Stopped):
        Client(send, budget, clock=time.clock).exchange(ASK, repeatable=True, stop=stop)
    assert send.asked == []


def test_a_place_in_the_budget_is_given_back_when_sending_fails_altogether(time):
    budget = Budget(RateLimit(1, 10), time.clock)
    client = Client(Script(time, ZeroDivisionError()), budget, clock=time.clock)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            client.exchange(ASK, repeatable=True, stop=threading.Event())


def test_a_real_wait_ends_when_it_is_stopped():
    stop, asked = threading.Event(), threading.Event()

    def send(_):
        asked.set()
        return Response(429, None, {"retry-after": "60"})

    client, ended = Client(send, Budget(None)), []

    def run():
        with pytest.raises(Stopped):
            client.exchange(ASK, repeatable=True, stop=stop)
        ended.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    asked.wait(5)
    stop.set()
    thread.join(5)
    assert ended == [True]


def test_who_waits_for_a_turn_holds_no_place_in_the_budget_meanwhile():
    """A place counts from when it is taken: one taken long before the request goes would count in the wrong window."""
    gate, entered, taken = threading.Event(), threading.Event(), []

    class Counted(Budget):
        def acquire(self, pause):
            """Take a place, and remember who did."""
            taken.append(threading.current_thread().name)
            return super().acquire(pause)

    def send(_):
        entered.set()
        gate.wait(5)
        return OK

    client = Client(send, Counted(None), max_in_flight=1)
    words = {"repeatable": True, "stop": threading.Event()}
    first, second = (threading.Thread(target=client.exchange, args=(ASK,), kwargs=words) for _ in range(2))
    first.start()
    entered.wait(5)
    second.start()
    second.join(0.1)
    held = len(taken)
    gate.set()
    first.join(5)
    second.join(5)
    assert (held, len(taken)) == (1, 2)


def test_waits_are_logged(time, caplog):
    exchange(time, DOWN, limited(5), OK)
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith("GET /thing again in ")
    assert said[1:] == ["GET /thing again in 5.0 s", "waits 5.0 s for the rate limit"]


def test_what_a_request_waits_for_is_reported_before_the_wait(time):
    events = []

    def listen(event):
        events.append((event, len(time.waits)))

    send = Script(time, Response(503, None, {"retry-after": "2"}), limited(5), Response(503), LOST, OK)
    Client(send, Budget(None, time.clock), clock=time.clock, listener=listen).exchange(
        ASK, repeatable=True, stop=threading.Event()
    )
    assert events[:4] == [
        (Retry("GET", "/thing", 2.0, "503"), 0),
        (Retry("GET", "/thing", 5.0, "429"), 1),
        (HeldBack(5.0), 1),
        (RateLimitWait(5.0), 1),
    ]
    assert [event.reason for event, _ in events[4:]] == ["503", "the connection broke"]


def test_without_a_listener_nothing_is_reported():
    with listening(unheard):
        assert current_listener() is unheard


def test_a_listener_holds_as_long_as_its_block():
    heard = []
    with listening(heard.append):
        listener = current_listener()
        with listening(unheard):
            listener(RateLimitWait(1.0))
    assert (heard, current_listener()) == ([RateLimitWait(1.0)], unheard)


def carried(time, method, listener, answer=OK):
    """Send one request that carries two records; returns what came of it, and how often it left."""
    script = Script(time, answer)
    client = Client(script, Budget(None, time.clock), clock=time.clock, listener=listener)
    with client.carrying((3, 4)):
        verdict = client.exchange(Request(method, "/thing"), repeatable=True, stop=threading.Event())
    client.exchange(Request("POST", "/other"), repeatable=True, stop=threading.Event())
    return verdict, len(script.asked) - 1


@pytest.mark.parametrize(("method", "reported"), [("GET", []), ("POST", [(3, 4)]), ("DELETE", [(3, 4)])])
def test_the_records_of_a_request_are_reported_before_it_leaves_where_it_changes_something(time, method, reported):
    heard = []
    carried(time, method, heard.append)
    assert [event.indexes for event in heard] == reported


def test_a_request_that_the_listener_could_not_take_note_of_does_not_leave(time):
    def full(_event):
        raise OSError("the disk is full")

    verdict, left = carried(time, "POST", full)
    assert left == 0
    assert isinstance(verdict, GivenUp)
    assert verdict.last == Failure(
        "not_recorded", "the host could not record the request, so it was not sent (OSError)", arrived=False
    )


def test_a_delivery_that_is_under_way_goes_on_before_a_later_one_begins(time):
    """A batch's look goes before the post of a later batch: its receipts, which are behind it, would wait."""
    left, waits, gate = [], [threading.Event() for _ in range(2)], threading.Event()

    def send(request):
        left.append(request.path)
        if request.path == "/under-way":
            gate.wait(5)
        return OK

    class Stop(threading.Event):
        """An event that is asked whether it is set by who waits for a place."""

        def __init__(self, waiting):
            super().__init__()
            self._waiting = waiting

        def is_set(self):
            """Note that it is asked."""
            self._waiting.set()
            return super().is_set()

    client = Client(send, Budget(None, time.clock), max_in_flight=1, clock=time.clock)

    def ask(index, path, waiting):
        with client.carrying((index,)):
            client.exchange(Request("POST", path), repeatable=True, stop=Stop(waiting))

    sent = threading.Event()
    threads = [threading.Thread(target=ask, args=(7, "/under-way", sent))]
    threads[0].start()
    assert sent.wait(5)
    for place, waiting in zip([8, 3], waits, strict=True):
        threads.append(threading.Thread(target=ask, args=(place, f"/{place}", waiting)))
        threads[-1].start()
        assert waiting.wait(5)
    gate.set()
    for thread in threads:
        thread.join(5)
    assert left == ["/under-way", "/3", "/8"]
