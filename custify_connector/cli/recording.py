"""Writes runs down in the history as they go; what hinders this is said once, and never stops a run.

Decides what a run's end is called. It knows runs and their counters, and takes care that no key is recorded.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from custify_connector.checking.secret import Secret, redacted
from custify_connector.cli import ARGUMENTS
from custify_connector.contract.errors import ConfigurationError, ConnectorError, IncompleteRead
from custify_connector.contract.events import Event, RateLimitWait, Retry, current_listener, listening
from custify_connector.host import named_states, run_rows
from custify_connector.host.recorded_run import Run, Status
from custify_connector.host.run_history import RunHistory
from custify_connector.host.run_rows import RunRow
from custify_connector.host.runs import WriteCount
from custify_connector.host.vault import now

if TYPE_CHECKING:  # what only a write loads
    from custify_connector.host.feed import Line

_ADDRESS = re.compile(r"postgres(ql)?://|dlt:", re.IGNORECASE)
_SECONDS_BETWEEN = 1.0
_MOST_ROWS = 2_000
_MOST_REASONS = 10
_RATE_LIMIT = "rate limit"
_LARGEST_COUNTED = 200_000_000
_TAKEN = frozenset({"sent", "unchanged"})
_INTERRUPTED, _SOME_REJECTED = 130, 1


class Recording:
    """One run in the history; its counters are written at most once a second."""

    def __init__(self, run: Run, secrets: Sequence[Secret]) -> None:
        self._history = RunHistory()
        self._secrets = secrets
        self._began = self._last = time.monotonic()
        self._changes: dict[str, Any] = {}
        self._end: tuple[Status, str, int] = ("finished", "finished", 0)
        self._works = True
        self._followed: WriteCount | None = None
        self._rows: list[RunRow] = []
        self._waits: dict[str, dict[str, float]] = {}
        self._turn = threading.Lock()
        self._run = run
        self._safely(self._begin)

    def _begin(self) -> None:
        self._run = self._history.begin(self._run)

    def hear(self, event: Event) -> None:
        """Take what a request waits for; it is added up by its reason."""
        if isinstance(event, (RateLimitWait, Retry)):
            reason = _RATE_LIMIT if isinstance(event, RateLimitWait) else f"sent again after {event.reason}"
            reason = redacted(self._secrets, reason)
            with self._turn:
                reason = reason if reason in self._waits or len(self._waits) < _MOST_REASONS else "other reasons"
                wait = self._waits.setdefault(reason, {"times": 0, "seconds": 0.0})
                wait["times"] += 1
                wait["seconds"] = round(wait["seconds"] + event.seconds, 3)

    def count(self, records: int, size: int, total: int | None = None) -> None:
        """Take the counters of a read so far: records, of how many where that is known, and their size in bytes."""
        self._changes.update(records=records, size=size, total=total)
        if time.monotonic() - self._last >= _SECONDS_BETWEEN:
            self._save()

    def follow(self, count: WriteCount) -> None:
        """Take the counters of a write that continues; they are looked at when they are recorded."""
        self._followed = count
        if time.monotonic() - self._last >= _SECONDS_BETWEEN:
            self._save()

    def row(self, line: Line, *, capture: bool) -> None:
        """Take the outcome of a row; with `capture` also what was sent, and what was answered."""
        receipt = line.receipt
        words = (
            () if line.row is None or receipt.outcome in _TAKEN else run_rows.words_of(line.row.fields, line.row.text)
        )
        kept = RunRow(line.line, receipt if capture else replace(receipt, response=None), None, words, sent=line.sent)
        self._rows.append(replace(kept, record=line.record) if capture else kept)
        if len(self._rows) >= _MOST_ROWS:
            self._save()

    def ended(self, code: int) -> None:
        """Take the exit code of a run that was asked to end, or in which not all went well."""
        if code > _INTERRUPTED - 2:
            self._end = ("interrupted", "interrupted; what was done before is kept", code)
        elif code == _SOME_REJECTED and self._followed:
            errors, records = self._followed.errors, self._followed.records
            self._end = ("rejects", f"finished; {errors:,} of {records:,} records were not accepted", code)

    def stopped_by(self, error: BaseException, code: int) -> None:
        """Take what ended the run; a text that is not meant for people is left out."""
        if isinstance(error, ConnectorError):
            status: Status = "incomplete" if isinstance(error, IncompleteRead) else "failed"
            self._end = (status, redacted(self._secrets, str(error)), code)
        elif isinstance(error, KeyboardInterrupt):
            self._end = ("interrupted", "interrupted at once; what was under way may have arrived", _INTERRUPTED)
        elif isinstance(error, BrokenPipeError):
            self._end = ("finished", "the reader closed the pipe", 0)
        elif isinstance(error, OSError):
            self._end = ("failed", f"{error.strerror or type(error).__name__}", 1)
        elif not isinstance(error, SystemExit):
            self._end = ("failed", f"a fault of this program ({type(error).__name__})", 1)

    def close(self) -> None:
        """Record how the run ended."""
        status, reason, code = self._end
        self._changes.update(status=status, reason=reason, exit_code=code, ended=now())
        self._save()

    def _save(self) -> None:
        self._last = time.monotonic()
        if self._followed:
            self._changes.update(
                records=self._followed.records, errors=self._followed.errors, outcomes=dict(self._followed.outcomes)
            )
        with self._turn:
            self._changes["waits"] = {reason: dict(wait) for reason, wait in self._waits.items()}
        changes = {**self._changes, "seconds": round(self._last - self._began, 3)}
        rows, self._rows = [_clean(self._secrets, row) for row in self._rows], []
        self._safely(lambda: self._history.update(self._run.id, changes, rows))

    def _safely(self, call: Callable[[], None]) -> None:
        if not self._works:
            return
        try:
            call()
        except ConfigurationError as error:
            self._gives_up(str(error))
        except Exception as error:  # noqa: BLE001 - the record of a run never ends the run
            self._gives_up(f"unexpected {type(error).__name__}")

    def _gives_up(self, reason: str) -> None:
        self._works = False
        click.echo(f"this run is not recorded: {reason}", err=True)


@contextmanager
def recorded(run: Run, secrets: Sequence[Secret]) -> Iterator[Recording]:
    """Record a run from here to the end of the `with`, however that comes; `secrets` are not recorded."""
    from custify_connector.cli.options import exit_code  # noqa: PLC0415 - options and this file need each other

    recording = Recording(_without(secrets, run), secrets)
    outer = current_listener()

    def hear(event: Event) -> None:
        recording.hear(event)
        outer(event)

    try:
        with listening(hear):
            yield recording
    except BaseException as error:
        recording.stopped_by(error, exit_code(error) if isinstance(error, ConnectorError) else 1)
        raise
    finally:
        recording.close()


def reading(
    credential: Mapping[str, Any],
    source: Mapping[str, Any],
    output: str,
    state: Path | None,
    connector: str = "",
    stream: str = "",
) -> Run:
    """Return the run that a read is; `stream` is what one without an endpoint is called."""
    return Run(
        kind="read",
        endpoint=str(source.get("endpoint", stream)),
        connector=connector,
        credential=_name(credential, connector),
        settings={name: value for name, value in source.items() if name != "endpoint" and value},
        output=_absolute(output),
        state=_absolute(state),
        state_name=named_states.name_of(state) if state else None,
        **_typed(),
    )


def writing(
    credential: Mapping[str, Any],
    destination: Mapping[str, Any],
    file: str,
    quarantine: Path | None,
    journal: Path | None,
    connector: str = "",
) -> Run:
    """Return the run that a write is, whichever command does it."""
    context = click.get_current_context(silent=True)
    return Run(
        kind=(context.info_name if context else None) or "write",
        endpoint=str(destination.get("endpoint", "")),
        connector=connector,
        credential=_name(credential, connector),
        settings={name: value for name, value in destination.items() if name != "endpoint" and value},
        input=_absolute(file),
        quarantine=_absolute(quarantine),
        journal=_absolute(journal),
        size=_size(file),
        total=_rows(file),
        **_typed(),
    )


def _name(credential: Mapping[str, Any], connector: str) -> str:
    """Return what a credential is called; it may have no name but its connector's."""
    return str(credential.get("name") or connector)


def _typed() -> dict[str, Any]:
    return {"command": typed_words(), "folder": str(Path.cwd())}


def typed_words() -> tuple[str, ...]:
    """Return what was typed after `custify`; nothing where no command line is at work."""
    context = click.get_current_context(silent=True)
    return tuple(context.meta.get(ARGUMENTS, ())) if context else ()


def _absolute(path: str | Path | None) -> str | None:
    if path is None or str(path) == "-" or _ADDRESS.match(str(path)):
        return None if path is None else str(path)
    return str(Path(path).absolute())


def _size(file: str) -> int:
    try:
        return Path(file).stat().st_size
    except OSError:
        return 0


def _clean(secrets: Sequence[Secret], row: RunRow) -> RunRow:
    """Return a row without the key, should the service, or a cell, have it."""
    shown = {name: _redacted(secrets, getattr(row.receipt, name)) for name in ("key", "reason", "field", "response")}
    receipt = replace(row.receipt, **shown)
    words = tuple(_redacted(secrets, row.words))
    return replace(row, receipt=receipt, record=_redacted(secrets, row.record), words=words)


def _redacted(secrets: Sequence[Secret], value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return redacted(secrets, value)
    if isinstance(value, dict):
        return {_redacted(secrets, name): _redacted(secrets, each) for name, each in value.items()}
    return [_redacted(secrets, each) for each in value] if isinstance(value, (list, tuple)) else value


def _rows(file: str) -> int | None:
    """Return about how many rows a text file has, by its lines; None where that says nothing, or takes long."""
    heading = {".csv": 1, ".tsv": 1, ".jsonl": 0, ".ndjson": 0}.get(Path(file).suffix.lower())
    if heading is None or not 0 < _size(file) <= _LARGEST_COUNTED or not Path(file).is_file():
        return None
    with suppress(OSError), Path(file).open("rb") as stream:
        lines = sum(part.count(b"\n") for part in iter(lambda: stream.read(1 << 20), b""))
        stream.seek(-1, os.SEEK_END)
        return max(0, lines + (stream.read(1) != b"\n") - heading)
    return None


def _without(secrets: Sequence[Secret], run: Run) -> Run:
    """Return the run without the key, should it have been typed where it does not belong."""

    def clean(value: Any) -> Any:  # noqa: ANN401 - JSON
        return _redacted(secrets, value)

    named = ("endpoint", "credential", "input", "output", "state", "quarantine")
    texts = {name: clean(getattr(run, name)) for name in named}
    return replace(run, **texts, settings=clean(run.settings), command=tuple(clean(run.command)))
