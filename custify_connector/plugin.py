"""The hooks of this connector: they check their arguments at once, and hand on; no decision of their own.

An instance can be given another manifest, or another way to open a `Send`; the registered one uses the connector's
own manifest and HTTP.
"""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from datetime import datetime, timezone
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from custify_connector import __version__, manifest
from custify_connector.checking.wording import type_name
from custify_connector.contract import Batch, CredentialReport, Description, Receipt, Source, hookimpl
from custify_connector.contract.errors import ConfigurationError, Fault, Interrupted, ServiceUnavailable, refuse
from custify_connector.contract.events import Listener, current_listener
from custify_connector.contract.interrupts import Interrupt, current_interrupt
from custify_connector.exchange import budget_folder
from custify_connector.exchange.client import Client
from custify_connector.exchange.credential import Credential, check
from custify_connector.exchange.ending import GRACE_SECONDS, OUTCOME_SECONDS, READ_GRACE_SECONDS, Ending
from custify_connector.exchange.rate_budget import Budget, current_budget, shared_budget
from custify_connector.exchange.settings import Settings, settings_of
from custify_connector.exchange.wire import Request, Send
from custify_connector.exchange.workers import Stopped
from custify_connector.manifest import Manifest, describing
from custify_connector.reading import plan as read_plans
from custify_connector.reading import state as states
from custify_connector.reading import stream as streams
from custify_connector.reading.template import expand_source
from custify_connector.writing.template import expand_destination

if TYPE_CHECKING:  # asked for by the certification alone
    from custify_connector.contract.testbed import Testbed

OpenSend = Callable[[Credential, Settings], AbstractContextManager[Send]]


def open_http(credential: Credential, settings: Settings) -> AbstractContextManager[Send]:
    """Open the real thing."""
    from custify_connector.exchange.transport import HttpSend  # noqa: PLC0415 - requests costs 130 ms to import

    return HttpSend(credential, timeout_seconds=settings.timeout_seconds, connections=settings.max_in_flight)


class Connector:
    """One connector: a manifest, and a way to reach the service."""

    def __init__(self, load: Callable[[], Manifest] = manifest.load, open_send: OpenSend = open_http) -> None:
        self._load = load
        self._open = open_send

    @hookimpl
    def describe(self) -> Description:
        """Return what a host needs to draw this connector; see the contract."""
        return describing.describe(self._load(), __version__)

    @hookimpl
    def describe_account(self, credential: Mapping[str, Any]) -> Description:
        """Return the description with the account's own attributes; two requests, and none of them writes."""
        from custify_connector.manifest import account_fields as discovering  # noqa: PLC0415 - each hook imports what it alone needs

        known = self._load()
        checked = check(credential, known)
        # No one chose a limit here: the one that this account's other calls are kept to stays.
        settings = Settings(known.rate_limit)
        budget = current_budget(checked.account, known.rate_limit, budget_folder.file_of(checked))

        def read_all(name: str) -> list[dict[str, Any]]:
            plan = read_plans.read_plan(expand_source({"endpoint": name, "settings": {"undocumented": True}}, known))
            begin = states.resume(plan, None)
            batches = self._run(checked, settings, lambda client: streams.read(client, plan, begin), budget)
            return [record for batch in batches for record in batch.records]

        return discovering.discover(self.describe(), read_all)

    @hookimpl
    def test_credential(self, credential: Mapping[str, Any]) -> CredentialReport:
        """Ask for one cheap page; a malformed credential is a report too, and nothing is sent."""
        from custify_connector.exchange import credential_test as credential_testing  # noqa: PLC0415 - as above

        began = monotonic()
        known = self._load()
        try:
            checked = check(credential, known, quick=False)
        except ConfigurationError as error:
            return CredentialReport(
                ok=False, code="invalid_credential", status=None, message=str(error), verified_at=None, elapsed_ms=0
            )
        settings = Settings(known.rate_limit, max_in_flight=1, timeout_seconds=credential_testing.TIMEOUT_SECONDS)
        with self._open(checked, settings) as send:
            budget = current_budget(checked.account, known.rate_limit, budget_folder.file_of(checked))
            client = Client(send, budget, listener=current_listener())
            verdict = credential_testing.ask(known.credential_test, client)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        elapsed = round((monotonic() - began) * 1000)
        return credential_testing.report(known.credential_test, verdict, now, elapsed, checked.base_url)

    @hookimpl
    def read_source(
        self, credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        """Read a source; wrong arguments raise here, before the first batch is asked for."""
        known = self._load()
        checked = check(credential, known)
        manual = expand_source(source, known)
        plan = read_plans.read_plan(manual)
        progress = states.resume(plan, states.at_address(state, checked.base_url))
        settings = settings_of(manual.get("settings", {}), known.rate_limit)
        batches = self._run(checked, settings, lambda client: streams.read(client, plan, progress))
        return states.with_address(batches, checked.base_url)

    @hookimpl
    def write_destination(
        self, credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        """Write records; wrong arguments raise here, before the first record is taken."""
        from custify_connector.writing.dispatch import write  # noqa: PLC0415 - as above
        from custify_connector.writing.plan import write_plan  # noqa: PLC0415 - as above

        known = self._load()
        checked = check(credential, known)
        manual, schema = expand_destination(destination, known)
        plan = write_plan(manual, schema)
        settings = settings_of(manual.get("settings", {}), known.rate_limit)
        _refuse_what_is_no_series(records)
        probe = Request("GET", known.credential_test.path, tuple(known.credential_test.query.items()))
        grace = OUTCOME_SECONDS if plan.delivery == "batch" else GRACE_SECONDS
        return self._run(checked, settings, lambda client: write(client, plan, records, probe), grace=grace)

    @hookimpl
    def plan_source(self, credential: Mapping[str, Any], source: Mapping[str, Any], parts: int) -> list[Source]:
        """Divide a source by date, at the cost of one request a part; one that cannot be divided comes back whole."""
        from custify_connector.reading import slicing  # noqa: PLC0415 - as above

        known = self._load()
        checked = check(credential, known)
        manual = expand_source(source, known)
        if not isinstance(parts, int) or isinstance(parts, bool) or parts < 1:
            refuse((Fault("parts", "must be an integer of at least 1"),))
        plan = read_plans.read_plan(manual)
        settings = settings_of(manual.get("settings", {}), known.rate_limit)
        cut = list(self._run(checked, settings, lambda client: iter(slicing.slices(client, plan, parts))))
        return [cast("Source", {**source, "slice": asdict(part)}) for part in cut] or [cast("Source", dict(source))]

    @hookimpl
    def testbed(self) -> Testbed:
        """Return what starts the emulated service; it is loaded only where one is started."""
        from custify_connector.sandbox_testbed import open_service  # noqa: PLC0415 - an emulator that nothing else needs

        return open_service

    def _run(
        self,
        credential: Credential,
        settings: Settings,
        walk: Callable[[Client], Iterator[Any]],
        budget: Budget | None = None,
        *,
        grace: float = READ_GRACE_SECONDS,
    ) -> Iterator[Any]:
        ending = Ending(grace)
        # The listener and the interrupt are those of the call: who takes the first of what comes may be another.
        found = self._walk(credential, settings, walk, budget, (current_listener(), current_interrupt(), ending))
        _open[found] = ending
        return found

    def _walk(
        self,
        credential: Credential,
        settings: Settings,
        walk: Callable[[Client], Iterator[Any]],
        budget: Budget | None,
        heard: tuple[Listener, Interrupt, Ending],
    ) -> Iterator[Any]:
        listener, interrupt, ending = heard
        budget = budget or shared_budget(
            credential.account,
            settings.rate_limit,
            settings.budget,
            chosen=settings.limit_chosen,
            common=None if settings.budget else budget_folder.file_of(credential),
        )
        with self._open(credential, settings) as send, interrupt.heard(ending.ask):
            ending.cut = getattr(send, "abort", ending.cut)
            client = Client(
                send,
                budget,
                max_in_flight=settings.max_in_flight,
                timeout=settings.timeout_seconds,
                listener=listener,
                ending=ending,
            )
            try:
                yield from walk(client)
            except (Stopped, CancelledError, ServiceUnavailable) as error:
                if ending.asked.is_set():
                    raise Interrupted("the run was stopped before it was complete") from None
                if isinstance(error, ServiceUnavailable):
                    raise ServiceUnavailable(f"{error} (the API URL is {credential.base_url})") from error.__cause__
                raise
            finally:
                ending.finish()


def _refuse_what_is_no_series(records: object) -> None:
    if not isinstance(records, Iterable):
        refuse((Fault("records", f"must be an iterable of mappings, not {type_name(records)}"),))


_open: weakref.WeakKeyDictionary[Iterator[Any], Ending] = weakref.WeakKeyDictionary()


@atexit.register
def _close_all() -> None:
    """Close what is still open while other threads still run: later, a lock that one of them holds is held for ever."""
    for iterator, ending in list(_open.items()):
        ending.finish()
        with suppress(ValueError):  # another thread takes from it
            iterator.close()  # type: ignore[attr-defined] # each is a generator


connector = Connector()
