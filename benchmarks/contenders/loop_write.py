# ruff: noqa: INP001 - a script, not a package
"""The loop anyone would write: requests and json, one row after another. `loop_write.py ROWS`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import requests


def main() -> None:
    """Post every row."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {os.environ['CUSTIFY_API_KEY']}"
    with Path(sys.argv[1]).open(encoding="utf-8") as rows:
        for row in rows:
            response = session.post(f"{os.environ['CUSTIFY_BASE_URL']}/people", json=json.loads(row), timeout=30)
            response.raise_for_status()
            response.json()


if __name__ == "__main__":
    main()
