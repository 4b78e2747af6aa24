"""What a sandbox is started with.

Decided here: the names and defaults of these settings, and how a rate limit is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .limiting import Rate
from .quirks import Quirks

DOCUMENTED_RATE: Rate = (100, 10.0)
DEFAULT_KEY = "sandbox-key"


@dataclass(frozen=True)
class Settings:
    """Sizes and seed of the content, the key, the limit (requests, seconds), seconds added to each reply, quirks, port.

    `keep_entries` bounds the journal: about so many of the newest entries stay whole.
    """

    people: int = 5000
    companies: int = 500
    seed: int = 1
    api_key: str = DEFAULT_KEY
    rate_limit: Rate | None = DOCUMENTED_RATE
    latency: float = 0.0
    quirks: Quirks = field(default_factory=Quirks)
    port: int = 0
    keep_entries: int | None = None


def parse_rate(text: str) -> Rate | None:
    """Read `100/10` (requests/seconds) or `none`; ValueError on anything else."""
    if text == "none":
        return None
    requests, _, seconds = text.partition("/")
    rate = int(requests), float(seconds)
    if rate[0] < 1 or rate[1] <= 0:
        raise ValueError(f"a rate limit must be positive, not {text!r}")
    return rate
