"""dlt: `custify_source` with one resource a stream, and `custify_destination`, which sends no decided row again.

Decides how streams, modes and states become dlt's resources, and which of its errors a fault is. It knows dlt, the
hooks and the host's files; it does not retry, pace or judge a record.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, NoReturn, Optional  # noqa: UP035 - dlt reads these at run time, on Python 3.10 too

import dlt
from dlt.common.configuration.specs import CredentialsConfiguration, configspec
from dlt.common.destination.exceptions import DestinationTerminalException, DestinationTransientException
from dlt.common.typing import TSecretStrValue
from dlt.destinations.file_batching import JsonlFileBatchIterator

from custify_connector import manifest
from custify_connector.adapters import environment, offered
from custify_connector.adapters.once import Once
from custify_connector.adapters.protection import Protection
from custify_connector.adapters.sent_rows import account
from custify_connector.adapters.undelivered import Undelivered
from custify_connector.checking.json_schema import faults_of
from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault, refuse
from custify_connector.host import runs
from custify_connector.host.feed import Line, Safekeeping, Shape
from custify_connector.host.journal import Journal
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.resuming import short
from custify_connector.host.rows import Row, Table
from custify_connector.plugin import connector
from custify_connector.writing.template import expand_destination

# ruff: noqa: UP006, UP045 - as above: dlt resolves these annotations itself


@configspec
class CustifyCredential(CredentialsConfiguration):
    """The credential, as dlt finds it in secrets.toml or the environment; its fields are those of the connector's."""

    api_key: TSecretStrValue = None  # dlt's own way to say that it must be given
    name: str = "dlt"
    description: Optional[str] = None
    base_url: Optional[str] = None
    allow_host: Optional[str] = None

    def given(self) -> Dict[str, Any]:
        """Return the credential for the hooks."""
        return environment.completed({name: self[name] for name in _CREDENTIAL if self[name] is not None}, self.name)

    def on_partial(self) -> None:
        """Take what dlt did not find from the variables that every other host reads."""
        self.api_key = self.api_key or environment.completed({}, self.name).get("api_key")
        if not self.is_partial():
            self.resolve()


log = logging.getLogger("custify_connector")

_CREDENTIAL = ("name", "api_key", "description", "base_url", "allow_host")

_ARGUMENTS = {
    "properties": {
        "endpoints": {"type": ["array", "null"], "items": {"type": "string"}},
        "params": {"type": ["object", "null"], "additionalProperties": {"type": "object"}},
        "destinations": {"type": ["object", "null"], "additionalProperties": {"type": "object"}},
        "settings": {"type": ["object", "null"]},
    }
}
"""The arguments that a pipeline gives as it likes: dlt does not look into them."""

_TYPES = {"string": "text", "integer": "bigint", "number": "double", "boolean": "bool"}


@dlt.source(name="custify")
def custify_source(
    credential: CustifyCredential = dlt.secrets.value,
    endpoints: Optional[Sequence[str]] = None,
    mode: str = "incremental",
    params: Optional[Dict[str, Any]] = None,
    settings: Optional[Dict[str, Any]] = None,
) -> Iterator[Any]:
    """Yield a resource for each stream, or for those that `endpoints` names.

    `mode` is `incremental` (what changed, merged by its key, where a stream has both; else everything, replaced), or
    `full` for all. `params` are parameters by endpoint (`{"people": {"includeSegments": True}}`), `settings` those of
    the hooks (`{"rate_limit": None}`). Raises ConfigurationError for what is not offered.
    """
    _check(endpoints=list(endpoints) if isinstance(endpoints, tuple) else endpoints, params=params, settings=settings)
    chosen = {
        stream.name: stream for stream in offered.streams(undocumented=(settings or {}).get("undocumented", False))
    }
    names = tuple(endpoints or chosen)
    refuse(tuple(_unknown("endpoints", names, chosen)) + tuple(_unknown("params", params or (), chosen)))
    for name in names:
        # A mode that is neither is refused by the hook, in its own words.
        followed = chosen[name].cursor and chosen[name].key and mode == "incremental"
        source = {
            "endpoint": name,
            "mode": "full" if mode == "incremental" and not followed else mode,
            "params": (params or {}).get(name, {}),
            "settings": settings or {},
        }
        yield _resource(chosen[name], credential.given(), source)


def _check(**arguments: Any) -> None:  # noqa: ANN401 - whatever a pipeline gives
    """Raise ConfigurationError for arguments of another form, all at once."""
    refuse(faults_of(arguments, _ARGUMENTS, "", quick=False))


def _unknown(place: str, names: Sequence[str] | Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Fault]:
    return (Fault(place, f"there is no {name!r}{suggestion(name, known)}") for name in names if name not in known)


def _resource(stream: offered.Stream, credential: Mapping[str, Any], source: Mapping[str, Any]) -> Any:  # noqa: ANN401 - dlt's resource
    followed = source["mode"] == "incremental"

    def records() -> Iterator[List[Dict[str, Any]]]:
        # A state is kept by dlt with the load that it belongs to: all of an extraction, or nothing.
        kept: Dict[str, Any] = dlt.current.resource_state() if followed else {}
        batches: Any = connector.read_source(credential=credential, source=source, state=kept.get("connector_state"))
        with closing(batches):
            for batch in batches:
                yield batch.records
                kept["connector_state"] = batch.state

    return dlt.resource(
        records,
        name=stream.name,
        primary_key=list(stream.key) or None,
        write_disposition="merge" if followed else "replace",
        columns=_columns(stream),
    )


def _columns(stream: offered.Stream) -> Dict[str, Any]:
    """Return the columns of plain values, so that a type does not depend on the first record; dlt finds the rest."""
    found: Dict[str, Any] = {}
    for name, field in stream.schema["properties"].items():
        (kind, *others) = [each for each in _list(field.get("type")) if each != "null"] or ["anything"]
        if kind in _TYPES and not others:
            is_moment = field.get("format") == "date-time"
            found[name] = {"data_type": "timestamp" if is_moment else _TYPES[kind], "nullable": name not in stream.key}
    return found


def _list(value: Any) -> List[Any]:  # noqa: ANN401 - a word or a list of words
    return value if isinstance(value, list) else [] if value is None else [value]


@dlt.destination(
    name="custify",
    batch_size=0,  # a whole file at a time: one call of the hook, which sends side by side itself
    loader_file_format="typed-jsonl",
    max_parallel_load_jobs=1,
    loader_parallelism_strategy="sequential",
)
def custify_destination(  # noqa: PLR0913, PLR0917 - each is a setting of dlt's
    items: str,
    table: Dict[str, Any],
    credential: CustifyCredential = dlt.secrets.value,
    folder: str = dlt.config.value,
    destinations: Optional[Dict[str, Any]] = None,
    settings: Optional[Dict[str, Any]] = None,
    dry_run: bool = False,
    allow_duplicates: bool = False,
) -> None:
    """Write a file of dlt's load package; called again for the same file, it sends only what is not decided yet.

    `destinations` maps a table to a destination (`{"signups": {"endpoint": "upsert_person"}}`); a table that it does
    not name goes to the destination of its own name. `folder` is yours: it keeps what was sent, and
    `quarantine.jsonl`. A `dry_run` sends nothing, and fails in the end, because dlt would take the load for done.
    With `allow_duplicates`, a row that an earlier load sent is sent again. Raises dlt's terminal exception for a wrong
    configuration, else its transient one.
    """
    try:
        _check(destinations=destinations, settings=settings)
        chosen = (destinations or {}).get(table["name"], {"endpoint": table["name"]})
        destination = {"settings": settings or {}, **chosen, **({"dry_run": True} if dry_run else {})}
        expand_destination(destination, manifest.load())
        if destination.get("dry_run"):
            _rehearse(credential.given(), destination, _table(items, table), allow_duplicates=allow_duplicates)
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        _send(credential.given(), destination, _table(items, table), _Kept(place, _job(items), allow_duplicates))
    except (ConfigurationError, OSError) as error:
        raise DestinationTerminalException(str(error)) from None
    except ConnectorError as error:
        raise DestinationTransientException(str(error)) from None


def _rehearse(
    credential: Mapping[str, Any], destination: Mapping[str, Any], table: Table, *, allow_duplicates: bool
) -> NoReturn:
    """Look at every row as a write would, and raise ConnectorError with the outcome of them: nothing is loaded."""
    # What a folder remembers is not asked: it stands for every row that needs one.
    sender = Once(credential, Protection(Path(), allow_duplicates))
    counted = _counted(sender.write(destination, table, Shape(empty="text"), Safekeeping()))
    raise ConnectorError(f"dry run of {table.name}: {counted}; nothing was sent, and the load stays pending")


@dataclass(frozen=True)
class _Kept:
    """What is kept of a write: below `folder`, for a file of a load package that `job` names."""

    folder: Path
    job: str
    allow_duplicates: bool


def _send(credential: Mapping[str, Any], destination: Mapping[str, Any], table: Table, kept: _Kept) -> None:
    """Write the rows; raises ConfigurationError when the destination's own bounds ended it before the last row."""
    described: Mapping[str, Any] = connector.describe()["destinations"].get(destination.get("endpoint", ""), {})
    whose = account(credential)
    with ExitStack() as held:
        journal = None
        if described.get("repeat") == "always" or kept.allow_duplicates:
            # An attempt that follows sends no row of this file again; what other files had is sent.
            path = kept.folder / f"{kept.job}.{short(f'{whose.place} {whose.key}')}.journal"
            endpoint = str(destination.get("endpoint", ""))
            journal = held.enter_context(closing(Journal(path, endpoint, resume=True, account=whose)))
        quarantine = held.enter_context(closing(Quarantine(kept.folder / "quarantine.jsonl")))
        sender = held.enter_context(closing(Once(credential, Protection(kept.folder / "sent", kept.allow_duplicates))))
        safe = Safekeeping.of(described, journal=journal, quarantine=quarantine, account=whose)
        left = _counted(sender.write(destination, table, Shape(empty="text"), safe))
        if left.not_tried:
            refuse((Fault(table.name, f"{left.not_tried:,} rows were not tried: {left.reason}"),))
        if journal:
            journal.finish()


@dataclass(frozen=True)
class _Counted:
    """The outcome of rows, in words; how many were not tried, and why."""

    text: str
    not_tried: int
    reason: str

    def __str__(self) -> str:
        return self.text


def _counted(lines: Iterator[Line]) -> _Counted:
    """Count rows by their outcome; the log has the reasons of those that did not arrive."""
    count, undelivered, reason = runs.WriteCount(), Undelivered(), ""
    for line in lines:
        count.outcomes[line.receipt.outcome] += 1
        undelivered.add(line.line, line.receipt)
        reason = line.receipt.reason or reason
    for text in undelivered.texts():
        log.warning("%s", text)
    text = ", ".join(f"{number:,} {outcome}" for outcome, number in count.outcomes.items() if number) or "no rows"
    return _Counted(text, count.outcomes["not_tried"], reason)


def _job(path: str) -> str:
    """Return what names a file of a load package through all its retries: the load, the table and the file's id."""
    load, name = Path(path).parts[-3], Path(path).name
    return ".".join([load, *name.split(".")[:2]])


def _table(path: str, table: Mapping[str, Any]) -> Table:
    """Return the rows of a file, without dlt's own columns."""
    batches = JsonlFileBatchIterator(path, 100, 0, list(table["columns"]))
    rows = (record for batch in batches for record in batch)
    return Table(table["name"], None, (Row(line, record) for line, record in enumerate(rows, start=1)))
