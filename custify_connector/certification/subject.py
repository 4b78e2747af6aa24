"""What is certified: a connector under its name, and the checks and mutants that judge it.

The checks and mutants are part of it because group K judges them too.
"""

from __future__ import annotations

from dataclasses import dataclass

import pluggy

from custify_connector.certification.account import Account
from custify_connector.certification.checking import Check, all_checks
from custify_connector.certification.mutating import Mutant, all_mutants
from custify_connector.certification.processes import Origin, origin_of
from custify_connector.contract import PROJECT, ConnectorHooks, NamedConnector, plugin_manager


@dataclass(frozen=True)
class Subject:
    """A connector as it was registered (any object with hooks), what judges it, and where a process can import it.

    `account` is a real one, where its owner lends it to the rung *live*.
    """

    name: str
    plugin: object
    checks: tuple[Check, ...]
    mutants: tuple[Mutant, ...]
    origin: Origin | None = None
    account: Account | None = None

    def connector(self) -> NamedConnector:
        """Return the connector alone in a manager of its own; pluggy's error when its hooks are wrong."""
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(ConnectorHooks)
        manager.register(self.plugin, self.name)
        manager.check_pending()
        return NamedConnector(manager, self.name)


def of(name: str, plugin: object) -> Subject:
    """Return a connector with all checks and mutants there are."""
    return Subject(name, plugin, all_checks(), all_mutants(), origin_of(plugin))


def installed(name: str) -> Subject:
    """Return an installed connector; LookupError, with the names there are, when none has that name."""
    manager = plugin_manager()
    NamedConnector(manager, name)
    return of(name, manager.get_plugin(name))
