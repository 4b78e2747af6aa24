"""Replays of a quarantine: records are sent from a copy, and a record leaves its file when its receipt says so.

Decides what becomes of each line from receipts alone, so a run that never began, was ended or was killed changes
nothing for the records that it did not come to. It does not know how a command is started.
"""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import quarantine, quarantine_index
from custify_connector.storage import atomic

_PLACE = Path(".custify", "replays")
_ARRIVED = frozenset({"sent", "unchanged"})


@dataclass(frozen=True)
class Replay:
    """One replay of the quarantine `name` in the folder `root`; `id` is the time when it began, in milliseconds."""

    root: Path
    id: str
    name: str

    @property
    def records(self) -> Path:
        """What is sent: copies of the lines."""
        return self.root / _PLACE / self.id / self.name

    @property
    def receipts(self) -> Path:
        """Where the run writes the outcome of each record."""
        return self.root / _PLACE / f"{self.id}.receipts.jsonl"

    @property
    def rejected(self) -> Path:
        """Where the run keeps what is rejected again."""
        return self.root / _PLACE / f"{self.id}.rejected.jsonl"

    @property
    def original(self) -> Path:
        """The quarantine."""
        return self.root / self.name

    def words(self) -> tuple[str, ...]:
        """Return the command, its credential aside."""
        records, rejected, receipts = (
            path.relative_to(self.root).as_posix() for path in (self.records, self.rejected, self.receipts)
        )
        return ("replay", records, "--quarantine", rejected, "--receipts", receipts)

    def began_seconds_ago(self) -> float:
        """Return how old it is."""
        return time.time() - int(self.id) / 1000

    def has_begun(self) -> bool:
        """Say whether its run has come to the first record."""
        return self.receipts.exists() or _part(self.receipts).exists()

    def count(self) -> int:
        """Return how many records are sent."""
        return sum(1 for _ in _lines(self.records))

    def forget(self) -> None:
        """Remove the files of the run; the quarantine stays as it is."""
        shutil.rmtree(self.root / _PLACE / self.id, ignore_errors=True)
        for path in (self.receipts, self.rejected, _part(self.receipts)):
            path.unlink(missing_ok=True)


def every(root: Path) -> list[Replay]:
    """Return the replays that are not settled yet."""
    place = root / _PLACE
    held = (path for path in place.rglob("*") if path.is_file() and path.parent != place)
    parts = (path.relative_to(place).parts for path in held)
    return [Replay(root, began, "/".join(name)) for began, *name in parts if began.isdecimal()]


def quarantine_of(root: Path, path: str | None) -> str | None:
    """Return the quarantine whose records a replay sent from this file; None for any other file."""
    place = root / _PLACE
    if path is None or not Path(path).is_relative_to(place):
        return None
    return "/".join(Path(path).relative_to(place).parts[1:]) or None


def prepare(root: Path, name: str, numbers: set[int] | None) -> Replay:
    """Copy lines, all where `numbers` is None, to be sent; raises ConfigurationError where some are being sent now."""
    replay = Replay(root, str(time.time_ns() // 1_000_000), name)
    under_way = {text for each in every(root) if each.name == name for text in _lines(each.records)}
    wanted = [text for number, text in enumerate(_lines(root / name)) if numbers is None or number in numbers]
    if under_way.intersection(wanted):
        reason = "some of these records are being sent again already: wait until that run has ended, or end it"
        raise ConfigurationError((Fault(name, reason),))
    replay.records.parent.mkdir(parents=True)
    atomic.replace(replay.records, b"".join(text + b"\n" for text in wanted), private=True)
    return replay


def settle(replay: Replay) -> None:
    """Take the records that arrived out of the quarantine, give those rejected again their new reason, and forget it.

    What arrived is kept in a file of its own, each record with its receipt. A line that was changed meanwhile stays.
    """
    fates: dict[bytes, list[bytes]] = defaultdict(list)
    arrived = []
    for text, fate, receipt in _fates(replay):
        fates[text].append(fate)
        if receipt is not None:
            kept = {name: receipt.get(name) for name in ("outcome", "status", "code")}
            arrived.append({**quarantine_index.content_of(text), "receipt": kept})
    if arrived:
        _keep(replay, arrived)
    if fates and replay.original.exists():
        quarantine_index.rewrite(replay.original, lambda _number, text: _fate(fates, text.rstrip(b"\n")))
    replay.forget()


def _fate(fates: dict[bytes, list[bytes]], text: bytes) -> bytes | None:
    return fates[text].pop() if fates.get(text) else None


def _fates(replay: Replay) -> Iterator[tuple[bytes, bytes, dict[str, Any] | None]]:
    """Yield each line that is decided, with what takes its place, and the receipt of a record that arrived."""
    receipts = {each["line"]: each for each in _parsed(replay.receipts) or _parsed(_part(replay.receipts))}
    kept = (line for line in _parsed(replay.rejected) if quarantine.record_of(line) is not None)
    again = {line["nexlaMetaData"].get("sourceOffset"): line for line in kept}
    for number, text in enumerate(_lines(replay.records), 1):
        line = quarantine_index.content_of(text)
        if quarantine.record_of(line) is None:
            continue
        if number in again:
            yield text, orjson.dumps(_with_its_place(again[number], line), option=orjson.OPT_APPEND_NEWLINE), None
        elif receipts.get(number, {}).get("outcome") in _ARRIVED:
            yield text, b"", receipts[number]


def _with_its_place(again: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return a line that was rejected again with the input and the line that it first came from."""
    first = {name: before["nexlaMetaData"].get(name) for name in ("sourceKey", "sourceOffset")}
    return {**again, "nexlaMetaData": {**again["nexlaMetaData"], **first}}


def _keep(replay: Replay, arrived: list[dict[str, Any]]) -> None:
    kept = replay.original.with_name(f"{replay.original.stem}.sent-{replay.id}.jsonl")
    atomic.replace(kept, b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in arrived))


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file that hold something, without their ends."""
    with path.open("rb") as stream:
        for text in stream:
            if text.strip():
                yield text.rstrip(b"\n")


def _parsed(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines; the last line of a killed run may be none."""
    if not path.exists():
        return []
    found = (quarantine_index.content_of(text) for text in _lines(path))
    return [each for each in found if "line" in each or "nexlaMetaData" in each]


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
