# ruff: noqa: INP001 - a script, not a package
"""The physical floor of writing: every row a POST on one socket, orjson. `floor_write.py ROWS`."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
from floor_socket import FloorSocket


def main() -> None:
    """Decode every row, post it, and decode the answer."""
    connection = FloorSocket()
    with Path(sys.argv[1]).open("rb") as rows:
        for row in rows:
            orjson.loads(connection.ask(connection.post("/people", orjson.dumps(orjson.loads(row)))))


if __name__ == "__main__":
    main()
