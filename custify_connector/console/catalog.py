"""The connectors of this host, each as it describes itself; asked once, because a description does not change.

Decides which connector is the one that the command `custify` speaks for. It does not know what a description holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pluggy

from custify_connector import plugin
from custify_connector.contract import NamedConnector
from custify_connector.errors import ConfigurationError, Fault
from custify_connector.validation import suggestion


@dataclass(frozen=True)
class Known:
    """One connector: its hooks, and its description.

    `has_command` says whether the command `custify` runs it; other connectors are looked at and tried through their
    hooks, and run by their own host.
    """

    name: str
    hooks: NamedConnector
    description: dict[str, Any]
    has_command: bool

    @property
    def title(self) -> str:
        """What it is called on a page."""
        return str(self.description.get("title", self.name))

    def endpoint(self, kind: str, name: str) -> dict[str, Any]:
        """Return the description of a source or destination (`kind`: `sources`, `destinations`).

        Raises ConfigurationError, with the name that was meant where one is close.
        """
        known: dict[str, dict[str, Any]] = self.description.get(kind, {})
        if name not in known:
            raise ConfigurationError((Fault("endpoint", f"there is no {name!r}{suggestion(name, known)}"),))
        return {"name": name, "parameters": {}, "schema": {}, **known[name]}


class Catalog:
    """Every connector of a manager, in the order of their names, the command's own first."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager

    @cached_property
    def connectors(self) -> dict[str, Known]:
        """The connectors by name."""
        found = [self._known(name, registered) for name, registered in self._manager.list_name_plugin()]
        return {known.name: known for known in sorted(found, key=lambda known: (not known.has_command, known.name))}

    def _known(self, name: str, registered: object) -> Known:
        hooks = NamedConnector(self._manager, name)
        return Known(name, hooks, hooks.describe(), registered is plugin.connector)

    def find(self, name: str) -> Known:
        """Return a connector by its name; raises ConfigurationError."""
        if name not in self.connectors:
            raise ConfigurationError((Fault("connector", f"there is no {name!r}{suggestion(name, self.connectors)}"),))
        return self.connectors[name]
