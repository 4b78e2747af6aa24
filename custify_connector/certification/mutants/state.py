"""Mutants of group E: states that promise more than was delivered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from custify_connector.certification.mutating import (
    Broken,
    Plugin,
    Read,
    mutant,
    with_batches,
    with_each_batch,
    with_read,
    without,
)
from custify_connector.contract import Batch, hookimpl


@mutant("E2")
def a_state_runs_ahead_of_its_batch(healthy: Plugin) -> object:
    """Each batch comes with the state of the one after it."""

    def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
        taken = list(batches)
        for batch, following in zip(taken, [*taken[1:], *taken[-1:]], strict=True):
            yield replace(batch, state=following.state)

    return with_batches(healthy, ahead)


@mutant("E1")
def a_state_is_forgotten(healthy: Plugin) -> object:
    """Every read starts from the beginning."""
    return with_batches(healthy, state=lambda _: None)


@mutant("E3")
def a_state_leaves_before_its_records(healthy: Plugin) -> object:
    """Records wait for the next page, and the state does not."""

    def late(batches: Iterator[Batch]) -> Iterator[Batch]:
        waiting: list[dict[str, Any]] = []
        for batch in batches:
            yield replace(batch, records=waiting)
            waiting = batch.records
            last = batch
        if waiting:
            yield replace(last, records=waiting)

    return with_batches(healthy, late)


@mutant("E4")
def records_as_old_as_the_last_are_taken_for_known(healthy: Plugin) -> object:
    """The next page is cut at the cursor that the last one ended with."""
    cursors = _cursors(healthy)

    def cut(batches: Iterator[Batch]) -> Iterator[Batch]:
        edge: list[Any] = []
        for batch in batches:
            cursor = cursors.get(batch.stream)
            kept = [one for one in batch.records if cursor is None or one.get(cursor) not in edge]
            yield replace(batch, records=kept)
            edge = [one.get(cursor or "") for one in batch.records[-1:]]

    return with_batches(healthy, cut)


def _cursors(healthy: Plugin) -> dict[str, Any]:
    """Return the described cursor of each stream, None where it has none."""
    return {name: source.get("cursor") for name, source in healthy.describe()["sources"].items()}


@mutant("E5")
def a_state_is_that_of_the_end_from_the_start(healthy: Plugin) -> object:
    """The newest cursor of the first page is believed to be the newest of all, and nothing older to follow."""

    def ended(batches: Iterator[Batch]) -> Iterator[Batch]:
        taken = list(batches)
        return (replace(batch, state=taken[-1].state) for batch in taken)

    return with_batches(healthy, ended)


@mutant("E6")
def a_read_never_looks_back(healthy: Plugin) -> object:
    """What is older than the moment of the last read is taken for known."""
    return with_batches(healthy, state=_moved(lambda at: at + timedelta(hours=1)))


@mutant("E7")
def a_state_of_the_future_is_not_believed(healthy: Plugin) -> object:
    """A moment that has not come yet is set back to a year ago."""
    year = timedelta(days=365)
    now = datetime.now(timezone.utc)
    return with_batches(healthy, state=_moved(lambda at: now - 10 * year if at > now else at))


def _moved(move: Callable[[datetime], datetime]) -> Callable[[Any], Any]:
    """Return what moves every moment of a state."""

    def moved(found: re.Match[str]) -> str:
        at = move(datetime.fromisoformat(f"{found['time']}{found['zone'].replace('Z', '+00:00')}"))
        return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    return lambda state: json.loads(_MOMENT.sub(moved, json.dumps(state)))


_MOMENT = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)")


@mutant("E8")
def a_state_names_no_version(healthy: Plugin) -> object:
    """A later release cannot know what it was given."""
    return with_each_batch(healthy, lambda batch: replace(batch, state=without("version")(batch.state)))


@mutant("E9")
def a_damaged_state_is_none_at_all(healthy: Plugin) -> object:
    """What cannot be used is thrown away, and everything read again."""

    def forgiving(read: Read, source: dict[str, Any], state: Any) -> Iterator[Batch]:  # noqa: ANN401 - also what is not a state
        try:
            return read(source, state)
        except Exception:  # noqa: BLE001 - that is what is wrong here
            return read(source, None)

    return with_read(healthy, forgiving)


@mutant("E10")
def one_failure_ends_every_later_read(healthy: Plugin) -> object:
    """An error is remembered by the connector, not by the run."""
    failed: list[Exception] = []

    def once(batches: Iterator[Batch]) -> Iterator[Batch]:
        if failed:
            return
        try:
            yield from batches
        except Exception as error:
            failed.append(error)
            raise

    return with_batches(healthy, once)


@mutant("E11")
def a_cursor_of_another_form_is_not_delivered(healthy: Plugin) -> object:
    """Only moments in UTC are understood, and what is not is left out."""
    cursors = _cursors(healthy)

    def understood(batch: Batch) -> Batch:
        cursor = cursors.get(batch.stream)
        kept = [one for one in batch.records if cursor is None or str(one.get(cursor)).endswith("Z")]
        return replace(batch, records=kept)

    return with_each_batch(healthy, understood)


@mutant("E12")
def whose_a_state_is_is_not_looked_at(healthy: Plugin) -> object:
    """An account that a state names is taken for the present one."""

    @hookimpl
    def read_source(
        credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        here = next((str(value) for value in credential.values() if _ADDRESS.fullmatch(str(value))), "")
        moved = json.loads(_ADDRESS.sub(lambda _: here, json.dumps(state)))
        batches: Iterator[Batch] = healthy.read_source(credential=credential, source=source, state=moved)
        return batches

    return Broken(healthy, read_source=read_source)


_ADDRESS = re.compile(r"https?://[^\"\s]+")
