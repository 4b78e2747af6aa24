# ruff: noqa: INP001 - a script, not a package
"""The loop anyone would write: requests and json, one page after another. `loop_read.py OUTPUT`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import requests

PAGE = 200


def main() -> None:
    """Read pages until one is not full, and write each record as a JSON line."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {os.environ['CUSTIFY_API_KEY']}"
    with Path(sys.argv[1]).open("w", encoding="utf-8") as stream:
        page = 1
        while True:
            query = {"itemsPerPage": PAGE, "page": page}
            response = session.get(f"{os.environ['CUSTIFY_BASE_URL']}/people/all", params=query, timeout=30)
            response.raise_for_status()
            body = response.json()[0]
            stream.writelines(json.dumps(person) + "\n" for person in body["people"])
            if page * PAGE >= body["total"]:
                return
            page += 1


if __name__ == "__main__":
    main()
