import itertools
import random
import threading
import time
import tracemalloc
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import ConfigurationError
from custify_connector.exchange import rate_budget
from custify_connector.exchange.budget_file import BudgetFile
from custify_connector.exchange.rate_budget import JITTER_SECONDS, Budget, Clock, shared_budget
from custify_connector.manifest import RateLimit


class FakeTime:
    """A clock that moves only when someone waits; its figures are exact in binary."""

    def __init__(self):
        self.at = 0.0

    def clock(self):
        """Return this time as a clock."""
        return Clock(now=lambda: self.at, wall=lambda: self.at, pause=lambda seconds, _stop: self.wait(seconds))

    def wait(self, seconds):
        """Let so many seconds pass."""
        assert seconds > 0
        self.at += seconds


def budget_of(requests, seconds):
    fake = FakeTime()
    return Budget(RateLimit(requests, seconds), fake.clock()), fake


def test_a_free_place_is_given_without_a_wait():
    budget, fake = budget_of(3, 10)
    tickets = [budget.acquire(fake.wait) for _ in range(3)]
    assert [waited for _, waited in tickets] == [0.0, 0.0, 0.0]
    assert len({ticket for ticket, _ in tickets}) == 3


def test_when_the_window_is_full_the_next_waits_until_the_first_has_left_it():
    budget, fake = budget_of(1, 10)
    ticket, _ = budget.acquire(fake.wait)
    fake.at = 0.125
    budget.release(ticket)
    assert budget.acquire(fake.wait)[1] == 10.0
    assert fake.at == 10.125


def exchanged(budget, fake, seconds, *, new=False, after=0.0):
    """Send one request, `after` a while for the connection, and answer it after `seconds`; returns when it was sent."""
    ticket, _ = budget.acquire(fake.wait)
    sent = fake.at
    fake.at += after
    budget.writes(ticket, new=new)
    fake.at += seconds
    budget.release(ticket)
    return sent


def used(budget, fake, seconds=3.0):
    """Let so many answers be known that it is clear how long one takes."""
    for _ in range(8):
        exchanged(budget, fake, seconds)
    fake.at += 100.0


def test_an_answer_that_takes_as_long_as_usual_counts_the_jitter_after_it_was_written():
    budget, fake = budget_of(1, 10)
    used(budget, fake)
    sent = exchanged(budget, fake, 3.0)
    budget.acquire(fake.wait)
    assert fake.at == sent + 10.0 + JITTER_SECONDS


def test_what_an_answer_took_longer_than_usual_may_have_passed_before_its_request_counted():
    budget, fake = budget_of(1, 10)
    used(budget, fake)
    sent = exchanged(budget, fake, 5.0)
    budget.acquire(fake.wait)
    assert fake.at == sent + 10.0 + JITTER_SECONDS + 2.0


def test_until_some_answers_are_known_a_request_counts_when_it_is_answered():
    budget, fake = budget_of(1, 10)
    sent = exchanged(budget, fake, 0.5)
    budget.acquire(fake.wait)
    assert fake.at == sent + 10.5


def test_the_first_request_of_a_connection_counts_when_it_is_answered():
    """What the service does before its first answer (TLS, an application that wakes) is no part of the latency."""
    budget, fake = budget_of(1, 10)
    used(budget, fake, 0.125)
    sent = exchanged(budget, fake, 0.75, new=True, after=0.5)
    budget.acquire(fake.wait)
    assert fake.at == sent + 10.0 + 1.25


def test_the_first_request_of_a_connection_holds_its_place_until_it_is_answered():
    budget, fake = budget_of(1, 10)
    ticket, _ = budget.acquire(fake.wait)
    budget.writes(ticket, new=True)

    def wait(seconds):
        fake.wait(seconds)
        if fake.at == 20.0:
            budget.release(ticket)

    budget.acquire(wait)
    assert fake.at == 30.0


def test_where_each_request_has_a_connection_of_its_own_they_are_all_delayed_alike():
    budget, fake = budget_of(1, 10)
    for _ in range(75):
        sent = exchanged(budget, fake, 0.75, new=True)
    budget.acquire(fake.wait)
    assert fake.at == sent + 10.0 + JITTER_SECONDS


def test_a_request_without_an_answer_yet_occupies_its_place_no_longer_than_one_with():
    budget, fake = budget_of(1, 10)
    ticket, _ = budget.acquire(fake.wait)
    budget.writes(ticket, new=False)
    budget.acquire(fake.wait)
    assert fake.at == 10.0 + JITTER_SECONDS


def test_to_hold_back_lets_no_one_send():
    budget, fake = budget_of(100, 10)
    budget.hold_back(4.0)
    budget.hold_back(1.0)
    assert budget.acquire(fake.wait)[1] == 4.0
    assert budget.acquire(fake.wait)[1] == 0.0


def test_without_a_limit_no_one_waits_until_the_service_asks_for_it():
    fake = FakeTime()
    budget = Budget(None, fake.clock())
    for _ in range(1_000):
        assert budget.acquire(fake.wait)[1] == 0.0
    budget.hold_back(2.0)
    assert budget.acquire(fake.wait)[1] == 2.0


def test_without_a_limit_nothing_is_remembered():
    """Memory is bounded: a run without a limit must not keep a figure for each request."""
    budget = Budget(None)
    tracemalloc.start()
    try:
        for _ in range(5_000):
            budget.release(budget.acquire(time.sleep)[0])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 50_000


def test_another_limit_holds_from_then_on():
    budget, fake = budget_of(1, 10)
    budget.acquire(fake.wait)
    budget.limit = RateLimit(2, 10)
    assert budget.acquire(fake.wait)[1] == 0.0
    budget.limit = None
    assert budget.acquire(fake.wait)[1] == 0.0


@pytest.mark.parametrize(
    ("named", "learned"),
    [
        ("50", 50),
        ("100", 100),
        ("0", 100),
        ("-5", 100),
        ("1.5", 100),
        ("many", 100),
        ("", 100),
        ("\u0665\u0660", 100),
        ("9" * 5_000, 100),
        (None, 100),
    ],
    ids=lambda value: str(value)[:9],
)
def test_a_limit_that_the_service_names_is_taken_over(named, learned):
    budget = Budget(RateLimit(100, 10))
    budget.learn({} if named is None else {"x-ratelimit-limit": named})
    assert budget.limit == RateLimit(learned, 10)


def test_who_says_that_there_is_no_limit_knows_better():
    budget = Budget(None)
    budget.learn({"x-ratelimit-limit": "50"})
    assert budget.limit is None


@pytest.fixture
def files(tmp_path):
    """Return one file, opened by two."""
    path = tmp_path / "budget"
    with closing(BudgetFile(path)) as one, closing(BudgetFile(path)) as other:
        yield one, other


@pytest.mark.parametrize("seconds", [4.0, 1 / 8])
def test_budgets_with_one_file_share_one_window(files, seconds):
    """Two processes are two budgets; no one sends while the window of both together is full."""
    fake, limit = FakeTime(), RateLimit(3, seconds)
    budgets = [Budget(limit, fake.clock(), file) for file in files]
    moments = []
    for turn in range(12):
        ticket, _ = budgets[turn % 2].acquire(fake.wait)
        moments.append(fake.at)
        budgets[turn % 2].release(ticket)
    assert all(last - first >= seconds for first, last in zip(moments, moments[3:], strict=False))


def test_a_hold_holds_for_every_budget_with_the_same_file(files):
    fake = FakeTime()
    one, other = (Budget(RateLimit(9, 10), fake.clock(), file) for file in files)
    one.hold_back(4.0)
    other.acquire(fake.wait)
    assert fake.at == 4.0


@pytest.mark.usefixtures("own_budgets")
def test_an_account_has_one_budget_and_its_latest_limit():
    first = shared_budget(("https://a.example", "key"), RateLimit(100, 10))
    second = shared_budget(("https://a.example", "key"), RateLimit(50, 10))
    assert first is second
    assert first.limit == RateLimit(50, 10)
    assert shared_budget(("https://a.example", "other"), RateLimit(100, 10)) is not first
    assert shared_budget(("https://b.example", "key"), RateLimit(100, 10)) is not first


@pytest.mark.usefixtures("own_budgets")
def test_an_account_has_one_budget_in_a_process_whichever_call_names_a_file(tmp_path):
    """Two windows of one process would each allow the whole limit."""
    account, limit, file = ("https://a.example", "key"), RateLimit(1, 10), str(tmp_path / "budget")
    plain = shared_budget(account, limit)
    assert shared_budget(account, limit, file) is plain
    assert shared_budget(account, limit) is plain


def test_an_answer_that_came_late_is_shared_with_the_others(tmp_path):
    """What it took longer may have passed before the service counted its request."""
    fake = FakeTime()
    one, other = (Budget(RateLimit(2, 10), fake.clock(), BudgetFile(tmp_path / "budget")) for _ in range(2))
    for answer in (0.125, 3.0):
        ticket, _ = one.acquire(fake.wait)
        fake.wait(answer)
        one.release(ticket)
    other.acquire(fake.wait)
    assert fake.at == 10.25
    other.acquire(fake.wait)
    assert fake.at == 13.125


def test_what_was_sent_before_the_file_was_named_counts_in_it_and_so_does_what_follows(tmp_path):
    fake = FakeTime()
    one, other = (Budget(RateLimit(9, 10), fake.clock()) for _ in range(2))
    answered, _ = one.acquire(fake.wait)
    one.release(answered)
    one.acquire(fake.wait)
    for _ in range(2):
        one.share(tmp_path / "budget")
    one.acquire(fake.wait)
    other.share(tmp_path / "budget")
    assert [other.acquire(fake.wait)[1] for _ in range(8)] == [*[0.0] * 6, 10.0, JITTER_SECONDS]


def test_a_hold_from_before_the_file_was_named_holds_for_all_who_share_it(tmp_path):
    fake = FakeTime()
    fake.at = 100.0
    one, other = (Budget(RateLimit(9, 10), fake.clock()) for _ in range(2))
    with closing(one), closing(other):
        one.hold_back(4.0)
        one.share(tmp_path / "budget")
        other.share(tmp_path / "budget")
        assert other.acquire(fake.wait)[1] == 4.0


def test_a_hold_begins_at_the_moment_it_was_asked_for_and_the_longest_holds(files):
    fake = FakeTime()
    fake.at = 100.0
    one, other = (Budget(RateLimit(9, 10), fake.clock(), file) for file in files)
    one.hold_back(4.0)
    fake.at = 101.0
    one.hold_back(1.0)
    assert other.acquire(fake.wait)[1] == 3.0
    other.hold_back(5.0)
    assert one.acquire(fake.wait)[1] == 5.0


class Opened:
    """A budget file that knows whether it is open."""

    def __init__(self, path):
        self.path, self.is_open = path, True

    def add(self, _moments, _ahead):
        """Refuse where the name says so."""
        if self.path.name == "full":
            raise ConfigurationError(())

    def close(self):
        """Take note."""
        self.is_open = False


def test_a_file_is_open_as_long_as_it_is_shared(tmp_path, monkeypatch):
    files = []
    monkeypatch.setattr(rate_budget, "BudgetFile", lambda path: files.append(Opened(path)) or files[-1])
    budget = Budget(None)
    for name in ("one", "one", "other"):
        budget.share(tmp_path / name)
    with pytest.raises(ConfigurationError):
        budget.share(tmp_path / "full")
    assert [(file.path.name, file.is_open) for file in files] == [("one", False), ("other", True), ("full", False)]
    budget.close()
    budget.close()
    assert not files[1].is_open


def test_a_limit_that_was_chosen_is_never_raised_and_one_that_was_not_is():
    budget = Budget(None)
    budget.keep_to(RateLimit(50, 10), chosen=True)
    budget.learn({"x-ratelimit-limit": "100"})
    assert budget.limit == RateLimit(50, 10)
    budget.learn({"x-ratelimit-limit": "20"})
    assert budget.limit == RateLimit(20, 10)
    budget.learn({"x-ratelimit-limit": "100"})
    assert budget.limit == RateLimit(50, 10)
    budget.keep_to(RateLimit(50, 10))
    budget.learn({"x-ratelimit-limit": "100"})
    assert budget.limit == RateLimit(100, 10)


@pytest.mark.usefixtures("own_budgets")
def test_threads_that_ask_at_once_get_the_same_budget():
    barrier, found = threading.Barrier(8), []

    def ask():
        barrier.wait()
        found.append(shared_budget(("https://a.example", "key"), RateLimit(1, 1)))

    run_all([threading.Thread(target=ask) for _ in range(8)])
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def run_all(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


quarters = st.integers(0, 60).map(lambda figure: figure / 16)
steps = st.lists(
    st.tuples(st.just("send"), st.floats(0.0, 1.0))
    | st.tuples(st.just("answer"), st.integers(0, 7))
    | st.tuples(st.just("wait"), quarters)
    | st.tuples(st.just("hold back"), quarters),
    max_size=60,
)


@given(steps, st.integers(1, 4), st.sampled_from([0.5, 1.0, 4.0]))
def test_no_window_ever_holds_more_than_the_limit(steps, requests, seconds):
    """A law: whatever the schedule, and at whatever moment from sending to answer the service counted each request."""
    budget, fake = budget_of(requests, seconds)
    open_requests, counted, chances = [], [], random.Random(requests)  # noqa: S311 - repeatable

    def wait(duration):
        fake.wait(duration)
        hanging = [place for place, (_, sent, _, new) in enumerate(open_requests) if new and fake.at - sent > 5.0]
        if hanging:
            answer(hanging[0])

    def answer(place):
        ticket, sent, chance, new = open_requests.pop(place)
        budget.release(ticket)
        latest = fake.at if new else min(fake.at, sent + JITTER_SECONDS)
        counted.append(sent + chance * (latest - sent))

    def send(figure):
        ticket, _ = budget.acquire(wait)
        new = chances.random() < 0.5
        budget.writes(ticket, new=new)
        open_requests.append((ticket, fake.at, figure, new))

    do = {
        "send": send,
        "answer": lambda figure: open_requests and answer(figure % len(open_requests)),
        "wait": lambda figure: setattr(fake, "at", fake.at + figure),
        "hold back": budget.hold_back,
    }
    for what, figure in steps:
        do[what](figure)
    fake.at += seconds
    while open_requests:
        answer(0)
    counted.sort()
    for first, last in zip(counted, counted[requests:], strict=False):
        assert last - first >= seconds - 1e-9


@given(st.lists(quarters, max_size=10), st.integers(1, 4))
def test_no_one_sends_before_every_hold_has_ended(holds, requests):
    budget, fake = budget_of(requests, 1.0)
    until = 0.0
    for seconds in holds:
        budget.hold_back(seconds)
        until = max(until, fake.at + seconds)
        fake.at += 1 / 16
    budget.acquire(fake.wait)
    assert fake.at >= until


@given(st.integers(1, 5), st.integers(1, 40))
def test_while_there_is_work_the_budget_is_used(requests, work):
    """A law: with answers at once, so many requests take no more windows than the limit makes necessary."""
    budget, fake = budget_of(requests, 4.0)
    for _ in range(work):
        budget.release(budget.acquire(fake.wait)[0])
    assert fake.at == (work - 1) // requests * 4.0


def test_eight_threads_together_keep_to_the_limit():
    requests, seconds = 6, 0.2
    budget, moments = Budget(RateLimit(requests, seconds)), []

    def work():
        for _ in range(3):
            ticket, _ = budget.acquire(time.sleep)
            moments.append(time.monotonic())
            budget.release(ticket)

    run_all([threading.Thread(target=work) for _ in range(8)])
    assert len(moments) == 24
    moments.sort()
    gaps = [last - first for first, last in zip(moments, itertools.islice(moments, requests, None), strict=False)]
    assert min(gaps) >= seconds


def test_the_real_clock_waits_until_it_is_asked_to_stop():
    clock, stop = Clock(), threading.Event()
    assert clock.pause(0.001, stop) is False
    stop.set()
    assert clock.pause(60.0, stop) is True
    assert clock.now() <= clock.now()
    assert clock.wall() > 1_700_000_000
