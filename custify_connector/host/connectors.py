"""The connectors that a run may use: this installation's own, or another that is registered, each by its name.

Decides what is handed to another connector, and what becomes of an error that no contract knows. It knows hooks and
descriptions; it knows no service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, Protocol

from custify_connector.checking.secret import Secret, redacted
from custify_connector.checking.wording import suggestion
from custify_connector.contract import Batch, CredentialReport, NamedConnector, Receipt, plugin_manager
from custify_connector.contract.errors import (
    ConfigurationError,
    ConnectorError,
    ConnectorFailed,
    Fault,
    FaultyInput,
    refuse,
)

_USUAL: Mapping[str, Any] = {"mode": "full", "delivery": "single", "on_reject": "continue"}
_ALWAYS = frozenset({"endpoint", "request"})
_SHORTEST_SECRET = 4


class Hooks(Protocol):
    """The hooks that a run and a credential need; see the contract."""

    def describe(self) -> dict[str, Any]:
        """See the contract."""

    def test_credential(self, credential: Mapping[str, Any]) -> CredentialReport:
        """See the contract."""

    def read_source(
        self, credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        """See the contract."""

    def write_destination(
        self, credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        """See the contract."""


@dataclass(frozen=True)
class Chosen:
    """One connector: its name, its hooks, and whether it is the one that this command was made for.

    The hooks of another connector raise nothing but ConnectorError, with a text that holds no secret.
    """

    name: str
    hooks: Hooks
    is_own: bool

    @cached_property
    def description(self) -> dict[str, Any]:
        """What the connector says of itself."""
        return self.hooks.describe()

    @property
    def label(self) -> str:
        """What a run or a quarantined record names it by: nothing, where it is this installation's own."""
        return "" if self.is_own else self.name

    def endpoint(self, kind: str, name: str) -> dict[str, Any]:
        """Return the description of a source or destination (`kind`: `sources`, `destinations`); empty for no such."""
        found: dict[str, Any] = self.description.get(kind, {}).get(name, {})
        return found

    def takes(self, argument: str, word: str) -> bool:
        """Say whether the connector declares that it takes a word of its `source` or `destination`."""
        schema = self.description.get(argument, {})
        return any(word in each.get("properties", {}) for each in (schema, *schema.get("$defs", {}).values()))

    def source(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return a source as this connector takes it; ConfigurationError for a word that it does not declare."""
        if self.is_own:
            return dict(wanted)
        endpoint = self.endpoint("sources", str(wanted.get("endpoint", "")))
        declared = {"params"} if endpoint.get("parameters", {}).get("properties") else set()
        if wanted.get("mode") in endpoint.get("modes", ()):
            declared.add("mode")
        return self._fitting("source", wanted, declared)

    def destination(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return a destination as this connector takes it; ConfigurationError for a word that it does not declare."""
        return dict(wanted) if self.is_own else self._fitting("destination", wanted, set())

    def _fitting(self, argument: str, wanted: Mapping[str, Any], declared: set[str]) -> dict[str, Any]:
        asked = {name: value for name, value in wanted.items() if value and value != _USUAL.get(name)}
        known = {*_ALWAYS, *declared, *(() if "request" not in wanted else wanted)}
        unknown = [name for name in asked if name not in known and not self.takes(argument, name)]
        reason = f"{self.name} does not declare that it takes this, so nothing says that it would keep to it"
        refuse(tuple(Fault(f"{argument}.{name}", reason) for name in unknown))
        return asked

    def secrets(self, credential: Mapping[str, Any]) -> tuple[Secret, ...]:
        """Return what of a credential must not be seen: what its schema says, or every text where it says nothing."""
        return secrets_of(self.description.get("credential", {}), credential)


def secrets_of(schema: Mapping[str, Any], credential: Mapping[str, Any]) -> tuple[Secret, ...]:
    """Return the secrets of a credential by its schema (`writeOnly`, or the format `password`); all texts, if none."""
    declared = {
        name
        for name, each in schema.get("properties", {}).items()
        if isinstance(each, Mapping) and (each.get("writeOnly") or each.get("format") == "password")
    }
    texts = [str(value) for name, value in credential.items() if value and (name in declared or not declared)]
    return tuple(Secret(text) for text in texts if declared or len(text) >= _SHORTEST_SECRET)


def installed(name: str) -> Chosen:
    """Return a connector of somebody else's that is installed; ConfigurationError, with the one that was meant."""
    manager = plugin_manager()
    known = [registered for registered, _ in manager.list_name_plugin()]
    if name not in known:
        reason = f"no connector named {name!r} is installed{suggestion(name, known)}"
        raise ConfigurationError((Fault("--connector", reason),))
    return of(NamedConnector(manager, name))


def of(hooks: NamedConnector) -> Chosen:
    """Return a connector of somebody else's, guarded."""
    return Chosen(hooks.name, Guarded(hooks), is_own=False)


class Guarded:
    """The hooks of a connector of somebody else's; whatever they raise comes out as an error that holds no secret."""

    def __init__(self, hooks: NamedConnector) -> None:
        self._hooks = hooks
        self._schema: Mapping[str, Any] | None = None

    def describe(self) -> dict[str, Any]:
        """See the contract."""
        description = _guarded(self._hooks.name, (), self._hooks.describe)
        if not isinstance(description, dict):
            raise ConnectorFailed(f"{self._hooks.name} describes itself by something that is no mapping")
        self._schema = description.get("credential", {})
        return description

    def test_credential(self, credential: Mapping[str, Any]) -> CredentialReport:
        """See the contract."""
        report: CredentialReport = self._call(credential, lambda: self._hooks.test_credential(credential))
        return report

    def read_source(
        self, credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None = None
    ) -> Iterator[Batch]:
        """See the contract."""
        batches = self._call(credential, lambda: self._hooks.read_source(credential, source, state))
        return self._each(credential, batches)

    def write_destination(
        self, credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        """See the contract."""
        receipts = self._call(credential, lambda: self._hooks.write_destination(credential, destination, records))
        return self._each(credential, receipts)

    def _secrets(self, credential: Mapping[str, Any]) -> tuple[Secret, ...]:
        if self._schema is None:
            self.describe()
        return secrets_of(self._schema or {}, credential)

    def _call(self, credential: Mapping[str, Any], call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it answers
        return _guarded(self._hooks.name, self._secrets(credential), call)

    def _each(self, credential: Mapping[str, Any], answers: Iterable[Any]) -> Iterator[Any]:
        """Yield what a hook yields; an error of the host, raised while it takes records, passes as it is."""
        name, secrets = self._hooks.name, self._secrets(credential)
        try:
            yield from answers
        except Exception as error:  # noqa: BLE001 - a connector is anybody's code, and its text may hold the key
            _raise_known(name, secrets, error, at_the_call=False)


def _guarded(name: str, secrets: tuple[Secret, ...], call: Callable[[], Any]) -> Any:  # noqa: ANN401 - the same
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the same
        _raise_known(name, secrets, error, at_the_call=True)


def _raise_known(name: str, secrets: tuple[Secret, ...], error: Exception, *, at_the_call: bool) -> NoReturn:
    """Raise an error of the contract: one that is there already, a wrong argument's text, else the kind alone."""
    if isinstance(error, ConnectorError):
        raise _without(secrets, error) from None
    text = redacted(secrets, str(error))
    if at_the_call and isinstance(error, LookupError) and text.strip("'\"").startswith("the connector "):
        raise ConnectorFailed(text.strip("'\"")) from None
    if at_the_call and isinstance(error, ValueError):  # an argument that it refuses, as the contract has it
        raise ConfigurationError((Fault(name, text or "refuses its arguments"),)) from None
    raise ConnectorFailed(f"the connector {name} failed: {type(error).__name__}; its author can mend that") from None


def _without(secrets: tuple[Secret, ...], error: ConnectorError) -> ConnectorError:
    """Return an error as it is, or anew, where its text holds a secret."""
    if redacted(secrets, str(error)) == str(error):
        return error
    if isinstance(error, FaultyInput):
        return type(error)(tuple(Fault(each.place, redacted(secrets, each.reason)) for each in error.faults))
    return type(error)(redacted(secrets, str(error)))
