"""What a sandbox is started with, and everything about a running one that may change.

Decided here: the names and defaults of the settings, how a rate limit is written, and what there is at the start.
This file does not know sockets or requests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .admission import MovingWindow, Permissions, Rate
from .content import seeded_content
from .drift import Tide
from .endpoints import RESOURCES, router
from .faults import Faults
from .journal import Journal
from .quirks import Quirks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .endpoints.operations import Resource


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


class State:
    """The parts of one sandbox, each safe to change while requests are answered."""

    def __init__(self, settings: Settings, resources: Sequence[Resource] = RESOURCES) -> None:
        self.settings = settings
        self.content = seeded_content(
            settings.people, settings.companies, settings.seed, {one.kind: one.sample for one in resources}
        )
        self.journal = Journal(settings.keep_entries)
        self.faults = Faults(settings.seed)
        self.keys: dict[str, Permissions] = {settings.api_key: Permissions()}
        self.window = MovingWindow()
        self.tide = Tide(settings.seed)
        self.router = router(resources)
        self.rate_limit: Rate | None = settings.rate_limit
        self.latency = settings.latency
        self._quirks = Quirks()
        self.quirks = settings.quirks

    @property
    def quirks(self) -> Quirks:
        """The quirks in force; set others to change them for the next request."""
        return self._quirks

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        with self.content.lock:
            self.content.show_financial_ids(shown=quirks.financial_ids)
            self.content.views.clear()
            self.content.pages.clear()
            self._quirks = quirks
