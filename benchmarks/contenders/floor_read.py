# ruff: noqa: INP001 - a script, not a package
"""The physical floor of reading: ready-made requests on one socket, orjson. `floor_read.py OUTPUT PAGES`."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
from floor_socket import FloorSocket


def main() -> None:
    """Read so many pages, decode them, and write each record as a JSON line."""
    connection = FloorSocket()
    requests = [connection.get(f"/people/all?itemsPerPage=200&page={page + 1}") for page in range(int(sys.argv[2]))]
    with Path(sys.argv[1]).open("wb") as stream:
        for request in requests:
            people = orjson.loads(connection.ask(request))[0]["people"]
            stream.write(b"".join([orjson.dumps(person, option=orjson.OPT_APPEND_NEWLINE) for person in people]))


if __name__ == "__main__":
    main()
