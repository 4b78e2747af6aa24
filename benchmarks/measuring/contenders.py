"""Who is compared: the command of each for reading people to JSON lines, and for writing them, and how to count.

This file does not know what is measured, nor how often.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .environments import AIRBYTE, DLT, OURS, SINGER
from .paths import CONTENDERS
from .processes import Command
from .server import Server

PAGE = 200
FLOOR, LOOP, CUSTIFY = "floor (socket, orjson)", "loop (requests, json)", "custify"
THREADS = "loop, 8 threads"
SINGER_SDK, AIRBYTE_CDK, DLT_HUB, DLT_TUNED = "singer-sdk", "airbyte-cdk", "dlt", "dlt, tuned"
BATCH = "custify, batch delivery"

_STREAM = {"name": "people", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
_CATALOGUE = {"streams": [{"stream": _STREAM, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}]}


@dataclass(frozen=True)
class Job:
    """A server, a folder of its own, and what to do: so many people to read, or a file of rows to write."""

    server: Server
    folder: Path
    people: int = 0
    rows: Path = Path()
    limited: bool = False

    @property
    def output(self) -> Path:
        """Return where the records go."""
        return self.folder / "people.jsonl"

    @property
    def rate_limit(self) -> tuple[str, ...]:
        """Return the connector's option: its default is the documented limit."""
        return () if self.limited else ("--rate-limit", "none")

    def config(self) -> str:
        """Write the server's address and key where a rival reads them, and return that file."""
        path = self.folder / "config.json"
        path.write_text(json.dumps({"base_url": self.server.base_url, "api_key": self.server.api_key}))
        return str(path)


@dataclass(frozen=True)
class Contender:
    """A name, its command for a job, and how many records it has put out."""

    name: str
    command: Callable[[Job], Command]
    count: Callable[[Job], int] = lambda job: _lines(job.output)


def readers() -> tuple[Contender, ...]:
    """Return all who read."""
    return (
        Contender(FLOOR, _floor),
        Contender(LOOP, _loop),
        Contender(CUSTIFY, _custify),
        Contender(SINGER_SDK, _singer, lambda job: _lines(job.output, b'"type":"RECORD"')),
        Contender(AIRBYTE_CDK, _airbyte, lambda job: _lines(job.output, b'"type":"RECORD"')),
        Contender(DLT_HUB, _dlt, _dlt_lines),
        Contender(DLT_TUNED, lambda job: _dlt(job, "tuned"), _dlt_lines),
    )


def threads() -> Contender:
    """Return the loop as people speed it up."""
    return Contender(THREADS, lambda job: _loop(job, "8"))


def writers() -> tuple[Contender, ...]:
    """Return all who write."""
    return (
        Contender(FLOOR, lambda job: _script(job, OURS.python, "floor_write.py", str(job.rows))),
        Contender(LOOP, lambda job: _script(job, OURS.python, "loop_write.py", str(job.rows))),
        Contender(CUSTIFY, lambda job: _custify_write(job, "single")),
        Contender(BATCH, lambda job: _custify_write(job, "batch")),
        Contender(SINGER_SDK, _singer_target),
    )


def _script(job: Job, python: str, script: str, *arguments: str) -> Command:
    return Command([python, str(CONTENDERS / script), *arguments], job.folder, job.server.environment)


def _floor(job: Job) -> Command:
    return _script(job, OURS.python, "floor_read.py", str(job.output), str(-(-job.people // PAGE)))


def _loop(job: Job, *threads: str) -> Command:
    return _script(job, OURS.python, "loop_read.py", str(job.output), *threads)


def _custify(job: Job) -> Command:
    arguments = [OURS.command("custify"), "read", "people", *job.rate_limit, "-o", str(job.output)]
    return Command(arguments, job.folder, job.server.environment)


def _singer(job: Job) -> Command:
    arguments = [SINGER.python, str(CONTENDERS / "singer_tap.py"), "--config", job.config()]
    return Command(arguments, job.folder, output=job.output)


def _airbyte(job: Job) -> Command:
    catalogue = job.folder / "catalogue.json"
    catalogue.write_text(json.dumps(_CATALOGUE))
    manifest = str(CONTENDERS / "airbyte_manifest.yaml")
    options = ["--config", job.config(), "--catalog", str(catalogue), "--manifest-path", manifest]
    arguments = [AIRBYTE.command("source-declarative-manifest"), "read", *options]
    return Command(arguments, job.folder, output=job.output)


def _dlt(job: Job, *how: str) -> Command:
    return _script(job, DLT.python, "dlt_read.py", str(job.folder), *how)


def _custify_write(job: Job, delivery: str) -> Command:
    options = ["--delivery", delivery, *job.rate_limit]
    arguments = [OURS.command("custify"), "write", "upsert_person", str(job.rows), *options]
    return Command(arguments, job.folder, job.server.environment)


def _singer_target(job: Job) -> Command:
    arguments = [SINGER.python, str(CONTENDERS / "singer_target.py"), "--config", job.config()]
    return Command(arguments, job.folder, input=job.rows.with_suffix(".singer"))


def _dlt_lines(job: Job) -> int:
    return sum(_lines(path) for path in (job.folder / "loaded" / "custify" / "people").glob("*.jsonl*"))


def _lines(path: Path, holding: bytes = b"") -> int:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        return sum(holding in line for line in stream)
