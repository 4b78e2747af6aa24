"""The served Custify: the sandbox as a process of its own, on a core of its own.

Decides how it is started, asked and ended. This file does not know what is measured.
"""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .environments import OURS
from .machine import SERVER_CORE
from .processes import QUIET

_ENDING_SECONDS = 10
_ASKING_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running sandbox."""

    base_url: str
    api_key: str

    @property
    def environment(self) -> dict[str, str]:
        """Return what a client needs to know."""
        return {"CUSTIFY_BASE_URL": self.base_url, "CUSTIFY_API_KEY": self.api_key}

    def set(self, **settings: object) -> None:
        """Change `latency` or `rate_limit`."""
        self._control("settings", settings)

    def reset(self) -> None:
        """Forget what was asked so far."""
        self._control("reset", {})

    def summary(self) -> dict[str, Any]:
        """Return how many requests there were, with which statuses, and the busiest window."""
        found: dict[str, Any] = self._control("summary")
        return found

    def span(self) -> float:
        """Return the seconds from the first request to the last answer."""
        entries = self._control("journal")
        return float(max(each["at"] + (each["duration"] or 0) for each in entries) - entries[0]["at"])

    def _control(self, name: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of any shape
        sent = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base_url}/_sandbox/{name}", sent)  # noqa: S310 - always loopback
        with urllib.request.urlopen(request, timeout=_ASKING_SECONDS) as reply:  # noqa: S310 - as above
            return json.load(reply)


@contextmanager
def serving(people: int, *, latency: float = 0.0, rate_limit: str = "none", keep: int = 1000) -> Iterator[Server]:
    """Start a sandbox with so many people; it ends with the `with`."""
    options = {"people": people, "latency": latency, "rate-limit": rate_limit, "keep-entries": keep}
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command = ["taskset", "-c", str(SERVER_CORE), OURS.python, "-m", "custify_connector.sandbox", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=QUIET) as process:  # noqa: S603 - our own server
        try:
            assert process.stdout  # noqa: S101 - asked for above
            yield Server(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            try:
                process.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
