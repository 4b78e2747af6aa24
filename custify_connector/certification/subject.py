"""What is certified: a connector under its name, and the checks and mutants that judge it.

The checks and mutants are part of it because group K judges them too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import pluggy

from custify_connector.certification.account import Account
from custify_connector.certification.checking import Check
from custify_connector.contract import PROJECT, ConnectorHooks, NamedConnector


@dataclass(frozen=True)
class Origin:
    """Where another process finds the connector: a module, an attribute (None: the module itself), and its mutant."""

    module: str
    attribute: str | None
    mutant: str | None = None


@dataclass(frozen=True)
class Mutant:
    """A way to be wrong: the check made for it, its name, and the function that breaks a healthy subject."""

    check: str
    name: str
    harm: str
    apply: Callable[[Subject], Subject]


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


def origin_of(plugin: object) -> Origin | None:
    """Return where a plugin can be imported from; None when no module has it under a name."""
    if isinstance(plugin, ModuleType):
        return Origin(plugin.__name__, None)
    module = sys.modules.get(type(plugin).__module__)
    named = (name for name, value in vars(module).items() if value is plugin) if module else iter(())
    attribute = next(named, None)
    return Origin(type(plugin).__module__, attribute) if attribute else None
