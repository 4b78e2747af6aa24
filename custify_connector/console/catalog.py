"""The connectors of this host, each as it describes itself; asked once, because a description does not change.

Decides their order. It does not know what a description holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pluggy

from custify_connector.checking.wording import suggestion
from custify_connector.contract import NamedConnector
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host import connectors
from custify_connector.host.connectors import DEFAULT, Chosen


@dataclass(frozen=True)
class Known:
    """One connector: its hooks, and its description."""

    chosen: Chosen
    description: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is registered as."""
        return self.chosen.name

    @property
    def hooks(self) -> connectors.Hooks:
        """What it does."""
        return self.chosen.hooks

    @property
    def in_vault(self) -> bool:
        """Whether its credentials are kept in the vault; those of others are handed in, and kept in memory."""
        return self.chosen.in_vault

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
    """Every connector of a manager, in the order of their names, the default first."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager

    @cached_property
    def connectors(self) -> dict[str, Known]:
        """The connectors by name."""
        names = sorted((name for name, _ in self._manager.list_name_plugin()), key=lambda name: (name != DEFAULT, name))
        return {name: self._known(name) for name in names}

    def _known(self, name: str) -> Known:
        chosen = connectors.of(NamedConnector(self._manager, name))
        try:
            return Known(chosen, {"credential": {}, **chosen.description})
        except ConnectorError as error:  # one that cannot describe itself must not hide the others
            return Known(chosen, {"credential": {}, "summary": str(error)})

    def find(self, name: str) -> Known:
        """Return a connector by its name; raises ConfigurationError."""
        if name not in self.connectors:
            raise ConfigurationError((Fault("connector", f"there is no {name!r}{suggestion(name, self.connectors)}"),))
        return self.connectors[name]

    def of_run(self, connector: str | None) -> Known | None:
        """Return the connector that a run or a quarantined record names; without a name, the default."""
        return self.connectors.get(connector or DEFAULT)
