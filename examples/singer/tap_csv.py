#!/usr/bin/env python3
"""A Singer tap for signups.csv in forty lines: each run yields the rows that came since the last."""

import argparse
import csv
import json
import sys
from itertools import islice
from pathlib import Path

STREAM = "signups"


def tell(**message: object) -> None:
    """Write one message."""
    sys.stdout.write(json.dumps(message) + "\n")


def main() -> None:
    """Discover, or read from the state on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--discover", action="store_true")
    for option in ("--config", "--catalog", "--properties", "--state"):
        parser.add_argument(option, type=Path)
    options = parser.parse_args()
    with Path("signups.csv").open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        schema = {
            "type": "object",
            "properties": {name: {"type": ["string", "null"]} for name in rows.fieldnames or ()},
        }
        if options.discover:
            root = {"breadcrumb": [], "metadata": {"inclusion": "available", "selected": True}}
            entry = {"tap_stream_id": STREAM, "stream": STREAM, "schema": schema, "key_properties": ["user_id"]}
            sys.stdout.write(json.dumps({"streams": [{**entry, "metadata": [root]}]}))
            return
        done = json.loads(options.state.read_text("utf-8")).get("rows", 0) if options.state else 0
        tell(type="SCHEMA", stream=STREAM, schema=schema, key_properties=["user_id"])
        for row in islice(rows, done, None):
            tell(type="RECORD", stream=STREAM, record=row)
            done += 1
        tell(type="STATE", value={"rows": done})


if __name__ == "__main__":
    main()
