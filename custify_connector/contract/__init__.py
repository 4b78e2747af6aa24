"""The contract between a host and any connector: the hooks, and the values that cross them.

Host-neutral: nothing here knows Custify, HTTP, files or a particular host.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pluggy

if TYPE_CHECKING:  # asked for by the certification alone
    from custify_connector.contract.testbed import Testbed

PROJECT = "connector"
"""The pluggy project name, and the entry-point group in which connectors are registered."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

Outcome = Literal["sent", "unchanged", "rejected", "failed", "not_tried", "planned"]
OUTCOMES: tuple[Outcome, ...] = ("sent", "unchanged", "rejected", "failed", "not_tried", "planned")

ReportCode = Literal[
    "ok",
    "invalid_credential",
    "unauthorized",
    "forbidden",
    "rate_limited",
    "unreachable",
    "tls_error",
    "timeout",
    "upstream_error",
    "unexpected_reply",
]


@dataclass(frozen=True)
class CredentialReport:
    """What one test of a credential found.

    `status` is the HTTP status, where there was a reply; `verified_at` an ISO 8601 time in UTC, set when `ok`.
    `detail` is what the network said, where there was no reply. `service_time` is the service's own clock
    when it replied, ISO 8601 in UTC; `limit` and `remaining` are the requests that it allows, and those left now. Each
    is None where the reply does not say.
    """

    ok: bool
    code: ReportCode
    status: int | None
    message: str
    verified_at: str | None
    elapsed_ms: int
    detail: str = ""
    service_time: str | None = None
    limit: str | None = None
    remaining: str | None = None


@dataclass(frozen=True)
class Batch:
    """Some records of a stream, in the service's own field names.

    `state` is JSON-able. It is valid once this batch's records are safe: a read that is given it goes on from here.
    """

    stream: str
    records: list[dict[str, Any]]
    state: dict[str, Any]


@dataclass(frozen=True)
class Receipt:
    """What became of one input record; there is exactly one for each, whatever happens.

    `index` is the record's place in the input, from 0. `key` names the record (`{"user_id": "u-1"}`). `status` is the
    HTTP status, where there was a reply. `code` is a short stable word, `reason` a sentence, `field` the dotted path of
    the field at fault. `response` is the service's reply when responses are captured, and the request when `planned`.
    """

    index: int
    outcome: Outcome
    key: dict[str, Any] | None = None
    status: int | None = None
    code: str | None = None
    reason: str | None = None
    field: str | None = None
    response: Any = None


class ConnectorHooks:
    """The hooks of group `connector`. A wrong argument raises at the call, not at the first `next()`."""

    @hookspec
    def describe(self) -> dict[str, Any]:  # type: ignore[empty-body]
        """Tell, JSON-able, the connector's name, version, credential schema, sources and destinations."""

    @hookspec
    def describe_account(self, credential: Mapping[str, Any]) -> dict[str, Any]:  # type: ignore[empty-body]
        """Tell what `describe` tells, with the fields that this account defines itself, where it tells them."""

    @hookspec
    def test_credential(self, credential: Mapping[str, Any]) -> CredentialReport:  # type: ignore[empty-body]
        """Ask the service, at most twice and without writing, whether it accepts this credential."""

    @hookspec
    def read_source(  # type: ignore[empty-body]
        self, credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        """Read a source from `state` on, or from the start when it is None."""

    @hookspec
    def write_destination(  # type: ignore[empty-body]
        self,
        credential: Mapping[str, Any],
        destination: Mapping[str, Any],
        records: Iterable[Mapping[str, Any]],
    ) -> Iterator[Receipt]:
        """Write records, one receipt each; what is everybody's fault is raised after the receipts."""

    @hookspec
    def plan_source(  # type: ignore[empty-body]
        self, credential: Mapping[str, Any], source: Mapping[str, Any], parts: int
    ) -> list[dict[str, Any]]:
        """Divide a source into at most `parts` sources that together read the same records, in any order."""

    @hookspec
    def testbed(self) -> Testbed:  # type: ignore[empty-body]
        """Return what starts an emulated service with known content, for whoever judges this connector; optional."""


HOOKS = (
    "describe",
    "describe_account",
    "test_credential",
    "read_source",
    "write_destination",
    "plan_source",
    "testbed",
)


def plugin_manager() -> pluggy.PluginManager:
    """Return a manager with every installed connector of group `connector` registered under its name."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(ConnectorHooks)
    manager.load_setuptools_entrypoints(PROJECT)
    manager.check_pending()
    return manager


class NamedConnector:
    """One connector of a manager, addressed by its name: its hooks as methods that answer one value.

    Raises LookupError when no connector has that name.
    """

    def __init__(self, manager: pluggy.PluginManager, name: str) -> None:
        if not manager.has_plugin(name):
            known = ", ".join(sorted(registered for registered, _ in manager.list_name_plugin()))
            raise LookupError(f"no connector named {name!r} is installed (installed: {known or 'none'})")
        self.name = name
        self._manager = manager

    def describe(self) -> dict[str, Any]:
        """See `ConnectorHooks.describe`."""
        answer: dict[str, Any] = self._call("describe")
        return answer

    def describe_account(self, credential: Mapping[str, Any]) -> dict[str, Any]:
        """See `ConnectorHooks.describe_account`."""
        answer: dict[str, Any] = self._call("describe_account", credential=credential)
        return answer

    def test_credential(self, credential: Mapping[str, Any]) -> CredentialReport:
        """See `ConnectorHooks.test_credential`."""
        report: CredentialReport = self._call("test_credential", credential=credential)
        return report

    def read_source(
        self, credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None = None
    ) -> Iterator[Batch]:
        """See `ConnectorHooks.read_source`."""
        batches: Iterator[Batch] = self._call("read_source", credential=credential, source=source, state=state)
        return batches

    def write_destination(
        self,
        credential: Mapping[str, Any],
        destination: Mapping[str, Any],
        records: Iterable[Mapping[str, Any]],
    ) -> Iterator[Receipt]:
        """See `ConnectorHooks.write_destination`."""
        receipts: Iterator[Receipt] = self._call(
            "write_destination", credential=credential, destination=destination, records=records
        )
        return receipts

    def plan_source(self, credential: Mapping[str, Any], source: Mapping[str, Any], parts: int) -> list[dict[str, Any]]:
        """See `ConnectorHooks.plan_source`."""
        sources: list[dict[str, Any]] = self._call("plan_source", credential=credential, source=source, parts=parts)
        return sources

    def testbed(self) -> Testbed:
        """See `ConnectorHooks.testbed`; LookupError when the connector brings none."""
        opened: Testbed = self._call("testbed")
        return opened

    def _call(self, hook: str, **arguments: Any) -> Any:  # noqa: ANN401 - a relay: each hook has its own type
        others = [plugin for registered, plugin in self._manager.list_name_plugin() if registered != self.name]
        answers = self._manager.subset_hook_caller(hook, others)(**arguments)
        if not answers:
            raise LookupError(f"the connector {self.name!r} does not implement {hook}")
        return answers[0]
