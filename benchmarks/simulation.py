# ruff: noqa: INP001 - a script, not a package
"""Simulate many tasks under Custify's limit: `python benchmarks/simulation.py` prints the tables of docs/scale.md.

A discrete simulation: tasks on slots, requests under way, a moving window at the service and at each who shares it.
Decided here: what is worth simulating. Its model is held against measured runs of two Spark tasks in
tests/hosts/spark/test_limits.py. The standard library alone.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

Sharing = Literal["folder", "shares", "alone"]

JITTER_SECONDS = 0.25
"""How much later than sent a request is taken to count where processes share a folder (rate_budget.JITTER_SECONDS)."""


@dataclass(frozen=True)
class Task:
    """One task: whose account, and how many requests it has to make."""

    account: int
    requests: int


@dataclass(frozen=True)
class Setting:
    """What is simulated; times in seconds.

    `folder`: tasks of a machine share one window, divided by `machines`. `shares`: each task keeps limit / slots, and
    rests one window first. `alone`: each takes the whole limit for its own, as clients do that know nothing of each
    other. A task dies after a request with the chance `deaths`, and is run again; a request meets a server error with
    the chance `errors`. `cpu` is what one request costs its process.
    """

    tasks: tuple[Task, ...]
    slots: int = 2
    sharing: Sharing = "folder"
    machines: int = 1
    limit: tuple[int, float] | None = (100, 10.0)
    latency: float = 0.05
    in_flight: int = 8
    cpu: float = 0.0015
    start: float = 0.075
    deaths: float = 0.0
    errors: float = 0.0
    seed: int = 1


@dataclass
class Result:
    """The result of it: `seconds` from the first request to the last answer, `busiest` the most in one window."""

    seconds: float = 0.0
    accepted: int = 0
    refused: int = 0
    repeated: int = 0
    busiest: int = 0
    moments: dict[int, list[float]] = field(default_factory=dict)

    @property
    def span(self) -> float:
        """Seconds from the first request that was let in to the last."""
        at = [moment for moments in self.moments.values() for moment in moments]
        return max(at) - min(at) if at else 0.0


class Window:
    """A moving window of a limit; `ask` answers 0 and counts, or how long to wait."""

    def __init__(self, limit: tuple[int, float] | None) -> None:
        self._limit = limit
        self._counted: deque[float] = deque()
        self.blocked_until = 0.0

    def ask(self, now: float, counts_at: float) -> float:
        """Count a request that counts at a moment, or return the seconds to wait."""
        if self._limit is None:
            return 0.0
        requests, seconds = self._limit
        while self._counted and self._counted[0] <= now - seconds:
            self._counted.popleft()
        wait = self.blocked_until - now
        if len(self._counted) >= requests:
            wait = max(wait, self._counted[len(self._counted) - requests] + seconds - now)
        if wait <= 0:
            self._counted.append(counts_at)
            return 0.0
        return wait


class Running:
    """A task on a slot, with its requests under way."""

    def __init__(self, simulation: Simulation, task: Task, budget: Window) -> None:
        self._simulation = simulation
        self._account = task.account
        self._left = task.requests
        self._under_way = 0
        self._free_at = 0.0
        self._budget = budget
        self._dead = False

    def begin(self) -> None:
        """Start as many requests as may be under way."""
        for _ in range(min(self._simulation.setting.in_flight, self._left)):
            self._next()

    def _next(self) -> None:
        if self._dead or self._left == 0:
            return
        self._left -= 1
        self._under_way += 1
        self._try(1)

    def _try(self, tries: int) -> None:
        simulation = self._simulation
        if self._dead:
            return
        ready = max(simulation.now, self._free_at)
        if ready > simulation.now:
            simulation.at(ready, lambda: self._try(tries))
            return
        setting = simulation.setting
        # A folder counts a request as late as it may count; a process in memory learns when the answer came.
        counts_at = simulation.now + (JITTER_SECONDS if setting.sharing == "folder" else setting.latency)
        wait = self._budget.ask(simulation.now, counts_at)
        if wait > 0:
            simulation.at(simulation.now + wait, lambda: self._try(tries))
            return
        self._free_at = simulation.now + setting.cpu
        simulation.at(simulation.now + setting.latency / 2, lambda: self._arrive(tries))

    def _arrive(self, tries: int) -> None:
        simulation = self._simulation
        retry_after = simulation.serve(self._account)
        answered = simulation.now + simulation.setting.latency / 2
        simulation.at(answered, lambda: self._answered(tries, retry_after))

    def _answered(self, tries: int, retry_after: float) -> None:
        simulation = self._simulation
        if self._dead:
            return
        if retry_after:
            self._budget.blocked_until = max(self._budget.blocked_until, simulation.now + retry_after)
            self._try(tries)
        elif simulation.chance() < simulation.setting.errors:
            pause = min(30.0, 0.25 * 2**tries) * (0.5 + 0.5 * simulation.chance())
            simulation.result.repeated += 1
            simulation.at(simulation.now + pause, lambda: self._try(tries + 1))
        else:
            self._settled()

    def _settled(self) -> None:
        self._under_way -= 1
        if self._simulation.chance() < self._simulation.setting.deaths:
            # What was under way has no outcome: the next attempt sends it again.
            self._dead = True
            self._simulation.result.repeated += self._under_way
            self._simulation.ended(Task(self._account, self._left + self._under_way))
        elif self._left:
            self._next()
        elif self._under_way == 0:
            self._simulation.ended(None)


class Simulation:
    """One run of a setting."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.now = 0.0
        self.result = Result()
        self._random = random.Random(setting.seed)  # noqa: S311 - repeatable, not secret
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._waiting = deque(setting.tasks)
        self._service: dict[int, Window] = {}
        self._folders: dict[tuple[int, int], Window] = {}
        self._began = 0

    def at(self, moment: float, do: Callable[[], None]) -> None:
        """Have something done at a moment."""
        self._count += 1
        heapq.heappush(self._events, (moment, self._count, do))

    def chance(self) -> float:
        """Return a number from 0 to 1."""
        return self._random.random()

    def run(self) -> Result:
        """Run to the end."""
        for _ in range(min(self.setting.slots, len(self._waiting))):
            self._begin()
        while self._events:
            self.now, _, do = heapq.heappop(self._events)
            do()
        self.result.seconds = self.now
        self.result.accepted = sum(len(each) for each in self.result.moments.values())
        seconds = self.setting.limit[1] if self.setting.limit else 10.0
        self.result.busiest = max((busiest(each, seconds) for each in self.result.moments.values()), default=0)
        return self.result

    def _begin(self) -> None:
        task = self._waiting.popleft()
        slot, self._began = self._began, self._began + 1
        running = Running(self, task, self._budget(task.account, slot))
        rest = (
            JITTER_SECONDS + self.setting.limit[1] if self.setting.sharing == "shares" and self.setting.limit else 0.0
        )
        self.at(self.now + self.setting.start + rest, running.begin)

    def _budget(self, account: int, slot: int) -> Window:
        limit, over = self.setting.limit, 1
        if self.setting.sharing == "shares":
            over = self.setting.slots
        elif self.setting.sharing == "folder":
            over = self.setting.machines
        share = (max(1, limit[0] // over), limit[1]) if limit else None
        if self.setting.sharing != "folder":
            return Window(share)
        return self._folders.setdefault((account, slot % self.setting.machines), Window(share))

    def serve(self, account: int) -> float:
        """Let a request in and return 0, or return the Retry-After of a 429: whole seconds, at least one."""
        wait = self._service.setdefault(account, Window(self.setting.limit)).ask(self.now, self.now)
        if wait > 0:
            self.result.refused += 1
            return max(1.0, math.ceil(wait))
        self.result.moments.setdefault(account, []).append(self.now)
        return 0.0

    def ended(self, again: Task | None) -> None:
        """Free a slot; `again` is what is left of a task that died."""
        if again is not None:
            self._waiting.appendleft(again)
        if self._waiting:
            self._begin()


def busiest(moments: list[float], seconds: float) -> int:
    """Return the most moments, in order, in any window."""
    most = left = 0
    for right, moment in enumerate(moments):
        while moment - moments[left] >= seconds:
            left += 1
        most = max(most, right - left + 1)
    return most


def simulate(setting: Setting) -> Result:
    """Run one setting."""
    return Simulation(setting).run()


def even(requests: int, tasks: int, account: int = 0) -> tuple[Task, ...]:
    """Return tasks of equal size."""
    return tuple(Task(account, requests // tasks) for _ in range(tasks))


def skewed(requests: int, tasks: int) -> tuple[Task, ...]:
    """Return tasks of which each has half of what those before it left: the first as much as all others."""
    sizes = [max(1, requests >> (place + 1)) for place in range(tasks)]
    sizes[0] += requests - sum(sizes)
    return tuple(Task(0, size) for size in sizes)


REQUESTS = 2000
ONE = Setting(even(REQUESTS, 8), slots=8)


def ideal(requests: int, limit: tuple[int, float]) -> float:
    """Return the seconds that the limit alone asks for: a full window at once, then one in each window's length."""
    return (math.ceil(requests / limit[0]) - 1) * limit[1]


SHARING: dict[str, Setting] = {
    "1 task": Setting(even(REQUESTS, 1), slots=1),
    "8 tasks, one folder": ONE,
    "8 tasks on 4 machines, a folder each": replace(ONE, machines=4),
    "8 tasks, a share each": replace(ONE, sharing="shares"),
    "64 tasks, 8 at once, a share each": replace(ONE, tasks=even(REQUESTS, 64), sharing="shares"),
    "8 tasks that know nothing of each other": replace(ONE, sharing="alone"),
    "64 tasks that know nothing of each other": replace(ONE, tasks=even(REQUESTS, 64), slots=64, sharing="alone"),
    "skewed, one folder": replace(ONE, tasks=skewed(REQUESTS, 8)),
    "skewed, a share each": replace(ONE, tasks=skewed(REQUESTS, 8), sharing="shares"),
    "2 % server errors, one folder": replace(ONE, errors=0.02),
    "a task dies each 200 requests, one folder": replace(ONE, deaths=0.005),
    "a task dies each 200 requests, a share each": replace(ONE, deaths=0.005, sharing="shares"),
    "answers after 2 s, one folder": replace(ONE, latency=2.0),
    "answers after 2 s, 1 task": Setting(even(REQUESTS, 1), slots=1, latency=2.0),
}
"""One account, 2,000 requests."""


def accounts(count: int, slots: int, requests: int = 50) -> Setting:
    """Return a read of many accounts, one task each: 50 pages are 10,000 people."""
    return Setting(tuple(Task(account, requests) for account in range(count)), slots=slots)


ACCOUNTS = {
    (count, slots): accounts(count, slots, requests)
    for count, requests in ((1, 500), (100, 500), (10_000, 50))
    for slots in (2, 16, 256)
}


def sharing_table() -> str:
    """Return the table of how a window is shared."""
    lines = [
        "| 2,000 requests of one account | seconds | of the limit | busiest window | 429 | repeated |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, setting in SHARING.items():
        result = simulate(setting)
        used = ideal(REQUESTS, setting.limit or (1, 0.0)) / result.span
        counts = f"{result.busiest} | {result.refused:,} | {result.repeated:,}"
        lines.append(f"| {name} | {result.seconds:,.0f} | {used:.0%} | {counts} |")
    return "\n".join(lines)


def accounts_table() -> str:
    """Return the table of many accounts on few and many slots."""
    lines = [
        "| accounts | requests each | tasks at once | seconds | requests a second | people a second |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (count, slots), setting in ACCOUNTS.items():
        result = simulate(setting)
        rate = result.accepted / result.seconds
        each = setting.tasks[0].requests
        lines.append(f"| {count:,} | {each} | {slots} | {result.seconds:,.0f} | {rate:,.0f} | {rate * 200:,.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0]).parse_args()
    sys.stdout.write(f"{sharing_table()}\n\n{accounts_table()}\n")


if __name__ == "__main__":
    main()
