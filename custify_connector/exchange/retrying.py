"""The result of one try: settled, again in some seconds, or given up.

Pure: nothing here sleeps, loops, counts or sends. The rules are a table of judges, asked in order; the first that has
an opinion decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from custify_connector.exchange.wire import Failure, FailureKind, Response, http_date

TRIES = 5
"""How often a request is sent at most before it is given up, answers of 429 aside."""

TRIES_IN_DOUBT = 2
"""How often for a text that is damaged: once more shows whether the way damaged it, or the service holds it so."""

RATE_LIMITED_TRIES = 30
"""How many answers of 429 one request may get before it is given up."""

DEADLINE_SECONDS = 600.0
"""No wait is begun that would end later than this after a request's first try."""

LONGEST_RETRY_AFTER = 120.0
"""A `Retry-After` beyond this is taken for a mistake: Custify's window is ten seconds."""

SHORTEST_RETRY_AFTER = 1.0
"""A `Retry-After` below this, or a date gone by, is not a reason to ask at once: the usual wait is kept."""

_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS, _SERVER_ERROR = 408, 429, 500


@dataclass(frozen=True)
class Patience:
    """How long a request is tried.

    `tries` and `rate_limited_tries` are how often it is sent at most, and how many answers of 429 it may get. No wait
    is begun that would end later than `deadline_seconds` after the first try. A failure of a `final` kind is not
    tried again.
    """

    tries: int = TRIES
    rate_limited_tries: int = RATE_LIMITED_TRIES
    deadline_seconds: float = DEADLINE_SECONDS
    final: frozenset[FailureKind] = frozenset({"tls", "redirected", "too_large", "no_budget", "not_recorded", "proxy"})


PATIENT = Patience()
"""As long as a run waits, in which many requests are one whole."""


@dataclass(frozen=True)
class Attempt:
    """Where a request stands: how often it was sent, how often it met 429, seconds since its first try."""

    tries: int
    rate_limited: int
    elapsed: float
    repeatable: bool
    now: float
    """Seconds since the epoch, to read a `Retry-After` that is a date."""
    chance: float
    """A number from 0 to 1, so that many clients do not come back at the same moment."""
    window: float = 10.0
    """Seconds of the rate limit's window: what a 429 without `Retry-After` waits for."""
    patience: Patience = PATIENT


@dataclass(frozen=True)
class Settled:
    """There is an answer to act upon."""

    response: Response


@dataclass(frozen=True)
class Again:
    """Send it again in `seconds`; `everyone` when all calls of the account must hold back."""

    seconds: float
    everyone: bool = False


@dataclass(frozen=True)
class GivenUp:
    """No answer will come: this is the last that was seen."""

    last: Outcome


Outcome = Response | Failure
Verdict = Settled | Again | GivenUp


def judge(outcome: Outcome, attempt: Attempt) -> Verdict:
    """Say what one try means; never repeats a write whose fate is unclear unless it is `repeatable`."""
    for opinion in _JUDGES:
        verdict = opinion(outcome, attempt)
        if verdict is not None:
            return _in_time(verdict, outcome, attempt)
    raise AssertionError("the last judge always has an opinion")


def _in_time(verdict: Verdict, outcome: Outcome, attempt: Attempt) -> Verdict:
    if isinstance(verdict, Again) and attempt.elapsed + verdict.seconds > attempt.patience.deadline_seconds:
        return GivenUp(outcome)
    return verdict


def _rate_limited(outcome: Outcome, attempt: Attempt) -> Verdict | None:
    if not isinstance(outcome, Response) or outcome.status != _TOO_MANY_REQUESTS:
        return None
    if attempt.rate_limited >= attempt.patience.rate_limited_tries:
        return GivenUp(outcome)
    seconds = _asked(outcome, attempt)
    if seconds is None:
        return Again(attempt.window, everyone=True)
    return Again(_at_least(seconds, attempt.rate_limited, attempt.chance), everyone=True)


def _answered(outcome: Outcome, _attempt: Attempt) -> Verdict | None:
    if isinstance(outcome, Response) and outcome.status < _SERVER_ERROR and outcome.status != _REQUEST_TIMEOUT:
        return Settled(outcome)
    return None


def _hopeless(outcome: Outcome, attempt: Attempt) -> Verdict | None:
    kind = outcome.kind if isinstance(outcome, Failure) else None
    tries = min(TRIES_IN_DOUBT, attempt.patience.tries) if kind == "not_utf8" else attempt.patience.tries
    return GivenUp(outcome) if kind in attempt.patience.final or attempt.tries >= tries else None


def _unclear(outcome: Outcome, attempt: Attempt) -> Verdict | None:
    arrived = not isinstance(outcome, Failure) or outcome.arrived
    return GivenUp(outcome) if arrived and not attempt.repeatable else None


def _again(outcome: Outcome, attempt: Attempt) -> Verdict:
    asked = _asked(outcome, attempt) if isinstance(outcome, Response) else None
    usual = backoff(attempt.tries, attempt.chance)
    return Again(usual if asked is None else _at_least(asked, attempt.tries, attempt.chance))


def _asked(response: Response, attempt: Attempt) -> float | None:
    """Return the seconds that an answer asks to wait; a date is held against the clock of who wrote it."""
    served = http_date(response.headers.get("date"))
    now = served.timestamp() if served else attempt.now
    return retry_after(response.headers.get("retry-after"), now)


def _at_least(seconds: float, tries: int, chance: float) -> float:
    """Return the wait, or a longer one where it is next to none: all tries would be gone at once."""
    return max(seconds, backoff(tries, chance)) if seconds < SHORTEST_RETRY_AFTER else seconds


_JUDGES: tuple[Callable[[Outcome, Attempt], Verdict | None], ...] = (
    _rate_limited,
    _answered,
    _hopeless,
    _unclear,
    _again,
)


def backoff(tries: int, chance: float) -> float:
    """Return the seconds to wait after so many tries: up to 0.5, 1, 2, 4 …, 30, spread by chance."""
    return float(min(30.0, 0.25 * 2**tries) * (0.5 + 0.5 * chance))


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a `Retry-After` asks for (a number or a date); None when absent or not credible."""
    if value is None:
        return None
    seconds = _as_seconds(value.strip(), now)
    if seconds is None or seconds > LONGEST_RETRY_AFTER:
        return None
    return max(0.0, seconds)


def _as_seconds(value: str, now: float) -> float | None:
    if value.replace(".", "", 1).isdecimal() and value.isascii():
        return float(value)
    date = http_date(value)
    return date.timestamp() - now if date else None
