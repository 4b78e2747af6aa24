# ruff: noqa: INP001 - a script, not a package
"""How much of the rate limit is used under real latencies: `python benchmarks/latency_shapes.py [SECONDS] [SHAPE...]`.

A service of its own counts each request when it arrives, and answers 429 above 100 in any 10 seconds. Prints for each
shape of latency the share of the limit that reading, writing and 4 processes with one budget file use after the first
window, and the answers of 429. Shapes: see SHAPES.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import re
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import Any

from custify_connector.plugin import connector

REQUESTS, WINDOW = 100, 10.0
HALF = 0.5
SHAPES: dict[str, Callable[[random.Random], float]] = {
    "constant-50": lambda _c: 0.05,
    "constant-200": lambda _c: 0.2,
    "constant-800": lambda _c: 0.8,
    "uniform-0-3000": lambda c: c.uniform(0, 3),
    "lognormal-200": lambda c: c.lognormvariate(-1.609, 0.8),
    "lognormal-800": lambda c: c.lognormvariate(-0.223, 0.8),
    "bimodal-60-900": lambda c: 0.06 if c.random() < HALF else 0.9,
    "connection-500": lambda _c: 0.2,
}
PEOPLE = 1_000_000
SIZE = 20


def _person(number: int) -> dict[str, str]:
    at = datetime.fromtimestamp(1_700_000_000 - number, timezone.utc)
    return {"id": str(number), "created_at": at.isoformat(timespec="milliseconds")}


def page_of(head: bytes) -> bytes:
    """Return the page that a request asks for."""
    number, size = (_asked(head, name, usual) for name, usual in (("page", 1), ("itemsPerPage", SIZE)))
    people = [_person(place) for place in range((number - 1) * size, number * size)]
    return json.dumps({"people": people, "total": PEOPLE}).encode()


def _asked(head: bytes, name: str, usual: int) -> int:
    found = re.search(rb"[?&]%s=([0-9]+)" % name.encode(), head)
    return int(found[1]) if found else usual


class Service:
    """Counts what arrives; every connection of the shape `connection-500` is served half a second after it was made."""

    def __init__(self, shape: str) -> None:
        self._latency, self._chance = SHAPES[shape], random.Random(1)  # noqa: S311 - repeatable
        self._slow_connection = 0.5 if shape.startswith("connection") else 0.0
        self._window: deque[float] = deque()
        self.arrived: list[float] = []
        self.refused = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        await asyncio.sleep(self._slow_connection)
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), b":0"
                )
                await reader.readexactly(int(length.partition(b":")[2]))
                status = self._count(time.monotonic())
                await asyncio.sleep(self._latency(self._chance))
                body = page_of(head) if status == "200 OK" else b"{}"
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


def serve(shape: str, seconds: float, port: Any, result: Any) -> None:  # noqa: ANN401 - queues of another process
    """Serve for so many seconds from the first request on; put (share of the limit, refused) into `result`."""

    async def run() -> None:
        service = Service(shape)
        server = await asyncio.start_server(service.converse, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        while not service.arrived or time.monotonic() < service.arrived[0] + seconds:  # noqa: ASYNC110 - a clock
            await asyncio.sleep(0.1)
        began = service.arrived[0] + WINDOW
        used = sum(began <= moment < began + seconds - WINDOW for moment in service.arrived)
        result.put((used / (seconds - WINDOW) / REQUESTS * WINDOW, service.refused))

    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - connections that end in the middle
    asyncio.run(run())


def credential(port: int) -> dict[str, str]:
    """Return the credential of the service."""
    return {"name": "bench", "api_key": "bench", "base_url": f"http://127.0.0.1:{port}"}


def read(port: int, settings: dict[str, Any]) -> None:
    """Read until the service is gone."""
    page = {"parameter": "page", "size_parameter": "itemsPerPage", "size": SIZE}
    source = {"request": {"path": "/people/all"}, "records": ["people"], "page": page, "order": {"field": "created_at"}}
    for _batch in connector.read_source(credential(port), {**source, "settings": settings}, None):
        pass


def write(port: int, settings: dict[str, Any], delivery: str = "single") -> None:
    """Write until the service is gone."""

    def records() -> Iterator[dict[str, Any]]:
        yield from ({"user_id": str(number), "email": f"{number}@a.example"} for number in count())

    destination = {"endpoint": "upsert_person", "delivery": delivery, "settings": settings}
    for _receipt in connector.write_destination(credential(port), destination, records()):
        pass


def measure(shape: str, seconds: float, work: Callable[..., None], processes: int) -> tuple[float, int]:
    """Return the share of the limit that so many processes use, and how often they were refused."""
    port, result = multiprocessing.SimpleQueue(), multiprocessing.SimpleQueue()  # type: ignore[var-annotated]
    service = multiprocessing.Process(target=serve, args=(shape, seconds, port, result))
    service.start()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"budget": str(Path(folder, "budget"))} if processes > 1 else {}
        at = port.get()
        workers = [multiprocessing.Process(target=work, args=(at, settings), daemon=True) for _ in range(processes)]
        for worker in workers:
            worker.start()
        found: tuple[float, int] = result.get()
        for worker in workers:
            worker.kill()
            worker.join()
        service.kill()
        service.join()
    return found


def main() -> None:
    """Measure the shapes that were asked for, reading and writing side by side."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    for shape in sys.argv[2:] or SHAPES:
        found: dict[str, tuple[float, int]] = {}

        def keep(name: str, work: Callable[..., None], processes: int, shape: str = shape) -> None:
            found[name] = measure(shape, seconds, work, processes)  # noqa: B023 - the threads end within the turn

        kinds = (("read", read, 1), ("write", write, 1), ("write by 4", write, 4))
        threads = [threading.Thread(target=keep, args=kind) for kind in kinds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = "; ".join(f"{name} {found[name][0]:.1%}, {found[name][1]} times 429" for name, _, _ in kinds)
        sys.stdout.write(f"{shape}: {told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
