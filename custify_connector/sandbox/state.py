"""Everything about a running sandbox that may change: content, journal, faults, keys, limit, latency, quirks.

Decided here: what there is and where it starts. This file does not know sockets or requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .content import seeded_content
from .control import Control
from .drift import Tide
from .endpoints import router
from .faults import Faults
from .journal import Journal
from .keys import Permissions
from .limiting import MovingWindow, Rate
from .quirks import Quirks

if TYPE_CHECKING:
    from .settings import Settings


class State:
    """The parts of one sandbox, each safe to change while requests are answered."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.content = seeded_content(settings.people, settings.companies, settings.seed)
        self.journal = Journal(settings.keep_entries)
        self.faults = Faults(settings.seed)
        self.keys: dict[str, Permissions] = {settings.api_key: Permissions()}
        self.window = MovingWindow()
        self.tide = Tide(settings.seed)
        self.router = router()
        self.control = Control()
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
