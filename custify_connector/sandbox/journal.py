"""What was asked of the sandbox: one entry a request, in the order of arrival.

Decided here: what an entry holds (never a key, never a header) and how entries are counted.
This file does not know why a request was answered as it was.
"""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .wire import Query


@dataclass(frozen=True)
class Entry:
    """One request: `at` and `duration` in seconds of the monotonic clock, `query` as lists of values.

    `status` is None until the request is answered, and for ever when the connection was cut. `accepted` says that the
    request took its place in the rate limit; `applied` that a write changed the content.
    """

    index: int
    at: float
    method: str
    path: str
    query: Query
    body: object = None
    status: int | None = None
    fault: str | None = None
    applied: bool = False
    duration: float | None = None
    key_ok: bool = True
    accepted: bool = True


@dataclass(frozen=True)
class Outcome:
    """The outcome of a request, to be noted in its entry."""

    status: int | None
    fault: str | None = None
    applied: bool = False
    accepted: bool = True


class Journal:
    """The entries, safe to read and write from any thread.

    With `keep`, only about the newest `keep` entries stay whole; times and statuses are kept of all.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._statuses: Counter[int] = Counter()
        self._accepted: array[float] = array("d")
        self._next = 0

    def __len__(self) -> int:
        """Return the number of requests since the last clear, those no longer kept whole included."""
        return self._next

    @property
    def entries(self) -> list[Entry]:
        """The entries kept, oldest first: a copy."""
        with self._lock:
            return list(self._entries)

    def open(self, entry: Entry) -> int:
        """Note that a request was received; its index, given here, is returned."""
        with self._lock:
            index, self._next = self._next, self._next + 1
            self._entries.append(replace(entry, index=index))
            if entry.accepted:
                self._accepted.append(entry.at)
            self._forget()
            return index

    def close(self, index: int, outcome: Outcome, now: float) -> None:
        """Note the outcome of request `index` at `now`; an entry cleared meanwhile is left alone."""
        with self._lock:
            if outcome.status is not None:
                self._statuses[outcome.status] += 1
            place = index - (self._next - len(self._entries))
            if not 0 <= place < len(self._entries):
                return
            entry = self._entries[place]
            if entry.accepted and not outcome.accepted:
                self._withdraw(entry.at)
            self._entries[place] = _closed(entry, outcome, now)

    def count(self, method: str | None = None, path_prefix: str | None = None, status: int | None = None) -> int:
        """Return how many of the entries kept are of this method, below this path and answered so."""
        return sum(
            (method is None or entry.method == method)
            and (path_prefix is None or entry.path.startswith(path_prefix))
            and (status is None or entry.status == status)
            for entry in self.entries
        )

    def busiest_window(self, seconds: float = 10.0) -> int:
        """Return the most requests accepted into the rate limit in any window of `seconds`."""
        with self._lock:
            times = sorted(self._accepted)
        busiest = left = 0
        for right, at in enumerate(times):
            while at - times[left] >= seconds:
                left += 1
            busiest = max(busiest, right - left + 1)
        return busiest

    def statuses(self) -> dict[int, int]:
        """Return how often each status was answered; cut connections have none."""
        with self._lock:
            return dict(sorted(self._statuses.items()))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._statuses.clear()
            self._accepted = array("d")
            self._next = 0

    def _withdraw(self, at: float) -> None:
        for place in range(len(self._accepted) - 1, -1, -1):
            if self._accepted[place] == at:
                del self._accepted[place]
                return

    def _forget(self) -> None:
        if self._keep is not None and len(self._entries) > 2 * self._keep:
            del self._entries[: -self._keep]


def _closed(entry: Entry, outcome: Outcome, now: float) -> Entry:
    return replace(
        entry,
        status=outcome.status,
        fault=outcome.fault,
        applied=outcome.applied,
        accepted=entry.accepted and outcome.accepted,
        duration=now - entry.at,
    )
