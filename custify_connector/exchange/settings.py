"""How fast and how patiently a run goes: the `settings` of a source or destination as a value.

This file does not know what is read or written, nor the documented limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector.manifest import RateLimit

MAX_IN_FLIGHT = 32
"""What 100 requests in 10 seconds need at a latency of 3 seconds, and a few more."""


@dataclass(frozen=True)
class Settings:
    """How fast and how patiently: `rate_limit` None means no limit; `budget` is a file; times are in seconds.

    `limit_chosen` says that the limit is the caller's own word, which no answer of the service may raise.
    """

    rate_limit: RateLimit | None
    max_in_flight: int = MAX_IN_FLIGHT
    timeout_seconds: float = 30.0
    budget: str | None = None
    limit_chosen: bool = False


_OTHERS = frozenset({"undocumented", "check_ids", "allow_incomplete", "trust_parents"})
"""Settings of what is read or written, not of how fast."""


def settings_of(given: Mapping[str, Any], default_limit: RateLimit) -> Settings:
    """Turn checked `settings` into a value; a `rate_limit` of null means that the account has none."""
    words = {name: value for name, value in given.items() if name not in _OTHERS}
    chosen = "rate_limit" in words
    limit = words.pop("rate_limit", default_limit)
    return Settings(RateLimit(**limit) if isinstance(limit, Mapping) else limit, **words, limit_chosen=chosen)
