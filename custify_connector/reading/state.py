"""The state of a read as JSON: written after each batch, checked before it is used again.

Pure. Decides what a state must hold, and which ones are refused: damaged, of another endpoint, of a newer version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from typing import Any

from custify_connector.checking.json_schema import faults_of
from custify_connector.checking.values import moment_of, sortable
from custify_connector.contract import Batch
from custify_connector.contract.errors import Fault, StateError
from custify_connector.manifest import resources
from custify_connector.reading.paging import PROOF_OF_ORDER
from custify_connector.reading.plan import Partition, ReadPlan
from custify_connector.reading.position import Doubts, Position, start

VERSION = 1

CURSOR_OVERLAP = timedelta(minutes=5)
"""The next incremental read goes back this far before the start of the last: clocks and slow writes differ."""


CLOCKS_DIFFER = timedelta(hours=1)
"""Clocks that differ by more are not both right, and without the service's own clock this machine's may differ so."""


@dataclass(frozen=True)
class Progress:
    """A read under way: when it started (ISO 8601, by the service's clock) and how far it has come.

    For a stream with partitions, `entry` is the index of the plan's entry that is read, `parents` the state of the
    parents' stream, `parent` the values of the parent that was read last; `between` is True once that parent is
    finished.
    """

    started: str | None
    position: Position
    entry: int = 0
    parents: Mapping[str, Any] | None = None
    parent: Mapping[str, str] | None = None
    between: bool = False
    is_incomplete: bool = False
    """Records of a part that is finished never came."""

    cursor: str | None = None
    """From where the parents are read that changed: that of an incremental read whose parts follow their parents."""


def expected(state: Mapping[str, Any] | None) -> int | None:
    """Return how many records the service counts, as a state has it; None where it does not count the whole stream."""
    position = (state or {}).get("position")
    total = position.get("total") if isinstance(position, Mapping) and "partition" not in (state or {}) else None
    return total if isinstance(total, int) else None


def resume(plan: ReadPlan, state: Mapping[str, Any] | None) -> Progress:
    """Return where a read begins: at its start, from a cursor, or in the middle of an earlier run.

    Raises StateError for a state that is damaged, of another source, or of a newer version.
    """
    if state is None or state == {}:
        return Progress(None, start(plan, None))
    _check(plan, state)
    entry, parents = state.get("partition", 0), state.get("parents")
    above = plan.partitions[entry].parents if plan.partitions else None
    if above is not None and parents is not None:
        resume(above, parents)
    floor = state.get("cursor") if plan.since else None
    position = _position(plan, state["position"], floor) if "position" in state else start(plan, floor)
    between = bool(plan.partitions) and "position" not in state
    return Progress(
        state.get("started"),
        position,
        entry,
        parents,
        state.get("parent"),
        between,
        state.get("incomplete", False),
        state.get("cursor") if _follows(plan) else None,
    )


def _follows(plan: ReadPlan) -> bool:
    return any(partition.follows for partition in plan.partitions)


def of_parents(partition: Partition, progress: Progress) -> Progress:
    """Return where the read of a partition's parents begins: where an earlier run was, or at the cursor.

    Raises what `resume` raises.
    """
    assert partition.parents  # noqa: S101 - the caller has looked
    state = progress.parents
    if state is None and partition.follows and progress.cursor:
        state = {**_head(partition.parents), "cursor": progress.cursor}
    return resume(partition.parents, state)


def started_by(state: Mapping[str, Any]) -> str | None:
    """Return when the read began that a state is of, or a moment before."""
    return state.get("started") or state.get("cursor")


def at_address(state: Mapping[str, Any] | None, base_url: str) -> Mapping[str, Any] | None:
    """Return a state without the API URL that it was made at; raises StateError for another one than this.

    Which account it is of, the state does not say: a host that has several binds it to its own.
    """
    if not isinstance(state, Mapping) or _ADDRESS not in state:
        return state
    if state[_ADDRESS] != base_url:
        reason = f"is {state[_ADDRESS]}, and this credential is for {base_url}: start without the state"
        raise StateError((Fault(f"state.{_ADDRESS}", reason),))
    return {name: value for name, value in state.items() if name != _ADDRESS}


def with_address(batches: Iterator[Batch], base_url: str) -> Iterator[Batch]:
    """Yield batches whose states say at which API URL they were made."""
    for batch in batches:
        yield replace(batch, state={**batch.state, _ADDRESS: base_url})
        del batch  # not held while the next one is made


_ADDRESS = "base_url"


def _check(plan: ReadPlan, state: object) -> None:
    version = state.get("version") if isinstance(state, Mapping) else None
    if isinstance(version, int) and version > VERSION:
        reason = f"is {version}, and this connector knows {VERSION}: update the connector, or start without the state"
        raise StateError((Fault("state.version", reason),))
    faults = faults_of(state, resources.schema("state"), "state")
    if isinstance(state, Mapping) and not faults:
        faults = tuple(_meaning_faults(plan, state))
    if faults or not isinstance(state, Mapping):
        raise StateError((*faults, Fault("state", "is damaged: restore it, or start without it")))
    if state["stream"] != plan.stream:
        raise StateError((Fault("state.stream", f"belongs to {state['stream']!r}, not to {plan.stream!r}"),))
    if state["for"] != plan.fingerprint:
        reason = f"belongs to {plan.stream!r} with other parameters or another mode: start without it"
        raise StateError((Fault("state.for", reason),))


def _meaning_faults(plan: ReadPlan, state: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what the schema cannot say: that moments are moments, and that the source has this part."""
    yield from (
        Fault(f"state.{name}", "is not a date and time") for name in _MOMENTS if not _is_moment(state.get(name))
    )
    if plan.partitions and state.get("partition", 0) >= len(plan.partitions):
        yield Fault("state.partition", f"is {state['partition']}, and the source has {len(plan.partitions)} parts")


_MOMENTS = ("started", "cursor")
_EARLIEST_YEAR = 2
"""A moment is held against others some days before it: there must be such a day."""


def _is_moment(text: str | None) -> bool:
    try:
        return text is None or moment_of(text).year >= _EARLIEST_YEAR
    except ValueError:
        return False


_PLACE = ("number", "size", "total", "collected", "fullest")
_DELIVERED = ("ordered", "top", "edge", "tail")
"""The fields of a position that a state keeps, each under its own name; `fallbacks` are kept as `concessions`.

The names stay as they are: a state outlives the version of the connector that wrote it.
"""


def _position(plan: ReadPlan, stored: Mapping[str, Any], floor: str | None) -> Position:
    """Return the position of a resumed read: it asks the last page again, which must overlap with what came before."""
    fresh = start(plan, floor)
    place = replace(fresh.place, **_kept(stored, _PLACE), asked=None)
    first = plan.page.start if plan.page else 1
    if place.number == first:
        place = replace(place, fullest=0)  # as in a read that begins: a service may count no more than this page
    if plan.page and plan.page.size_parameter and place.number == first:
        # A limit may have made the first page small; it is asked again, and shows the service's cap if there is one.
        place = replace(place, size=max(place.size or 0, plan.page.size))
    size = place.size or 0
    dates = {name: sortable(stored[name]) or stored[name] for name in ("top", "edge") if name in stored}
    delivered = {**_kept(stored, _DELIVERED), **dates, "tail": tuple(stored["tail"]), "covered": _covered(stored)}
    return Position(
        replace(place, reached=(place.number - first + 1) * size, overlap=max(1, size)),
        replace(fresh.delivered, **delivered),
        Doubts(
            is_resumed=True,
            # A state of 0.1.0 does not say whether the total moved: what it counts is not proof then.
            total_moved=stored.get("moved", True),
            is_unproven=stored.get("unproven", False),
            has_gap=stored.get("gap", False),
        ),
        floor,
        tuple(stored.get("concessions", ())),
    )


def _kept(stored: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: stored[name] for name in names if name in stored}


def _covered(stored: Mapping[str, Any]) -> str | None:
    """Return the date down to which everything was delivered before; None when the order is not proven well enough."""
    proven = stored.get("ordered", False) and stored.get("collected", 0) >= PROOF_OF_ORDER
    edge = stored.get("edge")
    return sortable(edge) or edge if proven else None


def under_way(plan: ReadPlan, progress: Progress) -> dict[str, Any]:
    """Return the state after a batch in the middle: it asks the batch's last page again, and continues there."""
    position = progress.position
    state: dict[str, Any] = {**_head(plan), "started": progress.started}
    if plan.partitions:
        state.update(partition=progress.entry, parents=progress.parents, parent=dict(progress.parent or {}))
    if progress.is_incomplete:
        state["incomplete"] = True
    if not progress.between:
        state["position"] = _stored_position(plan, position)
    cursor = position.floor or progress.cursor
    return {**state, "cursor": cursor} if cursor else state


def _stored_position(plan: ReadPlan, position: Position) -> dict[str, Any]:
    first, place, doubts = plan.page.start if plan.page else 1, position.place, position.doubts
    last = max(0, place.reached - 1) // (place.size or 1)
    marks = {"unproven": doubts.is_unproven, "gap": doubts.has_gap}
    words = {**_kept(vars(position.place), _PLACE), **_kept(vars(position.delivered), _DELIVERED)}
    return {
        **{name: value for name, value in words.items() if value is not None},
        **{name: value for name, value in marks.items() if value},
        "moved": doubts.total_moved,
        "number": first + last,
        "tail": list(position.delivered.tail),
        "concessions": list(position.fallbacks),
    }


def finished(plan: ReadPlan, progress: Progress) -> dict[str, Any]:
    """Return the state after the last batch: a full read starts over, an incremental one has its new cursor."""
    if plan.since is None and not _follows(plan):
        return _head(plan)
    if progress.started is None:  # nothing was asked for, so the next read begins where this one did
        return starting_over(plan, progress)
    started = moment_of(progress.started)
    cursor = (started - CURSOR_OVERLAP).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    floor = progress.position.floor or progress.cursor
    return {**_head(plan), "cursor": max(cursor, floor) if floor else cursor}


def is_ahead(progress: Progress) -> bool:
    """Return whether a cursor lies far in the future, where it hides every change: a wrong clock left it there."""
    floor, started = progress.position.floor, progress.started
    return floor is not None and started is not None and moment_of(floor) - moment_of(started) > CLOCKS_DIFFER


def starting_over(plan: ReadPlan, progress: Progress) -> dict[str, Any]:
    """Return the state after a read that is incomplete: from the beginning, or from the cursor that it began with."""
    floor = progress.position.floor or progress.cursor
    return {**_head(plan), "cursor": floor} if floor else _head(plan)


def _head(plan: ReadPlan) -> dict[str, Any]:
    return {"version": VERSION, "stream": plan.stream, "for": plan.fingerprint}
