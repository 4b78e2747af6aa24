"""As many requests under way as the rate limit needs, whatever the latency's distribution, in a simulation."""

import heapq
import itertools
import random
import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custify_connector.exchange.concurrency import AT_FIRST, AT_THE_LIMIT, RECENT, InFlight, Latency, allowed, pace_of
from custify_connector.manifest import RateLimit

LIMIT = RateLimit(100, 10)
HELD_SECONDS = 10.25
"""A place in the limit is held for the window and the jitter of the network."""


@dataclass
class Simulation:
    """A run against a service that answers `latency(number, chance)` after a request, at most `at_once` side by side.

    The time of each answer that came after the first window is kept.
    """

    latency: object
    at_once: int = 1_000
    bound: int = 32
    limit: RateLimit | None = LIMIT
    timeout: float = 30.0
    most: int = 0
    timeouts: int = 0
    answered: list = field(default_factory=list)

    def run(self, seconds, seed=1):
        """Run for so many seconds; returns the share of the limit that was used after the first window."""
        chance, now, recent, under_way, held = random.Random(seed), 0.0, [], [], []  # noqa: S311 - repeatable
        busy = [0.0] * self.at_once
        for number in itertools.count():
            while True:
                while under_way and under_way[0][0] <= now:
                    self._take(heapq.heappop(under_way), recent)
                ages = [now - sent for _, _, sent, _ in under_way]
                free_at = held[-100] + HELD_SECONDS if self.limit and len(held) >= 100 else 0.0
                if (
                    len(under_way) < allowed(self.limit, pace_of(recent, self.timeout), ages, self.bound)
                    and free_at <= now
                ):
                    break
                ahead = [moment for moment in (under_way[0][0] if under_way else 0.0, free_at) if moment > now]
                now = min([*ahead, now + 0.25])
            if now > seconds:
                break
            held.append(now)
            began = max(now, heapq.heappop(busy))
            ends = began + self.latency(number, chance)
            heapq.heappush(busy, ends)
            heapq.heappush(under_way, (min(ends, now + self.timeout), number, now, len(under_way) + 1))
            self.most = max(self.most, len(under_way))
        late = [moment for moment in self.answered if 10 <= moment <= seconds]
        return len(late) / (seconds - 10) / 10

    def _take(self, answer, recent):
        ended, _, sent, under_way = answer
        self.timeouts += ended - sent >= self.timeout
        self.answered.append(ended)
        recent.append(Latency(ended - sent, under_way))
        del recent[:-RECENT]


SHAPES = {
    "constant 50 ms": lambda _n, _c: 0.05,
    "constant 200 ms": lambda _n, _c: 0.2,
    "constant 800 ms": lambda _n, _c: 0.8,
    "uniform 0 to 3 s": lambda _n, c: c.uniform(0, 3),
    "log-normal, median 0.2 s": lambda _n, c: c.lognormvariate(-1.609, 0.8),
    "log-normal, median 0.8 s": lambda _n, c: c.lognormvariate(-0.223, 0.8),
    "Pareto": lambda _n, c: min(20, 0.1 * c.paretovariate(1.5)),
    "bimodal 60 and 900 ms": lambda _n, c: 0.06 if c.random() < 0.5 else 0.9,
    "a few hang": lambda _n, c: 0.06 if c.random() < 0.98 else 20.0,
    "drifting from 50 ms to 2 s and back": lambda n, _c: 0.05 + 1.95 * abs((n % 400) / 200 - 1),
    "first quick": lambda n, _c: 0.06 if n == 0 else 0.3,
    "first slow": lambda n, _c: 5.0 if n == 0 else 0.3,
    "one slow now and then": lambda n, _c: 3.0 if n % 50 == 49 else 0.2,
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_limit_is_used_to_95_percent_whatever_the_latency(shape, seed):
    assert Simulation(SHAPES[shape]).run(190, seed) >= 0.95


@pytest.mark.parametrize("at_once", [4, 8, 16])
@pytest.mark.parametrize("seconds", [0.2, 0.3])
def test_a_service_that_saturates_is_used_to_95_percent_of_what_it_or_the_limit_allows(at_once, seconds):
    simulation = Simulation(lambda _n, _c: seconds, at_once)
    assert simulation.run(190) >= 0.95 * min(1.0, at_once / seconds / 10)


@pytest.mark.parametrize("seconds", [1.0, 0.5])
@pytest.mark.parametrize("limit", [LIMIT, None], ids=["limit", "no limit"])
def test_a_service_that_answers_one_after_another_is_not_driven_into_timeouts(seconds, limit):
    simulation = Simulation(lambda _n, _c: seconds, at_once=1, limit=limit)
    assert simulation.run(190) * 10 >= 0.95 / seconds
    assert simulation.timeouts == 0


def test_a_quick_service_is_sent_few_requests_at_once():
    simulation = Simulation(SHAPES["constant 50 ms"])
    simulation.run(60)
    assert simulation.most <= AT_FIRST


def test_without_a_limit_as_many_are_under_way_as_are_allowed():
    assert allowed(None, pace_of([Latency(0.1, 4)] * AT_FIRST, 30.0), [], 32) == 32


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([0.2] * 64, 5), ([*[0.2] * 63, 9.0], 8), ([2.0] * 64, 30), ([0.0] * 64, 1), ([0.2] * 7, 8), ([], 8)],
    ids=["steady", "one slow answer", "slow", "at once", "few are known", "none is known"],
)
def test_rate_and_latency_say_how_many_are_needed(seconds, expected):
    assert allowed(LIMIT, pace_of([Latency(each, 4) for each in seconds], 30.0), [], 32) == expected


def test_a_request_that_hangs_takes_no_place_from_the_others():
    recent = [Latency(0.2, 4)] * 64
    pace = pace_of(recent, 30.0)
    assert allowed(LIMIT, pace, [0.1, 9.0, 20.0], 32) == allowed(LIMIT, pace, [0.1], 32) + 2


latencies = st.builds(Latency, st.floats(0, 60), st.integers(1, 64))


@given(st.lists(latencies, max_size=RECENT), st.lists(st.floats(0, 60)), st.integers(1, 64))
def test_at_least_one_and_never_more_than_the_bound(recent, ages, bound):
    assert 1 <= allowed(LIMIT, pace_of(recent, 30.0), ages, bound) <= bound


def in_flight(bound, now=lambda: 0.0):
    return InFlight(bound, lambda: LIMIT, 30.0, now)


def test_who_finds_no_place_waits_until_one_is_given_back():
    places, entered = in_flight(1), threading.Event()

    def wait():
        with places.place((), lambda: False):
            entered.set()

    with places.place((), lambda: False):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(5)
    thread.join()


def test_who_is_stopped_waits_no_longer():
    places = in_flight(1)
    with places.place((), lambda: False), places.place((), lambda: True):
        assert places.allowed == 1


class Queue:
    """Threads that wait for a place, each sending once it has one, and the turns in which they came to it."""

    def __init__(self, places):
        self._places, self.came, self._threads = places, [], []
        self.stop, self._coming = threading.Event(), threading.Semaphore(0)

    def wait(self, turn, gate=None):
        """Let another thread wait; returns once it does."""
        waits = threading.Event()
        self._threads.append(threading.Thread(target=self._take, args=(turn, waits, gate)))
        self._threads[-1].start()
        assert waits.wait(5)

    def _take(self, turn, waits, gate):
        with self._places.place(turn, lambda: waits.set() or self.stop.is_set()):
            self.came.append(turn)
            self._coming.release()
            if gate:
                gate.wait(5)
            with self._places.sending():
                pass

    def reached(self, count):
        """Return the turns that came to a place, once so many have."""
        assert all(self._coming.acquire(timeout=5) for _ in range(count))
        return self.came

    def ended(self):
        """Return the turns in the order in which they came to a place, once all have had one."""
        for thread in self._threads:
            thread.join(5)
        return self.came


@given(st.lists(st.lists(st.integers(0, 3), max_size=2).map(tuple), min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_place_goes_to_the_lowest_turn_and_among_equals_to_who_came_first(turns):
    places = in_flight(1)
    queue = Queue(places)
    with places.place((), lambda: False):
        for turn in turns:
            queue.wait(turn)
    assert queue.ended() == sorted(turns)


def test_a_few_at_a_time_wait_for_the_rate_limit_so_that_an_earlier_turn_need_not_wait_for_many():
    places, gate = InFlight(32, lambda: None, 30.0, lambda: 0.0), threading.Event()
    for _ in range(AT_FIRST):
        with places.sending():
            pass
    assert places.allowed == 32
    queue = Queue(places)
    for turn in range(AT_THE_LIMIT + 3):
        queue.wait((turn,), gate)
    assert sorted(queue.reached(AT_THE_LIMIT)) == [(turn,) for turn in range(AT_THE_LIMIT)]
    gate.set()
    assert len(queue.ended()) == AT_THE_LIMIT + 3


def test_who_is_interrupted_while_it_waits_keeps_no_other_waiting():
    places = in_flight(1)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), places.place((0,), interrupt):
        pass
    with places.place((1,), lambda: False):
        assert places.allowed == 1


def test_who_stops_waiting_leaves_the_place_to_the_others():
    places, gate = in_flight(1), threading.Event()
    stopped, others = Queue(places), Queue(places)
    with places.place((), lambda: False):
        stopped.wait((1,), gate)
        others.wait((2,))
        stopped.stop.set()
    gate.set()
    assert (stopped.ended(), others.ended()) == ([(1,)], [(2,)])


def test_what_is_seen_changes_how_many_are_allowed():
    clock = itertools.count()
    places = in_flight(32, lambda: next(clock))
    for _ in range(AT_FIRST):
        with places.sending():
            pass
    assert places.allowed > AT_FIRST
