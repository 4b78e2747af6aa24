"""What the two forms of a source share: a test that shows records, and a run into a file.

Decides what is asked of a connector before its run is started. It does not know how the form looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.responses import Response

from custify_connector.console import commands, pacing
from custify_connector.console.asking import Asked
from custify_connector.console.catalog import Known
from custify_connector.console.commands import Read
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault, refuse
from custify_connector.host import named_states, quarantine_index, sampling
from custify_connector.host.outputs import form_of

SAMPLE = 10
FIELDS = ("credential", "mode", "fields", "limit", "state", "output", "undocumented", *pacing.FIELDS)
"""The fields of the form that say how a run goes, whatever is read."""


def drawn(known: Known) -> tuple[str, ...]:
    """Return those of the fields that the form of an endpoint has: what a connector does not declare is not offered."""
    taken = {name for name in ("limit", "fields") if known.chosen.takes("source", name)}
    return tuple(name for name in FIELDS if name not in {"limit", "fields"} - taken)


@dataclass
class Shown:
    """What the page shows besides the form: records of a test, or what went wrong."""

    records: list[dict[str, Any]] | None = None
    faults: Sequence[Fault] = ()
    error: str = ""
    words: commands.Words = field(default_factory=tuple)

    @property
    def status(self) -> int:
        """The status of the page."""
        return 400 if self.faults else 502 if self.error else 200

    @property
    def fields(self) -> dict[str, sampling.Seen]:
        """What the records show of their fields, in the order of their appearance."""
        return sampling.seen(self.records or ())


def limit_of(asked: Asked, faults: list[Fault]) -> int | None:
    """Return the bound on records that was typed; a wrong one is one more fault."""
    text = asked.form.get("limit", "")
    if text and not (text.isdecimal() and int(text[:12]) > 0):
        faults.append(Fault("source.limit", "must be an integer of at least 1"))
        return None
    return int(text) if text else None


def tested(asked: Asked, wanted_of: Callable[[Asked], Read]) -> Shown:
    """Read the first records, and return them as they come."""
    shown = Shown()
    try:
        wanted = wanted_of(asked)
        shown.words = wanted.sample(SAMPLE)
        credential = asked.console.credentials.find(asked.known, wanted.credential)
        source = {**wanted.source(), "mode": "full"}
        count = min(wanted.limit or SAMPLE, SAMPLE)
        source.pop("limit", None)
        shown.records = sampling.records(asked.known.chosen, credential, source, count)
    except ConfigurationError as error:
        shown.faults = error.faults
    except ConnectorError as error:
        shown.error = str(error)
    return shown


def started(asked: Asked, wanted_of: Callable[[Asked], Read], address: str, title: str) -> Response | Shown:
    """Start the command that reads into a file, once the connector has nothing against its arguments."""
    wanted = judged(asked, wanted_of)
    if isinstance(wanted, Shown):
        return wanted
    try:
        given = asked.console.credentials.handed_in(asked.known, wanted.credential)
    except ConfigurationError as error:
        return Shown(faults=error.faults)
    command = asked.console.commands.start(wanted.words(), title, asked.origin(address), given)
    return asked.go(f"/started/{command.number}")


def judged(asked: Asked, wanted_of: Callable[[Asked], Read]) -> Read | Shown:
    """Return the read of a form that the connector has nothing against; else what is wrong with it."""
    known = asked.known
    try:
        wanted = wanted_of(asked)
        _refuse_places(asked, wanted)
        credential = asked.console.credentials.find(known, wanted.credential)
        known.hooks.read_source(credential, known.chosen.source(wanted.source()), None)
    except ConfigurationError as error:
        return Shown(faults=error.faults)
    except ConnectorError as error:
        return Shown(error=str(error))
    return wanted


def _refuse_places(asked: Asked, wanted: Read) -> None:
    path = asked.console.folder.inside(wanted.output, "source.output")
    in_folder = wanted.output.endswith("/") or path.is_dir()
    refuse(tuple(Fault("source.output", reason) for reason in _faults_of_output(wanted, path, in_folder=in_folder)))
    reason = _fault_of_state(wanted, path, in_folder=in_folder)
    if reason:
        raise ConfigurationError((Fault("source.state", reason),))


def _faults_of_output(wanted: Read, path: Path, *, in_folder: bool) -> Iterator[str]:
    if in_folder:
        if wanted.mode != "incremental":
            yield "is a folder: name a file in it"
        return
    try:
        form_of(wanted.output)
    except ConfigurationError as error:
        yield from (fault.reason.replace(", or choose one with --format", "") for fault in error.faults)
    if path.exists() and quarantine_index.is_quarantine(path):
        yield "holds rejected records, which a read would replace: name another file"


def _fault_of_state(wanted: Read, path: Path, *, in_folder: bool) -> str | None:
    if wanted.state and not named_states.is_name(wanted.state):
        return "must be a name of letters, figures, _ and -, such as nightly"
    if wanted.mode != "incremental" or in_folder or form_of(wanted.output) == "duckdb":
        return None
    if not wanted.state:
        return (
            "choose a name, which remembers what was read; a folder such as people/ or a .duckdb remembers it as well"
        )
    if path.exists() and named_states.path_of(wanted.state).exists() and not wanted.overwrite:
        reason = f"{path.name} would hold only what changed since the last run"
        return f"{reason}: name a folder such as {path.stem}/, which keeps a file for each run"
    return None
