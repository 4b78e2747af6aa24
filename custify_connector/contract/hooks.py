"""The hooks of a connector: their names, their arguments, and what each answers.

A host calls them through `plugins.NamedConnector`; a connector marks its own with `hookimpl`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

from custify_connector.contract.mappings import Description, Destination, Source
from custify_connector.contract.values import Batch, CredentialReport, Receipt

if TYPE_CHECKING:  # only a certification needs it
    from custify_connector.contract.testbed import Testbed

PROJECT = "connector"
"""The pluggy project name, and the entry-point group in which connectors are registered."""

CONTRACT_VERSION = "1.1"
"""The version of this contract, which `describe` answers under `contract`.

The second number grows when something is added that a host may ignore: a hook, an optional word of an argument, a key
of the description, a field with a default, a subclass of an error. The first number grows when something is removed,
renamed or means something else. A host can use every connector with the first number that it knows.
"""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class ConnectorHooks:
    """The hooks of group `connector`. A wrong argument raises at the call, not at the first `next()`."""

    @hookspec
    def describe(self) -> Description:  # type: ignore[empty-body]
        """Return, JSON-able, the connector's name, version, credential schema, sources and destinations."""

    @hookspec
    def describe_account(self, credential: Mapping[str, Any]) -> Description:  # type: ignore[empty-body]
        """Return what `describe` returns, with the fields that this account defines itself, where they are known."""

    @hookspec
    def test_credential(self, credential: Mapping[str, Any]) -> CredentialReport:  # type: ignore[empty-body]
        """Ask the service, at most twice and without writing, whether it accepts this credential."""

    @hookspec
    def read_source(  # type: ignore[empty-body]
        self, credential: Mapping[str, Any], source: Source, state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        """Read a source from `state`, or from the start when it is None."""

    @hookspec
    def write_destination(  # type: ignore[empty-body]
        self,
        credential: Mapping[str, Any],
        destination: Destination,
        records: Iterable[Mapping[str, Any]],
    ) -> Iterator[Receipt]:
        """Write records, one receipt each; an error that affects the whole run is raised after the last receipt."""

    @hookspec
    def plan_source(  # type: ignore[empty-body]
        self, credential: Mapping[str, Any], source: Source, parts: int
    ) -> list[Source]:
        """Divide a source into at most `parts` sources that together read the same records, in any order."""

    @hookspec
    def testbed(self) -> Testbed:  # type: ignore[empty-body]
        """Return what starts an emulated service with known content, for a certification; optional."""


HOOKS = (
    "describe",
    "describe_account",
    "test_credential",
    "read_source",
    "write_destination",
    "plan_source",
    "testbed",
)
