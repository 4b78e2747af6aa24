"""Times and counts as people read them. Knows text only, neither terminals nor pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from custify_connector.checking.values import moment_of

_STEPS = ((86_400 * 2, 86_400, "days"), (3_600 * 2, 3_600, "hours"), (120, 60, "minutes"), (2, 1, "seconds"))
_JUST_NOW = 2
_SECONDS_SHOWN = 100

_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))


def ago(time: str | None, now: datetime | None = None) -> str:
    """Return how long ago an ISO 8601 time was, in words; a time to come is reported as it is: the clock was set."""
    if time is None:
        return "never"
    seconds = ((now or datetime.now(timezone.utc)) - moment_of(time)).total_seconds()
    if seconds < -_JUST_NOW:
        return f"on {clock(time)}"
    for least, unit, word in _STEPS:
        if seconds >= least:
            return f"{seconds // unit:.0f} {word} ago"
    return "just now"


def clock(time: str) -> str:
    """Return an ISO 8601 time as a person reads it."""
    return moment_of(time).astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def is_one_line(text: str) -> bool:
    """Say whether a text can be a name: no line break or control character, no half of a character.

    Characters that join others, as in many emojis, are part of a name.
    """
    return text.translate(_JOINERS).isprintable()


def counted(number: int, word: str) -> str:
    """Return a count with its word: `1 run`, `2 runs`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def outcomes(counts: Mapping[str, int]) -> str:
    """Return how many had which outcome: `4 sent, 1 rejected`; empty when there is none."""
    return ", ".join(f"{number:,} {outcome}" for outcome, number in counts.items() if number)


def span(seconds: float) -> str:
    """Return how long something takes: `40 s`, `12 min`."""
    return f"{seconds:.0f} s" if seconds < _SECONDS_SHOWN else f"{seconds / 60:.0f} min"
