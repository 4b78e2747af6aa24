"""The sandbox as its users hold it: an emulated Custify that can be started, stopped, read and disturbed.

Decided here: the surface alone; every part lives in a file of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .application import Application
from .server import Server
from .settings import DEFAULT_KEY, DOCUMENTED_RATE, Settings
from .state import State

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from .content import Content
    from .drift import Drifted
    from .faults import Faults
    from .journal import Journal
    from .keys import Permissions
    from .limiting import Rate
    from .quirks import Quirks


class Sandbox:
    """An emulated Custify on 127.0.0.1, as a context manager or with `start()` and `stop()`.

    `people`, `companies` and `seed` decide the content; `rate_limit` is (requests, seconds) or None; `latency` are
    seconds added to each reply; `keep_entries` bounds the journal. Raises OSError when `port` is taken.
    """

    def __init__(  # noqa: PLR0913 - every setting of an account and its server, each by its name
        self,
        *,
        people: int = 5000,
        companies: int = 500,
        seed: int = 1,
        api_key: str = DEFAULT_KEY,
        rate_limit: Rate | None = DOCUMENTED_RATE,
        latency: float = 0.0,
        quirks: Quirks | None = None,
        port: int = 0,
        keep_entries: int | None = None,
    ) -> None:
        extra = {} if quirks is None else {"quirks": quirks}
        self._settings = Settings(
            people, companies, seed, api_key, rate_limit, latency, port=port, keep_entries=keep_entries, **extra
        )
        self._state = State(self._settings)
        self._server: Server | None = None

    def start(self) -> Self:
        """Listen, and return the sandbox itself."""
        if self._server is None:
            self._server = Server(self._settings.port, Application(self._state).answer)
        return self

    def stop(self) -> None:
        """Stop listening and close every connection; safe to call twice."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The address to send requests to; RuntimeError when not started."""
        if self._server is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def api_key(self) -> str:
        """The key that may do everything, until it is revoked."""
        return self._settings.api_key

    @property
    def keys(self) -> dict[str, Permissions]:
        """The keys that are accepted, and what each may do; add and remove at will."""
        return self._state.keys

    def revoke(self, key: str | None = None) -> None:
        """Let a key (the sandbox's own, when none is named) be answered 401 from now on."""
        self._state.keys.pop(self.api_key if key is None else key, None)

    @property
    def content(self) -> Content:
        """What the account holds."""
        return self._state.content

    @property
    def journal(self) -> Journal:
        """What was asked."""
        return self._state.journal

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self._state.faults

    @property
    def drifted(self) -> Drifted:
        """What the drift quirk has created, deleted and updated so far."""
        return self._state.tide.drifted

    @property
    def quirks(self) -> Quirks:
        """The quirks in force; set others to change them for the next request."""
        return self._state.quirks

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self._state.quirks = quirks

    @property
    def latency(self) -> float:
        """Seconds added to each reply."""
        return self._state.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._state.latency = seconds

    @property
    def rate_limit(self) -> Rate | None:
        """The limit for each key, (requests, seconds), or None."""
        return self._state.rate_limit

    @rate_limit.setter
    def rate_limit(self, rate: Rate | None) -> None:
        self._state.rate_limit = rate
