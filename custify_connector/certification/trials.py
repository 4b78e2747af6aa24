"""A trial: one running service with the connector bound to it; it answers in values, and keeps what was raised.

This file does not know how a service is started, nor what a check looks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from custify_connector.certification import processes
from custify_connector.certification.processes import Process
from custify_connector.certification.subject import Subject
from custify_connector.contract import Batch, CredentialReport, NamedConnector, Receipt
from custify_connector.contract.testbed import Operation, Record, Service, WriteCase

_Answer = TypeVar("_Answer")


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


class Judge(Protocol):
    """What a trial needs to know of the check that it belongs to; a `bench.Bench` is one."""

    subject: Subject
    lacks: set[str]

    def endpoints(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the described `sources` or `destinations`, those that were asked for."""

    @property
    def connector(self) -> NamedConnector:
        """The connector that is judged."""

    def judges(self, name: str) -> bool:
        """Say whether a stream or destination was asked for."""

    def has(self, kind: str) -> bool:
        """Say whether any `sources` or `destinations` are described."""

    def ends_with(self, end: Callable[[], object]) -> None:
        """Call `end` when the check is over."""


class Trial:
    """One running service, and the connector bound to it."""

    def __init__(self, judge: Judge, service: Service) -> None:
        self.service = service
        self._judge = judge
        self._connector = judge.connector

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams to judge: those whose truth is known, and that were asked for."""
        return tuple(name for name in self.service.streams if self._judge.judges(name))

    def cases(self, *operations: Operation) -> tuple[WriteCase, ...]:
        """Return the write cases of these operations.

        That there are none is noted as a lack where no destination is described, or where the testbed shows all
        those that are, and each does something else.
        """
        if not self._judge.has("destinations"):
            return ()
        shown = self.service.write_cases
        found = tuple(case for case in shown if case.operation in operations)
        if not found and {case.name for case in shown} >= self._judge.endpoints("destinations").keys():
            self._judge.lacks.add(f"no destination does {' or '.join(operations)}")
        return found

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
        return Reading(*_taken(lambda: self._connector.read_source(credential, _with(source, {}), None)))

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

    def receipts(self, case: WriteCase, records: Iterable[Any]) -> Iterator[Receipt]:
        """Return the receipts of a write as they come; what the hook raises is raised."""
        return self._connector.write_destination(self._good, _with(case.destination, {}), records)

    def plan(self, stream: str, parts: int) -> list[Any]:
        """Return the parts of a stream, each a source; what the hook raises is raised."""
        return self._connector.plan_source(self._good, _with(self.service.source(stream), {}), parts)

    def _apart(self, hook: str, **arguments: Any) -> Process:  # noqa: ANN401 - the arguments of either hook
        process = processes.start(self._judge.subject, hook, credential=dict(self._good), **arguments)
        self._judge.ends_with(process.close)
        return process

    @property
    def requests(self) -> int:
        """How many requests the service has seen so far."""
        return len(self.service.journal())

    def held(self, case: WriteCase, key: Record) -> list[Record]:
        """Return what the service holds under the key of this record."""
        return [one for one in self.service.held(case) if all(one.get(name) == key.get(name) for name in case.key)]

    @property
    def _good(self) -> Mapping[str, Any]:
        return self.service.credentials.good


def _with(argument: Mapping[str, Any], words: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a source or a destination
    settings = {**argument.get("settings", {}), **words.get("settings", {})}
    return {**argument, **words, **({"settings": settings} if settings else {})}


def _taken(
    start: Callable[[], Iterator[_Answer]], most: int | None = None
) -> tuple[tuple[_Answer, ...], Exception | None]:
    taken: list[_Answer] = []
    try:
        for one in islice(start(), most):
            taken.append(one)  # noqa: PERF402 - what came before an error stays
    except Exception as error:  # noqa: BLE001 - what a connector raises is what a check looks at
        return tuple(taken), error
    return tuple(taken), None
