"""How fast a run may be, as a form asks for it: the rate limit, the requests under way at once, the patience with one.

Pure: from what was typed to the options of the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from custify_connector.checking.typed_text import rate_of
from custify_connector.contract.errors import Fault

FIELDS = ("rate_limit", "max_in_flight", "timeout")
_MOST_IN_FLIGHT = 64
_LONGEST = 600


@dataclass(frozen=True)
class Pace:
    """What was typed; an empty text is the usual pace."""

    rate_limit: str = ""
    max_in_flight: str = ""
    timeout: str = ""

    def words(self) -> tuple[str, ...]:
        """Return the options of the command."""
        named = {"--rate-limit": self.rate_limit, "--max-in-flight": self.max_in_flight, "--timeout": self.timeout}
        return tuple(word for name, value in named.items() if value for word in (name, value))


USUAL = Pace()


def pace_of(typed: Mapping[str, str], place: str, faults: list[Fault]) -> Pace:
    """Return the pace that a form asks for; each field that cannot be one is one more fault, at `place`."""
    pace = Pace(*(typed.get(name, "").strip() for name in FIELDS))
    try:
        _ = rate_of(pace.rate_limit) if pace.rate_limit else None
    except ValueError as error:
        faults.append(Fault(f"{place}.rate_limit", str(error)))
    in_flight = pace.max_in_flight
    if in_flight and not (in_flight.isascii() and in_flight.isdecimal() and 1 <= int(in_flight[:4]) <= _MOST_IN_FLIGHT):
        faults.append(Fault(f"{place}.max_in_flight", f"must be an integer from 1 to {_MOST_IN_FLIGHT}"))
    if pace.timeout and not _is_span(pace.timeout):
        faults.append(Fault(f"{place}.timeout", f"must be seconds, at most {_LONGEST}"))
    return pace


def _is_span(text: str) -> bool:
    try:
        return 0 < float(text) <= _LONGEST
    except ValueError:
        return False
