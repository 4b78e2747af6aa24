"""Quarantine: the rejected records by their reason, one to look at and correct, and those that are sent again."""

from __future__ import annotations

import glob
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from custify_connector.checking.json_values import loads
from custify_connector.console import commands, replaying
from custify_connector.console.asking import Asked, Console, Notice
from custify_connector.console.catalog import Known
from custify_connector.console.replaying import Replay
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import quarantine_edits, quarantine_index
from custify_connector.host.run_history import RunHistory

_ON_A_PAGE = 50
_SORTS = (("", "first line first"), ("last", "last line first"), ("reason", "most frequent reason first"))
_SENT = re.compile(r"(.+)\.sent-[0-9]{13}\.jsonl")
"""What a file is called that keeps the records which left another one because they arrived."""
_MOST_FILES = 100
_COUNTED = 10_000_000
"""In bytes: the records of a larger file are counted once it is opened."""
_STARTING_SECONDS = 60.0
"""How long a replay that another console started may take until its run is recorded."""
_ONE_SETTLES = threading.Lock()


def every(asked: Asked) -> Response:
    """Show the quarantine files of the folder."""
    settle(asked.console)
    folder = asked.console.folder
    named = (name for name in folder.rows() if name.endswith((".jsonl", ".ndjson")))
    found = [name for name in named if quarantine_index.is_quarantine(folder.root / name)][:_MOST_FILES]
    tiles = [_tile(folder.root / name, name) for name in found]
    kept = [tile for tile in tiles if tile["was_sent"] is None]
    sent = sorted((tile for tile in tiles if tile["was_sent"]), key=lambda tile: tile["changed"], reverse=True)
    return asked.page("quarantine.html", tiles=kept, sent=sent, here="quarantine")


def _tile(path: Path, name: str) -> dict[str, Any]:
    """Return what is shown of a file; `was_sent` names the one that its records left when they arrived."""
    status, taken = path.stat(), quarantine_index.was_sent(path) and _SENT.fullmatch(path.name)
    changed = datetime.fromtimestamp(status.st_mtime, timezone.utc).isoformat(timespec="seconds")
    place = quarantine_index.place_of(path)
    return {
        "name": name, "size": status.st_size, "changed": changed, "was_sent": f"{taken[1]}.jsonl" if taken else None,
        "records": quarantine_index.count_of(path) if status.st_size <= _COUNTED else None,
        "destination": place.get("destination"), "source": place.get("sourceKey"),
    }  # fmt: skip


def path_of(asked: Asked, name: str) -> Path:
    """Return a quarantine of the folder; raises ConfigurationError for another file."""
    path = asked.console.folder.existing(name, "file")
    if path.stat().st_size and not quarantine_index.is_quarantine(path):
        raise ConfigurationError(
            (Fault(name, "is not a quarantine file: choose a file that a write left its rejected rows in"),)
        )
    return path


def file(asked: Asked) -> Response:
    """Show a file: its reasons with their counts, and a page of the lines of one or all.

    Of one that takes long to be read, its first lines are shown at once.
    """
    name = asked.query.get("file", "")
    under_way = sum(each.count() for each in settle(asked.console) if each.name == name)
    path = path_of(asked, name)
    known, index = known_of(asked, path), asked.console.indexes.soon(path)
    first: dict[str, Any] = {"lines": quarantine_index.first(path, _ON_A_PAGE), "group": None}
    shown = _lines(asked, path, index) if index else first
    return asked.page(
        "quarantine_file.html", name=name, groups=index.largest() if index else [], live=index is None,
        all=len(index.starts) if index else 0, reading=index is None, words=_words(name, asked.query, known),
        credentials=credentials_of(asked, known), under_way=under_way, sent=_sent_of(path, name), here="quarantine",
        wanted=_wanted(asked.query), sorts=_SORTS, fields=fields_of(shown["lines"]),
        exported=f"{Path(name).with_suffix('')}.csv", tables=asked.console.folder.rows(".csv"), **shown,
    )  # fmt: skip


def _wanted(query: Mapping[str, str]) -> dict[str, str]:
    return {word: query[word] for word in ("group", "q", "sort") if query.get(word)}


def fields_of(lines: list[quarantine_index.Line]) -> list[str]:
    """Return the fields of some records, to choose from."""
    return list(dict.fromkeys(name for line in lines for name in line.record))


def _lines(asked: Asked, path: Path, index: quarantine_index.Index) -> dict[str, Any]:
    """Return a page of lines: those of a reason, those that hold a text, in the order that was chosen."""
    group = next((each for each in index.groups.values() if each.id == asked.query.get("group")), None)
    chosen: Sequence[int] = group.lines if group else range(len(index.starts))
    if text := asked.query.get("q", ""):
        among = set(group.lines) if group else None
        chosen = [each for each in quarantine_index.found(path, index, text) if among is None or each in among]
    if asked.query.get("sort") == "last":
        chosen = chosen[::-1]
    elif asked.query.get("sort") == "reason" and not group:
        held = None if not text else set(chosen)
        chosen = [each for one in index.largest() for each in one.lines if held is None or each in held]
    page, total = asked.number("page", 1), len(chosen)
    start = min((page - 1) * _ON_A_PAGE, max(total - 1, 0) // _ON_A_PAGE * _ON_A_PAGE)
    return {
        "group": group, "lines": quarantine_index.lines(path, index, chosen[start : start + _ON_A_PAGE]),
        "total": total, "page": start // _ON_A_PAGE + 1, "first": start + 1, "pages": max(1, -(-total // _ON_A_PAGE)),
    }  # fmt: skip


def _sent_of(path: Path, name: str) -> list[str]:
    """Return the files that keep what arrived of this one's records, the last first."""
    named = sorted(path.parent.glob(f"{glob.escape(path.stem)}.sent-*.jsonl"), reverse=True)
    return [str(Path(name).with_name(each.name)) for each in named if _is_of_sent(each)]


def _is_of_sent(path: Path) -> bool:
    return bool(_SENT.fullmatch(path.name)) and quarantine_index.was_sent(path)


def settle(console: Console) -> list[Replay]:
    """Let records leave their quarantine whose receipts say so, of the replays that have ended; returns the others."""
    running = [run.input for run in RunHistory().page(_MOST_FILES, None, {"status": "running"})]
    with _ONE_SETTLES:
        return [
            each
            for each in replaying.every(console.folder.root)
            if _is_running(console, each, running) or not _is_settled(each)
        ]


def _is_settled(replay: Replay) -> bool:
    """Settle a replay; say whether that was possible: not while a run adds to the same file."""
    try:
        replaying.settle(replay)
    except ConfigurationError:
        return False
    return True


def _is_running(console: Console, replay: Replay, running: list[str | None]) -> bool:
    started = console.commands.with_words(replay.words())
    if started is not None:
        return started.exit_code is None
    is_starting = not replay.has_begun() and replay.began_seconds_ago() < _STARTING_SECONDS
    return str(replay.records) in running or is_starting


def known_of(asked: Asked, path: Path) -> Known | None:
    """Return the connector that the records of a file were meant for, by the first of them; None when it is gone."""
    return asked.console.catalog.of_run(quarantine_index.connector_of(path))


def credentials_of(asked: Asked, known: Known | None) -> list[str]:
    """Return the credentials with which the records of a connector can be sent."""
    return asked.console.credentials.names(known) if known else []


def _words(name: str, query: Mapping[str, str], known: Known | None) -> tuple[str, ...]:
    again = ("--quarantine", f"{Path(name).with_suffix('')}-again.jsonl")
    group = ("--group", query["group"]) if query.get("group") else ()
    return ("replay", name, *group, *again, *commands.whom("", known.chosen.label if known else ""))


def record(asked: Asked) -> Response:
    """Show one record, to correct it."""
    name = asked.query.get("file", "")
    return _record(asked, name, asked.number("line"))


def _record(asked: Asked, name: str, number: int, text: str | None = None, fault: str = "") -> Response:
    path = path_of(asked, name)
    index = asked.console.indexes.of(path)
    if number >= len(index.starts):
        raise ConfigurationError((Fault("record", "no longer exists: it was sent, or the file was changed"),))
    line = quarantine_index.lines(path, index, [number])[0]
    return asked.page(
        "record.html", 400 if fault else 200, name=name, line=line, text=text, fault=fault, here="quarantine",
        credentials=credentials_of(asked, known_of(asked, path)), group=asked.query.get("group", ""),
    )  # fmt: skip


def fix(asked: Asked) -> Response:
    """Put the corrected record in its place; where it is to be sent at once, do that too."""
    name, number = asked.form.get("file", ""), _line(asked)
    path, text = path_of(asked, name), asked.form.get("record", "")
    content = _object(text)
    if content is None:
        return _record(asked, name, number, text, "is not a JSON object: look for a missing comma, quote or bracket")
    try:
        quarantine_edits.fix(path, number, asked.form.get("mark", ""), content)
    except ConfigurationError as error:
        return _record(asked, name, number, text, "; ".join(fault.reason for fault in error.faults))
    if "send" in asked.form:
        return _send(asked, path, name, {number})
    return asked.go(address_of(name), Notice("good", f"Line {number + 1} is fixed. It is sent with the next replay."))


def _line(asked: Asked) -> int:
    text = asked.form.get("line", "")
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 - more lines than a file has
        raise ConfigurationError((Fault("line", "must be a number"),))
    return int(text)


def _object(text: str) -> dict[str, Any] | None:
    try:
        content = loads(text, unique_names=True)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def address_of(name: str) -> str:
    """Return the page of a file."""
    return f"/quarantine/file?file={quote(name, safe='')}"


def replay(asked: Asked) -> Response:
    """Send the records of a reason again, or all of a file."""
    name = asked.form.get("file", "")
    path = path_of(asked, name)
    wanted = asked.form.get("group", "")
    if not wanted:
        return _send(asked, path, name, None)
    return _send(asked, path, name, set(asked.console.indexes.of(path).group(wanted).lines))


def _send(asked: Asked, path: Path, name: str, numbers: set[int] | None) -> Response:
    """Start the command that sends copies of records; they leave the file when their receipts say so."""
    folder, known = asked.console.folder, known_of(asked, path)
    credential = asked.form.get("credential", "")
    if known is None or credential not in credentials_of(asked, known):
        raise ConfigurationError((Fault("credential", "choose one, or add one under Authenticate"),))
    given = asked.console.credentials.handed_in(known, credential)
    settle(asked.console)
    replay = replaying.prepare(folder.root, folder.named(path), numbers)
    older = ("--older-too",) * ("older_too" in asked.form)
    words = (*replay.words(), *older, *commands.whom(credential, known.chosen.label))
    try:
        started = asked.console.commands.start(words, f"Replay {name}", given=given)
    except BaseException:
        replay.forget()
        raise
    return asked.go(f"/started/{started.number}")
