"""One run as it is recorded: what it was asked to do, how far it came, how it ended; and the row that it becomes.

Pure. It does not know keys, a run names its credential, nor the table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

Status = Literal["running", "finished", "incomplete", "rejects", "interrupted", "failed", "died"]
STATUSES: tuple[Status, ...] = ("running", "finished", "incomplete", "rejects", "interrupted", "failed", "died")


@dataclass(frozen=True)
class Run:
    """One run; `run_id` is Nexla's (milliseconds since 1970), times are ISO 8601 in UTC.

    `records` were read, or have a receipt; `size` is in bytes: of what was read, or of the file that is written from.
    `seconds` do not depend on the clock. `command` is what was typed, in `folder`.
    `exit_code` is None until the run has ended. `connector` is empty for this installation's own. `total` is how many
    records there are, as far as that is known. `waits` has, by its reason, how many `times` a request waited, and how
    many `seconds` in all, added up over requests that waited side by side.
    """

    kind: str
    endpoint: str
    credential: str
    settings: dict[str, Any] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    folder: str = ""
    input: str | None = None
    output: str | None = None
    state: str | None = None
    state_name: str | None = None
    quarantine: str | None = None
    journal: str | None = None
    id: int = 0
    run_id: int = 0
    status: Status = "running"
    reason: str | None = None
    exit_code: int | None = None
    started: str = ""
    ended: str | None = None
    seconds: float = 0.0
    records: int = 0
    errors: int = 0
    size: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    machine: str = ""
    pid: int = 0
    pid_started: str | None = None
    connector: str = ""
    total: int | None = None
    waits: dict[str, dict[str, float]] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return the run as JSON for scripts, with Nexla's name for its counters' key."""
        content = dataclasses.asdict(self)
        content["runId"] = content.pop("run_id")
        return content


FIELDS = tuple(each.name for each in dataclasses.fields(Run))
"""The columns of a run's row, in their order."""

_AS_JSON = frozenset({"settings", "command", "outcomes", "waits"})


def row_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a run as a table keeps them, its id aside: the database gives that."""
    return {name: _encoded(name, value) for name, value in values.items() if name != "id"}


def _encoded(name: str, value: Any) -> Any:  # noqa: ANN401 - of any field
    return orjson.dumps(value, default=str).decode() if name in _AS_JSON else value


def run_of(row: tuple[Any, ...]) -> Run:
    """Return the run of a row with all columns."""
    content = dict(zip(FIELDS, row, strict=True))
    content.update({name: orjson.loads(content[name]) for name in _AS_JSON})
    return Run(**{**content, "command": tuple(content["command"])})
