"""Dates as Custify writes and reads them.

Decided here: which texts are dates, and the one form in which dates are stored: ISO 8601 in UTC with milliseconds.
Source: Custify's docs, Dates. This file does not know which fields are dates.
"""

from __future__ import annotations

import re
import time
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

_DAY_MS = 86_400_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_PATTERN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)? ?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


@lru_cache(maxsize=20_000)
def _day_text(day: int) -> str:
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


def iso(milliseconds: int) -> str:
    """Write a time, in milliseconds since 1970, as Custify does: `2026-01-31T09:30:00.000Z`."""
    day, rest = divmod(milliseconds, _DAY_MS)
    seconds, millis = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day_text(day)}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"


def now() -> str:
    """Return the present time in Custify's form."""
    return iso(time.time_ns() // 1_000_000)


def today() -> date:
    """Return the present day, in UTC."""
    return datetime.now(timezone.utc).date()


def normal_date(text: str) -> str | None:
    """Return `text` in Custify's form, read as UTC when it names no zone; None when it is not a date."""
    found = _PATTERN.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        at = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc
        )
        at -= _offset(zone)
    except (ValueError, OverflowError):
        return None
    return f"{at:%Y-%m-%dT%H:%M:%S}.{(fraction or '').ljust(3, '0')[:3]}Z".rjust(24, "0")


def later_than(stamp: str | None) -> str:
    """Return the present time, but always later than `stamp`: an update moves `updated_at`."""
    present = now()
    if stamp is None or present > stamp:
        return present
    at = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return iso(int(at.timestamp() * 1000 + 0.5) + 1)


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
