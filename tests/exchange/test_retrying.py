import email.utils
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.exchange.retrying import (
    DEADLINE_SECONDS,
    LONGEST_RETRY_AFTER,
    RATE_LIMITED_TRIES,
    TRIES,
    Again,
    Attempt,
    GivenUp,
    Patience,
    Settled,
    backoff,
    judge,
    retry_after,
)
from custify_connector.exchange.wire import Failure, Response

NOW = 1_800_000_000.0
KINDS = (
    "unreachable",
    "tls",
    "timeout",
    "broken",
    "not_json",
    "not_utf8",
    "too_large",
    "redirected",
    "no_budget",
    "not_recorded",
)


def attempt(**changes):
    usual = {"tries": 1, "rate_limited": 0, "elapsed": 0.0, "repeatable": False, "now": NOW, "chance": 1.0}
    return Attempt(**{**usual, **changes})


def failure(kind, *, arrived):
    return Failure(kind, "what happened", arrived=arrived)


SETTLED, GIVEN_UP, SOON, EVERYONE = "settled", "given up", Again(0.5), Again(10.0, everyone=True)


@pytest.mark.parametrize(
    ("outcome", "repeatable", "once"),
    [
        pytest.param(Response(200), SETTLED, SETTLED, id="200"),
        pytest.param(Response(201), SETTLED, SETTLED, id="201"),
        pytest.param(Response(400), SETTLED, SETTLED, id="400"),
        pytest.param(Response(401), SETTLED, SETTLED, id="401"),
        pytest.param(Response(403), SETTLED, SETTLED, id="403"),
        pytest.param(Response(404), SETTLED, SETTLED, id="404"),
        pytest.param(Response(409), SETTLED, SETTLED, id="409"),
        pytest.param(Response(422), SETTLED, SETTLED, id="422"),
        pytest.param(Response(408), SOON, GIVEN_UP, id="408"),
        pytest.param(Response(429), EVERYONE, EVERYONE, id="429"),
        pytest.param(Response(500), SOON, GIVEN_UP, id="500"),
        pytest.param(Response(502), SOON, GIVEN_UP, id="502"),
        pytest.param(Response(503), SOON, GIVEN_UP, id="503"),
        pytest.param(Response(504), SOON, GIVEN_UP, id="504"),
        pytest.param(failure("unreachable", arrived=False), SOON, SOON, id="unreachable"),
        pytest.param(failure("timeout", arrived=False), SOON, SOON, id="no connection in time"),
        pytest.param(failure("timeout", arrived=True), SOON, GIVEN_UP, id="no answer in time"),
        pytest.param(failure("broken", arrived=True), SOON, GIVEN_UP, id="broken"),
        pytest.param(failure("not_json", arrived=True), SOON, GIVEN_UP, id="not JSON"),
        pytest.param(failure("not_utf8", arrived=True), SOON, GIVEN_UP, id="not UTF-8"),
        pytest.param(failure("tls", arrived=False), GIVEN_UP, GIVEN_UP, id="tls"),
        pytest.param(failure("too_large", arrived=True), GIVEN_UP, GIVEN_UP, id="too large"),
        pytest.param(failure("redirected", arrived=True), GIVEN_UP, GIVEN_UP, id="redirected"),
        pytest.param(failure("no_budget", arrived=False), GIVEN_UP, GIVEN_UP, id="no budget"),
    ],
)
def test_what_one_try_means_depends_on_what_came_and_on_whether_it_may_be_repeated(outcome, repeatable, once):
    meanings = {SETTLED: Settled(outcome), GIVEN_UP: GivenUp(outcome)} if isinstance(outcome, Response) else {}
    for may_repeat, expected in ((True, repeatable), (False, once)):
        wanted = (
            {**meanings, GIVEN_UP: GivenUp(outcome)}.get(expected, expected) if isinstance(expected, str) else expected
        )
        assert judge(outcome, attempt(repeatable=may_repeat)) == wanted


def test_a_text_that_is_damaged_is_asked_for_once_more_and_no_more():
    damaged = failure("not_utf8", arrived=True)
    assert judge(damaged, attempt(tries=2, repeatable=True)) == GivenUp(damaged)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("3", 3.0),
        (" 3 ", 3.0),
        ("1.5", 1.5),
        ("120", 120.0),
        ("121", None),
        ("99999999999999999999", None),
        ("9" * 400, None),
        ("-5", None),
        ("", None),
        (".", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("0x10", None),
        ("3 s", None),
        ("\u0663", None),
        ("\u00b2", None),
        ("soon", None),
        ("Wed, 99 Oct 2026 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        (email.utils.formatdate(NOW + 30, usegmt=True), 30.0),
        (email.utils.formatdate(NOW, usegmt=True), 0.0),
        (email.utils.formatdate(NOW - 30, usegmt=True), 0.0),
        (email.utils.formatdate(NOW + 86_400, usegmt=True), None),
        (None, None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_and_believed_up_to_a_bound(header, seconds):
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC"])
@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S -0000"])
def test_a_date_is_in_utc_wherever_this_machine_stands(zone, form, monkeypatch):
    """HTTP has three forms of a date; the oldest names no zone, and means UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        try:
            assert retry_after(time.strftime(form, time.gmtime(NOW + 45)), NOW) == 45.0
        finally:
            patch.undo()
            time.tzset()


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        (429, "3", Again(3.0, everyone=True)),
        (429, "0", Again(0.25, everyone=True)),
        (429, "0.5", Again(0.5, everyone=True)),
        (429, "Wed, 21 Oct 2015 07:28:00 GMT", Again(0.25, everyone=True)),
        (503, "0", Again(0.5)),
        (429, "soon", Again(7.0, everyone=True)),
        (429, "999999", Again(7.0, everyone=True)),
        (429, None, Again(7.0, everyone=True)),
        (503, "3", Again(3.0)),
        (503, "soon", Again(0.5)),
        (503, None, Again(0.5)),
    ],
)
def test_a_wait_is_as_long_as_the_service_asks_for(status, header, expected):
    headers = {} if header is None else {"retry-after": header}
    assert judge(Response(status, None, headers), attempt(repeatable=True, window=7.0)) == expected


@pytest.mark.parametrize(
    "outcome", [Response(503), failure("broken", arrived=True), failure("unreachable", arrived=False)]
)
def test_a_request_is_given_up_after_so_many_tries(outcome):
    assert isinstance(judge(outcome, attempt(repeatable=True, tries=TRIES - 1)), Again)
    assert judge(outcome, attempt(repeatable=True, tries=TRIES)) == GivenUp(outcome)


def test_a_limit_that_never_ends_is_given_up_and_does_not_count_as_a_try():
    assert isinstance(judge(Response(429), attempt(tries=TRIES + 20)), Again)
    assert isinstance(judge(Response(429), attempt(rate_limited=RATE_LIMITED_TRIES - 1)), Again)
    assert judge(Response(429), attempt(rate_limited=RATE_LIMITED_TRIES)) == GivenUp(Response(429))


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [(Response(429, None, {"retry-after": "60"}), 60.0), (Response(429), 10.0), (Response(500), 0.5)],
    ids=str,
)
def test_no_wait_is_begun_that_would_end_after_the_deadline(outcome, wait):
    in_time = attempt(repeatable=True, elapsed=DEADLINE_SECONDS - wait)
    too_late = attempt(repeatable=True, elapsed=DEADLINE_SECONDS - wait + 0.01)
    assert isinstance(judge(outcome, in_time), Again)
    assert judge(outcome, too_late) == GivenUp(outcome)


HURRIED = Patience(tries=2, rate_limited_tries=1, deadline_seconds=15.0, final=frozenset({"timeout"}))


@pytest.mark.parametrize(
    ("outcome", "changes", "again"),
    [
        (Response(503), {"tries": 1}, True),
        (Response(503), {"tries": 2}, False),
        (Response(429), {"rate_limited": 0}, True),
        (Response(429), {"rate_limited": 1}, False),
        (Response(503), {"elapsed": 14.5}, True),
        (Response(503), {"elapsed": 14.6}, False),
        (failure("timeout", arrived=True), {}, False),
        (failure("tls", arrived=False), {}, True),
    ],
)
def test_a_request_is_tried_as_long_as_its_patience_lasts(outcome, changes, again):
    verdict = judge(outcome, attempt(repeatable=True, patience=HURRIED, **changes))
    assert isinstance(verdict, Again) if again else verdict == GivenUp(outcome)


def test_a_run_is_patient_for_five_tries_thirty_times_429_and_ten_minutes():
    assert Patience() == Patience(5, 30, 600.0)


def test_an_answer_is_an_answer_however_late():
    assert judge(Response(200), attempt(tries=99, elapsed=9_999.0)) == Settled(Response(200))


@pytest.mark.parametrize(("tries", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (7, 30.0), (400, 30.0)])
def test_the_wait_doubles_up_to_half_a_minute(tries, seconds):
    assert backoff(tries, 1.0) == seconds
    assert backoff(tries, 0.0) == seconds / 2


chances = st.floats(min_value=0.0, max_value=1.0)
headers = st.fixed_dictionaries({}, optional={"retry-after": st.text(max_size=8) | st.integers().map(str)})
outcomes = st.builds(Response, st.integers(200, 599), st.none(), headers) | st.builds(
    Failure, st.sampled_from(KINDS), st.just("m"), arrived=st.booleans()
)
attempts = st.builds(
    Attempt,
    tries=st.integers(1, 10),
    rate_limited=st.integers(0, 40),
    elapsed=st.floats(0.0, 1_000.0),
    repeatable=st.booleans(),
    now=st.just(NOW),
    chance=chances,
    window=st.floats(0.1, 60.0),
)


@given(st.integers(1, 900), chances, chances)
def test_a_wait_is_never_longer_than_its_bound_nor_shorter_than_half_of_it(tries, chance, other):
    bound = backoff(tries, 1.0)
    assert bound / 2 <= backoff(tries, chance) <= bound <= 30.0
    assert backoff(tries + 1, chance) >= backoff(tries, other) / 2


@given(outcomes, attempts)
def test_a_write_whose_fate_is_unclear_is_never_repeated_unless_it_may_be(outcome, attempt):
    verdict = judge(outcome, attempt)
    arrived = outcome.arrived if isinstance(outcome, Failure) else outcome.status != 429
    if arrived and not attempt.repeatable:
        assert not isinstance(verdict, Again)


@given(outcomes, attempts)
def test_every_verdict_is_bounded(outcome, attempt):
    verdict = judge(outcome, attempt)
    if isinstance(verdict, Again):
        assert 0.0 <= verdict.seconds <= max(LONGEST_RETRY_AFTER, attempt.window)
        assert attempt.elapsed + verdict.seconds <= DEADLINE_SECONDS
        assert verdict.everyone == (isinstance(outcome, Response) and outcome.status == 429)
    elif isinstance(verdict, Settled):
        assert verdict.response is outcome
    else:
        assert verdict.last is outcome


@given(st.text(max_size=40))
def test_whatever_a_service_writes_a_retry_after_is_never_an_error(text):
    seconds = retry_after(text, NOW)
    assert seconds is None or 0.0 <= seconds <= LONGEST_RETRY_AFTER


def test_a_retry_after_with_two_points_is_not_believed():
    assert retry_after("1.2.3", NOW) is None
