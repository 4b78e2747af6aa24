#!/usr/bin/env python3
"""A source of Airbyte in one file, to have rows to send: the lines of a CSV, one stream, a state after every hundred.

Its configuration is `{"path": "signups.csv", "stream": "signups"}`.
"""

from __future__ import annotations

import csv
import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

_EVERY = 100
_SPEC = {
    "type": "object",
    "required": ["path", "stream"],
    "properties": {"path": {"type": "string"}, "stream": {"type": "string"}},
}


def say(kind: str, **body: object) -> None:
    """Write one message."""
    print(json.dumps({"type": kind, **body}), flush=True)


def discover(config: dict[str, Any]) -> None:
    """Describe the one stream, a text for each column."""
    with Path(config["path"]).open(encoding="utf-8", newline="") as rows:
        columns = next(csv.reader(rows))
    schema = {"type": "object", "properties": {column: {"type": ["string", "null"]} for column in columns}}
    stream = {"name": config["stream"], "json_schema": schema, "supported_sync_modes": ["full_refresh"]}
    say("CATALOG", catalog={"streams": [stream]})


def read(config: dict[str, Any]) -> None:
    """Send the rows; an empty cell is left out, so that it keeps what is there."""
    name, sent = config["stream"], 0
    with Path(config["path"]).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        while some := list(islice(rows, _EVERY)):
            for row in some:
                data = {column: value for column, value in row.items() if value != ""}
                say("RECORD", record={"stream": name, "data": data, "emitted_at": 0})
            sent += len(some)
            state = {"stream_descriptor": {"name": name}, "stream_state": {"rows": sent}}
            say("STATE", state={"type": "STREAM", "stream": state, "sourceStats": {"recordCount": float(len(some))}})


def main() -> None:
    """Do what the first word says."""
    command = sys.argv[1]
    if command == "spec":
        say("SPEC", spec={"connectionSpecification": _SPEC})
        return
    config = json.loads(Path(sys.argv[sys.argv.index("--config") + 1]).read_text(encoding="utf-8"))
    if command == "check":
        say("CONNECTION_STATUS", connectionStatus={"status": "SUCCEEDED"})
    else:
        {"discover": discover, "read": read}[command](config)


if __name__ == "__main__":
    main()
