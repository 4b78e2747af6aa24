# ruff: noqa: INP001 - a script, not a package
"""How many pages of 200 people a second the sandbox serves: `python benchmarks/sandbox_speed.py [SECONDS]`.

The server runs in this process, the client in its own: a raw socket over one kept-alive connection, so that what is
measured is the server. Prints one JSON line.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import socket
import sys
import time
from typing import TYPE_CHECKING

from custify_connector.sandbox import Sandbox

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

PEOPLE, PAGE = 5_000, 200
SORTING = "%7B%22field%22%3A%22created_at%22%2C%22direction%22%3A%22asc%22%7D"


def request(key: str, page: int) -> bytes:
    """Return one request for a page of people, as a client would send it."""
    path = f"/people/all?itemsPerPage={PAGE}&page={page}&sorting={SORTING}"
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept-Encoding: identity\r\n"
        f"Accept: application/json\r\nConnection: keep-alive\r\nAuthorization: Bearer {key}\r\n\r\n"
    ).encode()


def receive(client: socket.socket, buffer: bytearray) -> int:
    """Read one answer whole and return its number of bytes."""
    view = memoryview(buffer)
    filled = client.recv_into(view)
    end = bytes(view[:2048]).index(b"\r\n\r\n") + 4
    head = bytes(view[:end])
    total = end + int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    while filled < total:
        filled += client.recv_into(view[filled:])
    return total


def read_pages(port: int, key: str, seconds: float, result: SimpleQueue[tuple[int, float]]) -> None:
    """Ask for page after page for so many seconds; put (pages, seconds) into `result`."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        buffer, requests = bytearray(1 << 20), [request(key, page + 1) for page in range(PEOPLE // PAGE)]
        for one in requests:
            client.sendall(one)
            receive(client, buffer)
        pages, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            client.sendall(requests[pages % len(requests)])
            receive(client, buffer)
            pages += 1
        result.put((pages, time.perf_counter() - started))


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    spawn = multiprocessing.get_context("spawn")
    result = spawn.SimpleQueue()
    with Sandbox(people=PEOPLE, companies=500, rate_limit=None, keep_entries=1000) as sandbox:
        port = int(sandbox.base_url.rsplit(":", 1)[1])
        client = spawn.Process(target=read_pages, args=(port, sandbox.api_key, seconds, result))
        before = resource.getrusage(resource.RUSAGE_SELF)
        client.start()
        pages, elapsed = result.get()
        client.join()
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    figures = {
        "pages_per_second": round(pages / elapsed),
        "pages_per_cpu_second": round(pages / cpu),
        "pages": pages,
        "seconds": round(elapsed, 2),
    }
    print(json.dumps(figures))  # noqa: T201 - the result is what a script prints


if __name__ == "__main__":
    main()
