"""The journal of one task of a write: what was decided of each row, so that another attempt sends nothing twice.

A file of lines, added to and never changed, in a folder that every worker sees; one attempt at a time holds it.
Rows go by what they hold, not by their place: a task that is run again may meet them in another order. Needs a
file system with locks and `fsync`. This file does not know Spark.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from custify_connector.contract import OUTCOMES, Receipt
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.account import Account, of_words
from custify_connector.host.journal import Entry, hash_of
from custify_connector.host.resuming import short
from custify_connector.storage import atomic, locks

log = logging.getLogger("custify_connector")

_LOOK_AGAIN_SECONDS = 0.2
_SAY_AGAIN_SECONDS = 10.0
_OUTCOMES = {outcome: outcome for outcome in OUTCOMES}
FINISHED = "finished.json"


class Names:
    """Names rows by what they hold; the second of two equal ones has another name than the first."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    def name(self, record: Mapping[str, Any], account: str) -> str:
        """Return the name of the next row."""
        digest = hash_of({"record": record, "account": account}).hex()[:32]
        self._met[digest] += 1
        return f"{digest}.{self._met[digest]}"


class TaskJournal:
    """The rows of one task, by name. Made by `opened`."""

    def __init__(self, stream: BinaryIO, entries: dict[str, Entry]) -> None:
        self._stream = stream
        self._entries = entries

    def find(self, name: str) -> Entry | None:
        """Return what an earlier attempt left of a row."""
        return self._entries.get(name)

    def give(self, name: str) -> None:
        """Record that a row is passed now."""
        self._add({"row": name})

    def decide(self, name: str, receipt: Receipt) -> None:
        """Record the outcome of a row."""
        self._add({"row": name, "receipt": dataclasses.asdict(dataclasses.replace(receipt, response=None))})

    def _add(self, line: Mapping[str, Any]) -> None:
        self._stream.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        atomic.sync(self._stream)


@contextlib.contextmanager
def opened(folder: Path, partition: int, who: str) -> Iterator[TaskJournal]:
    """Hold the journal of a partition, after waiting for another attempt that holds it.

    Raises ConfigurationError when the folder cannot be used, or has no locks.
    """
    path = folder / f"part-{partition:05d}.jsonl"
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stream = stack.enter_context(path.open("a+b"))
            stack.enter_context(_taken(path.with_name(path.name + ".lock"), who))
        except OSError as error:
            cause = error.strerror or error
            reason = f"{path} cannot be used: {cause}; it must be on storage that all workers share, with locks"
            raise ConfigurationError((Fault("option journal", reason),)) from None
        yield TaskJournal(stream, _entries(stream))


def claim(folder: Path, credential: str, account: Account, *, same_account: bool = False) -> None:
    """Make the rows of a credential's name those of this account, for all tasks of a job.

    Raises ConfigurationError where an earlier run of the job wrote them to another; `same_account` says that it is the
    same one, whose key was replaced.
    """
    path = folder / f"account-{short(credential)}.json"
    before = of_words(orjson.loads(path.read_bytes())) if path.exists() else None
    if before and not before.is_same(account) and not (same_account and before.place == account.place):
        reason = f"{folder} holds what was sent to the account {before}, and credential {credential!r} opens {account}"
        remedy = "if its key was replaced, set same_account; for another account, name another job"
        raise ConfigurationError((Fault("option job", f"{reason}: {remedy}"),))
    if before != account:
        folder.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, orjson.dumps(account.words()))


def _taken(path: Path, who: str) -> contextlib.AbstractContextManager[object]:
    said = 0.0
    while True:
        try:
            return locks.take(path)
        except locks.Held as held:
            if said == 0.0 or time.monotonic() - said > _SAY_AGAIN_SECONDS:
                said = time.monotonic()
                log.warning("%s waits for another attempt of its task, which writes the same rows (%s)", who, held)
        time.sleep(_LOOK_AGAIN_SECONDS)


def _entries(stream: BinaryIO) -> dict[str, Entry]:
    """Return what was recorded; a last line that a killed process left half written is cut off."""
    entries: dict[str, Entry] = {}
    stream.seek(0)
    whole = 0
    for number, line in enumerate(stream, start=1):
        if not line.endswith(b"\n"):
            stream.truncate(whole)
            break
        whole += len(line)
        name, receipt = _row_of(stream.name, number, line)
        entries[name] = Entry(b"", receipt)
    return entries


def _row_of(path: str, number: int, line: bytes) -> tuple[str, Receipt | None]:
    """Return what a line says of a row: its name, and its receipt; raises ConfigurationError for a damaged line."""
    try:
        words = orjson.loads(line)
        found = words.get("receipt")
        receipt = Receipt(**{**found, "outcome": _OUTCOMES[found["outcome"]]}) if found else None
        return str(words["row"]), receipt
    except (ValueError, TypeError, KeyError, AttributeError):
        reason = f"{path} line {number} is damaged: restore the file; a job of another name would send every row again"
        raise ConfigurationError((Fault("option journal", reason),)) from None


def outcomes(folder: Path) -> Counter[str]:
    """Return how many rows a job's journal holds by outcome; `unclear` are those passed without one."""
    counted: Counter[str] = Counter()
    for path in sorted(folder.glob("part-*.jsonl")):
        with path.open("rb") as stream:
            numbered = enumerate(stream, start=1)
            last = dict(_row_of(str(path), number, line) for number, line in numbered if line.endswith(b"\n"))
        counted.update(receipt.outcome if receipt else "unclear" for receipt in last.values())
    return counted


def finish(folder: Path, reported: Mapping[str, Any]) -> None:
    """Record that a job has come to its end, and with what."""
    folder.mkdir(parents=True, exist_ok=True)
    atomic.replace(folder / FINISHED, orjson.dumps(reported, option=orjson.OPT_INDENT_2))


def is_finished(folder: Path) -> bool:
    """Return whether a job has come to its end."""
    return (folder / FINISHED).exists()
