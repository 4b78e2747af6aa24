"""The limit under real latencies: how much of it each contender uses, and how often it is refused.

A service of its own counts each request when it arrives, and answers 429 above 100 in any 10 seconds. All contenders of
a shape run side by side, each at its own service: under the limit none keeps a core busy.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .contenders import BATCH, CUSTIFY, DLT_TUNED, FLOOR, Contender, Job, readers, threads, writers
from .processes import QUIET
from .rounds import tell
from .rows_file import write_rows
from .scale import Scale
from .server import Server
from .tables import Section, Target

REQUESTS, WINDOW = 100, 10.0
HALF = 0.5
PEOPLE, ROWS = 1_000_000, 40_000
CONNECTION, NEVER = "first connection 500 ms later", "never"
Latency = Callable[[random.Random], float]
SHAPES: Mapping[str, Latency] = {
    "constant 50 ms": lambda _: 0.05,
    "constant 200 ms": lambda _: 0.2,
    "constant 800 ms": lambda _: 0.8,
    "uniform, 0 to 3 s": lambda chance: chance.uniform(0, 3),
    "log-normal, median 0.2 s": lambda chance: chance.lognormvariate(-1.609, 0.8),
    "log-normal, median 0.8 s": lambda chance: chance.lognormvariate(-0.223, 0.8),
    "60 or 900 ms": lambda chance: 0.06 if chance.random() < HALF else 0.9,
    CONNECTION: lambda _: 0.2,
}
_LATENCIES: Mapping[str, Latency] = {**SHAPES, NEVER: lambda _: 3600.0}
_HOW = """Each contender runs for {seconds:.0f} s against a service that answers after a time of that shape, and that
refuses what arrives above 100 requests in any 10 s. A cell is the share of the limit that was used after the first
10 s, and how many answers were 429. `by 4` are four processes that write into one account."""
_LEAST, _LEAST_OF_FOUR = 0.95, 0.93


@dataclass(frozen=True)
class Use:
    """Which share of the limit was used, and how many requests were refused."""

    share: float
    refused: int

    def __str__(self) -> str:
        return f"{self.share:.1%}" + (f", {self.refused} refused" if self.refused else "")


@dataclass(frozen=True)
class Runner:
    """A contender, and how many of its processes work on one account."""

    name: str
    contender: Contender
    processes: int = 1


def measured(scale: Scale) -> Section:
    """Measure."""
    runners = _runners()
    with tempfile.TemporaryDirectory() as folder:
        rows = write_rows(Path(folder, "rows.jsonl"), ROWS)
        found = {shape: _side_by_side(shape, runners, rows, scale.shape_seconds) for shape in SHAPES}
    return Section(
        "i",
        "The limit under real latencies",
        _HOW.format(seconds=scale.shape_seconds),
        ("latency", *(each.name for each in runners)),
        [(shape, *map(str, uses)) for shape, uses in found.items()],
        tuple(_targets(runners, found)),
    )


def _runners() -> Sequence[Runner]:
    reading, writing = ({each.name: each for each in found} for found in (readers(), writers()))
    ours = (
        Runner("custify, reading", reading[CUSTIFY]),
        Runner("custify, writing", writing[CUSTIFY]),
        Runner("custify, in batches", writing[BATCH]),
        Runner("custify, writing by 4", writing[CUSTIFY], 4),
    )
    others = [each for name, each in reading.items() if name not in {CUSTIFY, FLOOR, DLT_TUNED}]
    return (*ours, *(Runner(each.name, each) for each in (threads(), *others)))


def _targets(runners: Sequence[Runner], found: Mapping[str, Sequence[Use]]) -> Iterator[Target]:
    for place, runner in enumerate(runners):
        if runner.name.startswith(CUSTIFY):
            uses = [each[place] for each in found.values()]
            bound = _LEAST if runner.processes == 1 else _LEAST_OF_FOUR
            share, refused = min(each.share for each in uses), sum(each.refused for each in uses)
            kept = share >= bound and not refused
            yield Target(f"{runner.name}: at least {bound:.0%}, none refused", f"{share:.1%}, {refused} refused", kept)


def _side_by_side(shape: str, runners: Sequence[Runner], rows: Path, seconds: float) -> Sequence[Use]:
    with ThreadPoolExecutor(len(runners)) as pool:
        uses = list(pool.map(lambda runner: _use(shape, runner, rows, seconds), runners))
    tell(f"  {shape}: {', '.join(map(str, uses))}")
    return uses


def _use(shape: str, runner: Runner, rows: Path, seconds: float) -> Use:
    """Run a contender until its service ends."""
    with served(shape, seconds) as (server, result), tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        job = Job(server, Path(folder), PEOPLE, rows, limited=True)
        with ExitStack() as running:
            for _ in range(runner.processes):
                running.enter_context(started(runner.contender, job))
            return result()


@contextmanager
def served(shape: str, seconds: float) -> Iterator[tuple[Server, Callable[[], Use]]]:
    """Serve a shape from a process of its own; gives the server, and what waits for its end and returns its Use."""
    port: multiprocessing.SimpleQueue[int] = multiprocessing.SimpleQueue()
    result: multiprocessing.SimpleQueue[tuple[float, int]] = multiprocessing.SimpleQueue()
    service = multiprocessing.Process(target=serve, args=(shape, seconds, port, result))
    service.start()
    try:
        yield Server(f"http://127.0.0.1:{port.get()}", "bench"), lambda: Use(*result.get())
    finally:
        service.kill()
        service.join()


@contextmanager
def started(contender: Contender, job: Job) -> Iterator[subprocess.Popen[bytes]]:
    """Run a contender for as long as the `with` lasts."""
    command = contender.command(job)
    output = command.output or Path(os.devnull)
    environment = {**QUIET, "HOME": str(command.folder), **command.environment}
    with (
        output.open("wb") as taken,
        subprocess.Popen(  # noqa: S603 - the benchmark's own commands
            command.arguments, cwd=command.folder, env=environment, stdout=taken, stderr=subprocess.DEVNULL
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


class Service:
    """Counts what arrives; every connection of the shape CONNECTION is served half a second after it was made."""

    def __init__(self, shape: str) -> None:
        self._latency, self._chance = _LATENCIES[shape], random.Random(1)  # noqa: S311 - repeatable
        self._slow_connection = 0.5 if shape == CONNECTION else 0.0
        self._window: deque[float] = deque()
        self._jobs: list[int] = []
        self.arrived: list[float] = []
        self.refused = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        await asyncio.sleep(self._slow_connection)
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"(?i)content-length: *([0-9]+)", head)
                sent = await reader.readexactly(int(length[1])) if length else b""
                status = self._count(time.monotonic())
                await asyncio.sleep(self._latency(self._chance))
                body = json.dumps(self._answer(head.split()[1], sent) if status == "200 OK" else {}).encode()
                words = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(words.encode() + body)

    def _count(self, now: float) -> str:
        while self._window and self._window[0] <= now - WINDOW:
            self._window.popleft()
        if len(self._window) >= REQUESTS:
            self.refused += 1
            return "429 Too Many Requests\r\nRetry-After: 1"
        self._window.append(now)
        self.arrived.append(now)
        return "200 OK"

    def _answer(self, path: str, sent: bytes) -> Any:  # noqa: ANN401 - JSON
        if path == "/batch":
            self._jobs.append(len(json.loads(sent)["jobs"]))
            return {"id": f"batch-{len(self._jobs) - 1}"}
        if path.startswith("/batch/"):
            return {"status": "completed", "results": [{"success": True}] * self._jobs[int(path.rpartition("-")[2])]}
        return json.loads(sent) if sent else [_page(path)]


def _page(path: str) -> dict[str, Any]:
    number, size = (_asked(path, name, usual) for name, usual in (("page", 1), ("itemsPerPage", 200)))
    return {"people": [_person(place) for place in range((number - 1) * size, number * size)], "total": PEOPLE}


def _asked(path: str, name: str, usual: int) -> int:
    found = re.search(rf"[?&]{name}=([0-9]+)", path)
    return int(found[1]) if found else usual


def _person(number: int) -> dict[str, str]:
    at = datetime.fromtimestamp(1_700_000_000 - number, timezone.utc)
    return {"id": str(number), "created_at": at.isoformat(timespec="milliseconds")}


def serve(shape: str, seconds: float, port: Any, result: Any) -> None:  # noqa: ANN401 - queues of another process
    """Serve for so many seconds from the first request on; put the Use into `result`."""

    async def run() -> None:
        service = Service(shape)
        server = await asyncio.start_server(service.converse, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        most = time.monotonic() + 2 * seconds  # a contender that never asks is not waited for
        while time.monotonic() < (service.arrived[0] + seconds if service.arrived else most):  # noqa: ASYNC110 - a clock
            await asyncio.sleep(0.1)
        result.put(astuple(_used(service, seconds)))

    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - connections that end in the middle
    asyncio.run(run())


def _used(service: Service, seconds: float) -> Use:
    began = (service.arrived or [0.0])[0] + WINDOW
    used = sum(began <= moment < began + seconds - WINDOW for moment in service.arrived)
    return Use(used / (seconds - WINDOW) / REQUESTS * WINDOW, service.refused)
