"""Records that were rejected or failed, kept for replay as JSON lines in Nexla's shape.

A line is on the disk before the run moves on. This file does not know why a record was refused, only what it is told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from custify_connector.contract import Receipt
from custify_connector.errors import ConfigurationError, Fault


@dataclass(frozen=True)
class Place:
    """Where a record came from and was to go: the input's name and line, the destination, and the run's id.

    `connector` names the one that the destination belongs to, where it is not this installation's own.
    """

    source: str
    line: int
    destination: str
    run_id: int
    connector: str = ""


def quarantined(record: Mapping[str, Any], receipt: Receipt, place: Place) -> dict[str, Any]:
    """Return the quarantined form of a record: `nexlaMetaData`, `error`, `rawMessage`; times are in milliseconds."""
    error = {
        "status": receipt.status,
        "message": receipt.reason,
        "code": receipt.code,
        "field": receipt.field,
        "stage": "validation" if receipt.status is None and receipt.outcome == "rejected" else "delivery",
    }
    meta = {
        "resourceType": "SINK",
        "ingestTime": int(time.time() * 1000),
        "runId": place.run_id,
        "sourceKey": place.source,
        "sourceOffset": place.line,
        "destination": place.destination,
        **({"connector": place.connector} if place.connector else {}),
    }
    return {"nexlaMetaData": meta, "error": error, "rawMessage": dict(record)}


class Quarantine:
    """A quarantine file, opened to add to it.

    Raises ConfigurationError when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        try:
            self._stream = path.open("ab")
        except OSError as error:
            raise ConfigurationError((Fault(str(path), f"cannot be written: {error.strerror or error}"),)) from None

    def add(self, line: Mapping[str, Any]) -> None:
        """Write one record, and wait until it is on the disk."""
        self._stream.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE, default=str))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self.count += 1

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def record_of(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the record of a quarantined line; None when the line is not of a quarantine."""
    record = line.get("rawMessage")
    return record if isinstance(record, dict) and "nexlaMetaData" in line else None


def destination_of(line: Mapping[str, Any]) -> str | None:
    """Return the destination that a quarantined record was meant for."""
    return _meant(line, "destination")


def connector_of(line: Mapping[str, Any]) -> str | None:
    """Return the connector that a quarantined record was meant for, None where it is this installation's own."""
    return _meant(line, "connector")


def _meant(line: Mapping[str, Any], word: str) -> str | None:
    meta = line.get("nexlaMetaData")
    named = meta.get(word) if isinstance(meta, Mapping) else None
    return named if isinstance(named, str) else None
