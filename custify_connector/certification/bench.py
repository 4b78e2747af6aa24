"""The bench a check works at: the connector, its description, and services started for this check alone.

A `Trial` is one running service with the connector bound to it; it answers in values, and keeps what was raised.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from custify_connector.certification import processes
from custify_connector.certification.account import RealService
from custify_connector.certification.processes import Process
from custify_connector.certification.subject import Subject
from custify_connector.contract import Batch, CredentialReport, NamedConnector, Receipt
from custify_connector.testbed import Exchange, NotOffered, Operation, Record, Service, Setup, WriteCase

_TAIL = 5


@dataclass(frozen=True)
class Reading:
    """The batches of a read, and what it raised after the last of them."""

    batches: tuple[Batch, ...]
    error: Exception | None

    @property
    def records(self) -> list[Record]:
        """All records, in order."""
        return [record for batch in self.batches for record in batch.records]

    @property
    def state(self) -> dict[str, Any] | None:
        """The last state that was handed out, if any was."""
        return self.batches[-1].state if self.batches else None


@dataclass(frozen=True)
class Writing:
    """The receipts of a write, and what it raised after the last of them."""

    receipts: tuple[Receipt, ...]
    error: Exception | None

    @property
    def outcomes(self) -> list[str]:
        """The outcome of each receipt, in order."""
        return [receipt.outcome for receipt in self.receipts]


class Trial:
    """One running service, and the connector bound to it."""

    def __init__(self, bench: Bench, service: Service) -> None:
        self.service = service
        self._bench = bench
        self._connector = bench.connector

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams to judge: those whose truth is known, and that were asked for."""
        return tuple(name for name in self.service.streams if self._bench.judges(name))

    def cases(self, *operations: Operation) -> tuple[WriteCase, ...]:
        """Return the write cases of these operations; none, noted as a lack, where no destination is described."""
        if not self._bench.has("destinations"):
            return ()
        return tuple(case for case in self.service.write_cases if case.operation in operations)

    def test(self, credential: Mapping[str, Any] | None = None) -> CredentialReport:
        """Test a credential: the good one, when none is given. What the hook raises is raised."""
        return self._connector.test_credential(credential or self.service.credentials.good)

    def read(self, stream: str, state: Record | None = None, *, batches: int | None = None, **words: Any) -> Reading:  # noqa: ANN401 - words of the contract
        """Read a stream from a state on, to its end or for so many batches; `words` are added to the source."""
        source = _with(self.service.source(stream), words)
        return Reading(*_taken(lambda: self._connector.read_source(self._good, source, state), batches))

    def read_at(self, addresses: Mapping[str, Any], source: Record) -> Reading:
        """Read a source from the beginning, with the good credential led elsewhere by its fields in `addresses`."""
        credential = {**self._good, **addresses}
        return Reading(*_taken(lambda: self._connector.read_source(credential, source, None)))

    def write(self, case: WriteCase, records: Iterable[Any], **words: Any) -> Writing:  # noqa: ANN401 - words of the contract
        """Write records to a destination; `words` are added to it."""
        destination = _with(case.destination, words)
        return Writing(*_taken(lambda: self._connector.write_destination(self._good, destination, records)))

    def series(self, stream: str, state: Record | None = None, **words: Any) -> Iterator[Batch]:  # noqa: ANN401 - words of the contract
        """Return the batches of a read as they come; what the hook raises is raised."""
        return self._connector.read_source(self._good, _with(self.service.source(stream), words), state)

    def read_apart(
        self,
        stream: str,
        state: Record | None = None,
        *,
        measured: bool = False,
        **words: Any,  # noqa: ANN401 - words of the contract
    ) -> Process:
        """Start to read a stream in a process of its own; see `processes.start`."""
        source = _with(self.service.source(stream), words)
        return self._apart("read_source", measured=measured, source=source, state=state)

    def write_apart(self, case: WriteCase, records: list[Record], **words: Any) -> Process:  # noqa: ANN401 - words of the contract
        """Start to write records in a process of its own."""
        return self._apart("write_destination", destination=_with(case.destination, words), records=records)

    def _apart(self, hook: str, **arguments: Any) -> Process:  # noqa: ANN401 - the arguments of either hook
        process = processes.start(self._bench.subject, hook, credential=dict(self._good), **arguments)
        self._bench.ends_with(process.close)
        return process

    def held(self, case: WriteCase, key: Record) -> list[Record]:
        """Return what the service holds under the key of this record."""
        return [one for one in self.service.held(case) if all(one.get(name) == key.get(name) for name in case.key)]

    @property
    def _good(self) -> Mapping[str, Any]:
        return self.service.credentials.good


class Bench:
    """What one check is given; `close` ends every service that it started."""

    def __init__(self, subject: Subject, streams: frozenset[str] | None = None) -> None:
        self.subject = subject
        self.secrets: set[str] = set()
        self.lacks: set[str] = set()
        self._only = streams
        self._stack = ExitStack()
        self._services: list[Service] = []

    @cached_property
    def connector(self) -> NamedConnector:
        """The connector alone in a manager of its own."""
        return self.subject.connector()

    @cached_property
    def description(self) -> dict[str, Any]:
        """What the connector tells of itself."""
        return self.connector.describe()

    def sized(self, **setup: Any) -> Iterator[tuple[str, Trial]]:  # noqa: ANN401 - a size, and the fields of a Setup
        """Yield each stream that can be given `size` records, with a service that holds so many; NotOffered if none."""
        size, found = setup.pop("size"), 0
        for stream in self.open().streams:
            with suppress(NotOffered):
                trial = self.open(sizes={stream: size}, **setup)
                found += 1
                yield stream, trial
        if not found:
            raise NotOffered(f"no stream can be given {size} records with {_told(setup)}")

    def endpoints(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the described `sources` or `destinations`, those that were asked for."""
        described: dict[str, dict[str, Any]] = self.description.get(kind, {})
        return {name: one for name, one in described.items() if self.judges(name)}

    def has(self, kind: str) -> bool:
        """Say whether any `sources` or `destinations` are described; that there are none is noted as a lack."""
        if not self.description.get(kind):
            self.lacks.add(f"the description declares no {kind}")
        return bool(self.description.get(kind))

    def takes(self, word: str) -> bool:
        """Say whether destinations take a word, by the described schema; that none does is noted as a lack."""
        schema = self.description.get("destination", {})
        known = any(field(one, f"properties.{word}") for one in (schema, *schema.get("$defs", {}).values()))
        if not known:
            self.lacks.add(f"the description declares no destination that takes {word}")
        return known

    def incremental(self, trial: Trial) -> tuple[str, ...]:
        """Return the streams to judge that are described as incremental; that none is, is noted as a lack."""
        described = self.description.get("sources", {})
        if not any(one.get("cursor") for one in described.values()):
            self.lacks.add("the description declares no incremental stream")
        return tuple(name for name in trial.streams if described[name].get("cursor"))

    def judges(self, name: str) -> bool:
        """Say whether a stream or destination is among those asked for."""
        return self._only is None or name in self._only

    def keys(self, stream: str) -> list[list[str]]:
        """Return the keys of a stream: each a list of fields; a record is named by the first that it has whole."""
        source = self.description["sources"][stream]
        return source.get("keys") or [source["key"]]

    def key(self, stream: str, record: Record) -> tuple[Any, ...] | None:
        """Return the key of a record; None when it has none of the stream's keys whole."""
        named = (tuple(field(record, name) for name in names) for names in self.keys(stream) if names)
        return next((values for values in named if None not in values), None)

    def name(self, stream: str, record: Record) -> Hashable:
        """Return what tells a record from others: its key, or all it holds where it has none."""
        return self.key(stream, record) or json.dumps(record, sort_keys=True, default=str)

    def open(self, **setup: Any) -> Trial:  # noqa: ANN401 - the fields of a Setup
        """Start a service of its own for this check, ended with it; NotOffered when there is no testbed for it."""
        try:
            testbed = self.connector.testbed()
        except LookupError:
            raise NotOffered("the connector brings no testbed") from None
        service = self._stack.enter_context(testbed(Setup(**setup)))
        self._services.append(service)
        self.secrets.update(service.credentials.secrets)
        return Trial(self, service)

    def live(self, *, writes: bool = False) -> Trial:
        """Return the real account that was lent for this run; NotOffered when none was, or not for `writes`."""
        account = self.subject.account
        if account is None:
            raise NotOffered("no real account was lent for this run: --live, with a credential")
        if writes and not account.allow_writes:
            raise NotOffered("nothing may be written to this account: --allow-writes")
        properties = self.description["credential"].get("properties", {})
        secret = {name for name, one in properties.items() if one.get("writeOnly")}
        secrets = tuple(str(value) for name, value in account.credential.items() if name in secret)
        self.secrets.update(secrets)
        return Trial(self, RealService(account, self.open().service, secrets))

    def ends_with(self, end: Callable[[], object]) -> None:
        """Call `end` when this check is over, before its services end."""
        self._stack.callback(end)

    @contextmanager
    def logged(self) -> Iterator[list[str]]:
        """Collect everything that is logged meanwhile, at every level, each entry with its arguments and traceback."""
        lines: list[str] = []
        handler = _Collector(lines)
        root, level = logging.getLogger(), logging.getLogger().level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield lines
        finally:
            root.setLevel(level)
            root.removeHandler(handler)

    def last_requests(self) -> tuple[str, ...]:
        """Return the last requests that the services of this check saw, as a reader gets them."""
        return tuple(str(one) for service in self._services for one in _journal(service)[-_TAIL:])[-_TAIL:]

    def close(self) -> None:
        """End every service."""
        self._stack.close()


class _Collector(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{self.format(record)} {record.args!r}")


def field(record: Any, dotted: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the field of a record at a dotted path; None where there is none."""
    for name in dotted.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _with(argument: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    settings = {**argument.get("settings", {}), **words.get("settings", {})}
    return {**argument, **words, **({"settings": settings} if settings else {})}


def _taken(start: Any, most: int | None = None) -> tuple[tuple[Any, ...], Exception | None]:  # noqa: ANN401 - either hook
    taken: list[Any] = []
    try:
        series: Iterator[Any] = start()
        for one in islice(series, most):
            taken.append(one)  # noqa: PERF402 - what came before an error stays
    except Exception as error:  # noqa: BLE001 - what a connector raises is what a check looks at
        return tuple(taken), error
    return tuple(taken), None


def _journal(service: Service) -> list[Exchange]:
    try:
        return service.journal()
    except NotOffered:
        return []


def _told(setup: Mapping[str, Any]) -> str:
    """Return the fields of a setup as words, the same in every process: a set has no order of its own."""
    words = {name: ", ".join(sorted(value)) if isinstance(value, frozenset) else value for name, value in setup.items()}
    return ", ".join(f"{name} {value}" for name, value in words.items() if value != "")
