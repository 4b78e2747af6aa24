# ruff: noqa: INP001 - a script, not a package
"""The loop anyone would write: requests and json, page after page. `loop_read.py OUTPUT [THREADS]`."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import requests

PAGE = 200
TOO_MANY = 429


def page(session: requests.Session, number: int) -> dict[str, Any]:
    """Return one page; one that is refused for the limit is asked for again when the service says."""
    query = {"itemsPerPage": PAGE, "page": number}
    while True:
        response = session.get(f"{os.environ['CUSTIFY_BASE_URL']}/people/all", params=query, timeout=30)
        if response.status_code != TOO_MANY:
            response.raise_for_status()
            found: dict[str, Any] = response.json()[0]
            return found
        time.sleep(int(response.headers.get("Retry-After", "1")))


def main() -> None:
    """Read pages until the total is reached, and write each record as a JSON line."""
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1  # noqa: PLR2004 - the second argument
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {os.environ['CUSTIFY_API_KEY']}"
    with Path(sys.argv[1]).open("w", encoding="utf-8") as stream, ThreadPoolExecutor(threads) as pool:
        for first in count(1, threads):
            for body in pool.map(lambda number: page(session, number), range(first, first + threads)):
                stream.writelines(json.dumps(person) + "\n" for person in body["people"])
            if (first + threads - 1) * PAGE >= body["total"]:
                return


if __name__ == "__main__":
    main()
