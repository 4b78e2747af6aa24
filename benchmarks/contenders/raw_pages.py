# ruff: noqa: INP001 - a script, not a package
"""How fast the server gives pages to a client that does nothing with them. `raw_pages.py PAGES`; prints pages/s."""

from __future__ import annotations

import sys
import time

from floor_socket import FloorSocket


def main() -> None:
    """Ask for so many pages."""
    connection = FloorSocket()
    requests = [connection.get(f"/people/all?itemsPerPage=200&page={page + 1}") for page in range(int(sys.argv[1]))]
    began = time.perf_counter()
    for request in requests:
        connection.ask(request)
    print(len(requests) / (time.perf_counter() - began))  # noqa: T201 - the result is what a script prints


if __name__ == "__main__":
    main()
