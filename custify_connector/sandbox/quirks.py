"""Every way in which this Custify may differ from the documented one; the defaults are as documented.

Decided here: the names of the differences and the values each may take. What one does is decided where it acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args, get_type_hints

CapStyle = Literal["clamp", "offset"]
OverCap = Literal["clamp", "refuse"]
Total = Literal["right", "missing", "low", "high", "zero", "text", "page"]
PastEnd = Literal["empty", "missing"]
BatchShape = Literal["plain", "job_id", "return_job_id", "silent", "partial"]


@dataclass(frozen=True)
class Drift:
    """Change the listed kind before every `every`-th list request, one sort of change at a time.

    Firings take turns: one creates `creates` records, the next deletes `deletes` seeded ones, the next updates
    `updates` seeded ones; a figure of zero leaves its turn out.
    """

    creates: int = 0
    deletes: int = 0
    updates: int = 0
    every: int = 1


@dataclass(frozen=True)
class Quirks:
    """One switch for each thing that Custify's docs leave open, or that a real server may do differently.

    Raises ValueError when a value is not one of those a switch may take.
    """

    page_cap: int | None = None
    cap_style: CapStyle = "clamp"
    over_cap: OverCap = "clamp"
    total: Total = "right"
    past_end: PastEnd = "empty"
    people_envelope: Literal["array", "object"] = "array"
    alternative_keys: Literal["data", "items"] | None = None
    underscore_id: bool = False
    ignore_sorting: bool = False
    ignore_filters: bool = False
    refuse_filters: bool = False
    unstable_ties: bool = False
    single_bare: Literal["all", "page"] = "all"
    financial_ids: bool = False
    time_track_path: Literal["dash", "underscore", "both"] = "dash"
    limit_headers: bool = True
    drift: Drift | None = None
    lookup_missing: Literal["empty", "404"] = "empty"
    malformed_id: Literal["404", "503"] = "404"
    bare_error_text: bool = False
    company_link_unknown: Literal["refuse", "ignore"] = "refuse"
    type_lock: bool = True
    batch_shape: BatchShape = "plain"
    batch_order: Literal["sent", "reversed"] = "sent"
    batch_delay: float = 0.05
    batch_expiry: float = 21_600.0
    batch_never_ends: bool = False

    def __post_init__(self) -> None:
        for name, choices in choices_of_quirks().items():
            if getattr(self, name) not in choices:
                raise ValueError(f"quirk {name!r} must be one of {choices}, not {getattr(self, name)!r}")


def choices_of_quirks() -> dict[str, tuple[object, ...]]:
    """Return, for every switch with a closed list of values, that list."""
    return {name: values for name, hint in _HINTS.items() if (values := _literals(hint))}


def _literals(hint: object) -> tuple[object, ...]:
    parts = get_args(hint)
    nested = [value for part in parts for value in get_args(part)]
    if nested:
        return (*nested, None)
    return parts if parts and isinstance(parts[0], str) else ()


_HINTS = get_type_hints(Quirks)
