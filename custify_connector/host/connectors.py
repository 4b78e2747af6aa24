"""The connectors that a run may use, each by its name.

Decides what a connector is handed, and what becomes of an error that no contract knows. It knows hooks and
descriptions; it knows no service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, Protocol, cast

from custify_connector.checking.secret import Secret, redacted
from custify_connector.checking.wording import suggestion
from custify_connector.contract import (
    Batch,
    CredentialReport,
    Destination,
    NamedConnector,
    Receipt,
    Source,
    plugin_manager,
)
from custify_connector.contract.errors import (
    ConfigurationError,
    ConnectorError,
    ConnectorFailed,
    Fault,
    FaultyInput,
    refuse,
)
from custify_connector.host.endpoint_names import unknown

DEFAULT = "custify"
"""The connector of a command that names none."""

_USUAL: Mapping[str, Any] = {"mode": "full", "delivery": "single", "on_reject": "continue"}
_SHORTEST_SECRET = 4


class Hooks(Protocol):
    """The hooks that a run and a credential need; see the contract."""

    def describe(self) -> Mapping[str, Any]:
        """See the contract."""

    def describe_account(self, credential: Mapping[str, Any]) -> Mapping[str, Any]:
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
    """One connector: its name and its hooks. Those of an installed one are `Guarded`."""

    name: str
    hooks: Hooks

    @cached_property
    def description(self) -> Mapping[str, Any]:
        """What the connector says of itself."""
        return self.hooks.describe()

    @property
    def label(self) -> str:
        """What a run or a quarantined record names it by: nothing, where it is the default."""
        return "" if self.name == DEFAULT else self.name

    @property
    def in_vault(self) -> bool:
        """Whether the vault keeps its credentials: it has no place for a connector's name, so it serves the default."""
        return self.name == DEFAULT

    @property
    def made_up_credential(self) -> dict[str, Any]:
        """A credential that opens nothing, enough where nothing is sent; empty where the connector declares none."""
        found: dict[str, Any] = self.description.get("made_up_credential", {})
        return dict(found)

    def endpoint(self, kind: str, name: str) -> dict[str, Any]:
        """Return the description of a source or destination (`kind`: `sources`, `destinations`); empty for no such."""
        found: dict[str, Any] = self.description.get(kind, {}).get(name, {})
        return found

    def refuse_unknown(self, kind: str, names: Iterable[str]) -> None:
        """Raise ConfigurationError for each name that is no `source` or `destination` (`kind`) of this connector."""
        known = self.description.get(f"{kind}s", {})
        missing = (name for name in names if name not in known)
        refuse(tuple(Fault(f"{kind}.endpoint", unknown(self.description, kind, name)) for name in missing))

    def takes(self, argument: str, word: str) -> bool:
        """Say whether the connector declares that it takes a word of its `source` or `destination`."""
        schema = self.description.get(argument, {})
        return any(word in each.get("properties", {}) for each in (schema, *schema.get("$defs", {}).values()))

    def source(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return a source as this connector takes it; ConfigurationError for a word that it does not declare."""
        endpoint = self.endpoint("sources", str(wanted.get("endpoint", "")))
        declared = {"params"} if endpoint.get("parameters", {}).get("properties") else set()
        if wanted.get("mode") in endpoint.get("modes", ()):
            declared.add("mode")
        return self._fitting("source", wanted, declared)

    def destination(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return a destination as this connector takes it; ConfigurationError for a word that it does not declare."""
        return self._fitting("destination", wanted, set())

    def _fitting(self, argument: str, wanted: Mapping[str, Any], declared: set[str]) -> dict[str, Any]:
        """Return the words that the connector takes; the usual value of another word means nothing, and is left out."""
        known = {"endpoint", "request", *declared, *(wanted if "request" in wanted else ())}
        taken = {name for name in wanted if name in known or self.takes(argument, name)}
        reason = f"{self.name} does not declare that it supports this setting"
        unknown = (name for name, value in wanted.items() if name not in taken and not _is_usual(name, value))
        refuse(tuple(Fault(f"{argument}.{name}", reason) for name in unknown))
        return {name: value for name, value in wanted.items() if name in taken}

    def secrets(self, credential: Mapping[str, Any]) -> tuple[Secret, ...]:
        """Return what of a credential must not be seen: what its schema says, or every text where it says nothing."""
        return secrets_of(self.description.get("credential", {}), credential)


def _is_usual(name: str, value: object) -> bool:
    """Return whether a word with this value asks for nothing; the number 0 asks for something."""
    return value == _USUAL.get(name) or (not value and type(value) is not int)


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
    """Return an installed connector; ConfigurationError, with the one that was meant."""
    manager = plugin_manager()
    known = [registered for registered, _ in manager.list_name_plugin()]
    if name not in known:
        reason = f"no connector named {name!r} is installed{suggestion(name, known)}"
        raise ConfigurationError((Fault("--connector", reason),))
    return of(NamedConnector(manager, name))


def of(hooks: NamedConnector) -> Chosen:
    """Return a registered connector, guarded."""
    return Chosen(hooks.name, Guarded(hooks))


class Guarded:
    """The hooks of a registered connector; they raise nothing but ConnectorError, with a text that holds no secret."""

    def __init__(self, hooks: NamedConnector) -> None:
        self._hooks = hooks
        self._schema: Mapping[str, Any] | None = None

    def describe(self) -> dict[str, Any]:
        """See the contract."""
        description = _guarded(self._hooks.name, (), self._hooks.describe)
        if not isinstance(description, dict):
            raise ConnectorFailed(f"{self._hooks.name} returned a description that is not a mapping")
        self._schema = description.get("credential", {})
        return description

    def describe_account(self, credential: Mapping[str, Any]) -> dict[str, Any]:
        """See the contract."""
        description: dict[str, Any] = self._call(credential, lambda: self._hooks.describe_account(credential))
        return description

    def test_credential(self, credential: Mapping[str, Any]) -> CredentialReport:
        """See the contract."""
        report: CredentialReport = self._call(credential, lambda: self._hooks.test_credential(credential))
        return report

    def read_source(
        self, credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None = None
    ) -> Iterator[Batch]:
        """See the contract."""
        batches = self._call(credential, lambda: self._hooks.read_source(credential, cast("Source", source), state))
        return self._each(credential, batches)

    def write_destination(
        self, credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        """See the contract."""
        taken = _Taken(records)
        receipts = self._call(
            credential, lambda: self._hooks.write_destination(credential, cast("Destination", destination), taken)
        )
        return self._each(credential, receipts, taken)

    def _secrets(self, credential: Mapping[str, Any]) -> tuple[Secret, ...]:
        if self._schema is None:
            self.describe()
        return secrets_of(self._schema or {}, credential)

    def _call(self, credential: Mapping[str, Any], call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it answers
        return _guarded(self._hooks.name, self._secrets(credential), call)

    def _each(
        self, credential: Mapping[str, Any], answers: Iterable[Any], taken: _Taken | None = None
    ) -> Iterator[Any]:
        """Yield what a hook yields; an error of the host, raised while it takes records, passes as it is."""
        name, secrets = self._hooks.name, self._secrets(credential)
        try:
            yield from answers
        except Exception as error:  # noqa: BLE001 - a connector is anyone's code, and its text may hold the key
            if taken is not None and taken.error is not None:
                raise taken.error from None
            _raise_known(name, secrets, error, at_the_call=False)


class _Taken:
    """The records of the host, as a connector takes them; `error` is what the host raised in place of one."""

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._records = iter(records)
        self.error: Exception | None = None

    def __iter__(self) -> _Taken:
        return self

    def __next__(self) -> Mapping[str, Any]:
        try:
            return next(self._records)
        except StopIteration:
            raise
        except Exception as error:
            self.error = error
            raise


def _guarded(name: str, secrets: tuple[Secret, ...], call: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - as above
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
    raise ConnectorFailed(
        f"the connector {name} failed: {type(error).__name__}; report this to the author of the connector"
    ) from None


def _without(secrets: tuple[Secret, ...], error: ConnectorError) -> ConnectorError:
    """Return an error as it is, or a copy without the secret that its text holds."""
    if redacted(secrets, str(error)) == str(error):
        return error
    if isinstance(error, FaultyInput):
        return type(error)(tuple(Fault(each.place, redacted(secrets, each.reason)) for each in error.faults))
    return type(error)(redacted(secrets, str(error)))
