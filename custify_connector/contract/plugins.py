"""The connectors that are installed: found by their entry points, each addressed by its name."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pluggy

from custify_connector.contract.hooks import PROJECT, ConnectorHooks
from custify_connector.contract.mappings import Description, Destination, Source
from custify_connector.contract.values import Batch, CredentialReport, Receipt

if TYPE_CHECKING:  # only a certification needs it
    from custify_connector.contract.testbed import Testbed

_log = logging.getLogger("custify_connector")


@dataclass(frozen=True)
class LeftOut:
    """An installed connector that cannot be used: its name, and the error with which it failed to load."""

    name: str
    error: str


def plugin_manager() -> pluggy.PluginManager:
    """Return a manager with every installed connector of group `connector` registered under its name.

    One that cannot be loaded is left out, and a warning names it: the others work without it.
    """
    manager, left_out = load_installed()
    for one in left_out:
        _log.warning("the connector %s is left out, because it cannot be loaded: %s", one.name, one.error)
    return manager


def load_installed() -> tuple[pluggy.PluginManager, tuple[LeftOut, ...]]:
    """Return a manager with the installed connectors that can be loaded, and those that had to be left out."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(ConnectorHooks)
    names = sorted(entry_points(group=PROJECT).names)
    return manager, tuple(failed for name in names if (failed := _load(manager, name)) is not None)


def _load(manager: pluggy.PluginManager, name: str) -> LeftOut | None:
    try:
        manager.load_setuptools_entrypoints(PROJECT, name)
        manager.check_pending()
    except Exception as error:  # noqa: BLE001 - a connector is anyone's code, and its import may raise anything
        if manager.has_plugin(name):  # pluggy registers a plugin before it judges its hooks
            manager.unregister(name=name)
        return LeftOut(name, f"{type(error).__name__}: {' '.join(str(error).split())}")
    return None


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

    def describe(self) -> Description:
        """See `ConnectorHooks.describe`."""
        answer: Description = self._call("describe")
        return answer

    def describe_account(self, credential: Mapping[str, Any]) -> Description:
        """See `ConnectorHooks.describe_account`."""
        credential = _unshown(credential)
        answer: Description = self._call("describe_account", credential=credential)
        return answer

    def test_credential(self, credential: Mapping[str, Any]) -> CredentialReport:
        """See `ConnectorHooks.test_credential`."""
        credential = _unshown(credential)
        report: CredentialReport = self._call("test_credential", credential=credential)
        return report

    def read_source(
        self, credential: Mapping[str, Any], source: Source, state: Mapping[str, Any] | None = None
    ) -> Iterator[Batch]:
        """See `ConnectorHooks.read_source`."""
        credential = _unshown(credential)
        batches: Iterator[Batch] = self._call("read_source", credential=credential, source=source, state=state)
        return batches

    def write_destination(
        self,
        credential: Mapping[str, Any],
        destination: Destination,
        records: Iterable[Mapping[str, Any]],
    ) -> Iterator[Receipt]:
        """See `ConnectorHooks.write_destination`."""
        credential = _unshown(credential)
        receipts: Iterator[Receipt] = self._call(
            "write_destination", credential=credential, destination=destination, records=records
        )
        return receipts

    def plan_source(self, credential: Mapping[str, Any], source: Source, parts: int) -> list[Source]:
        """See `ConnectorHooks.plan_source`."""
        credential = _unshown(credential)
        sources: list[Source] = self._call("plan_source", credential=credential, source=source, parts=parts)
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


def _unshown(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    return _Unshown(credential) if type(credential) is dict else credential


class _Unshown(dict[str, Any]):
    """A credential that shows no value: a traceback with locals, or a crash reporter, shows what a hook is given."""

    def __repr__(self) -> str:
        return f"<credential with {', '.join(self)}>"

    __str__ = __repr__
