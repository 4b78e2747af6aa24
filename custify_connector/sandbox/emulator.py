"""The sandbox as its users hold it: an emulated Custify that can be started, stopped, read and disturbed.

Decided here: the surface alone, and how one in the foreground starts and ends; every part lives in a file of its own.
"""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson

from .application import Application
from .server import Server
from .state import DEFAULT_KEY, DOCUMENTED_RATE, Settings, State

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

    from typing_extensions import Self

    from .admission import Rate
    from .quirks import Quirks


_POLL_SECONDS = 0.2


class Sandbox:
    """An emulated Custify on 127.0.0.1, as a context manager or with `start()` and `stop()`.

    `people`, `companies` and `seed` decide the content; `rate_limit` is (requests, seconds) or None; `latency` are
    seconds added to each reply; `keep_entries` bounds the journal. Raises OSError when `port` is taken.

    `api_key` may do everything until it is revoked; `keys` are those accepted with what each may do: add and remove at
    will. `content` is what the account holds, `journal` what was asked, `faults` what is to go wrong, and `drifted`
    what the drift quirk has changed so far.
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
        self.api_key = api_key
        self.keys = self._state.keys
        self.content = self._state.content
        self.journal = self._state.journal
        self.faults = self._state.faults
        self.drifted = self._state.tide.drifted
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

    def revoke(self, key: str | None = None) -> None:
        """Let a key (the sandbox's own, when none is named) be answered 401 from now on."""
        self._state.keys.pop(self.api_key if key is None else key, None)

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


def serve(settings: Settings, *, output: TextIO | None = None) -> None:
    """Serve until SIGTERM or SIGINT, after one JSON line with base_url and api_key to `output` (default: stdout)."""
    ended = threading.Event()
    ready = sys.stdout if output is None else output
    with Sandbox(**{**asdict(settings), "quirks": settings.quirks}) as sandbox:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: ended.set())
        line = orjson.dumps({"base_url": sandbox.base_url, "api_key": sandbox.api_key})
        ready.write(f"{line.decode()}\n")
        ready.flush()
        while not ended.wait(_POLL_SECONDS):
            pass
