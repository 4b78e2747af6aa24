"""The credentials that a page may name: those of this machine's vault, and those lent for as long as the console runs.

Decides in which order a key is checked, tested and kept: as the command does. No call here returns a key to a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from custify_connector.checking.json_schema import faults_of
from custify_connector.checking.secret import Secret
from custify_connector.console.catalog import Known
from custify_connector.contract import CredentialReport
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault, refuse
from custify_connector.host.run_history import RunHistory
from custify_connector.host.vault import Entry, OpaqueMapping, Vault, mapping_of, now


class NotAccepted(ConnectorError):
    """The service did not accept a credential; `report` says why."""

    def __init__(self, report: CredentialReport) -> None:
        super().__init__(report.message)
        self.report = report


class _InVault:
    """Credentials that last, and that a command finds by their names."""

    def names(self) -> list[str]:
        return [entry.name for entry in Vault().entries()]

    def entries(self) -> list[dict[str, Any]]:
        vault, uses = Vault(), RunHistory().uses()
        return [
            {**asdict(entry), "place": vault.place_of(entry), "uses": uses.get(entry.name, (0, None))}
            for entry in vault.entries()
        ]

    def find(self, name: str) -> Mapping[str, Any]:
        return Vault().credential(name)

    def handed_in(self, _name: str) -> bytes | None:
        return None

    def refuse_taken(self, name: str) -> None:
        try:
            Vault().refuse_taken(name)
        except ConfigurationError as error:
            is_taken = name in self.names()
            reason = "is taken: choose another name, or replace the key of that one under Authenticate"
            raise ConfigurationError(
                tuple(Fault("credential.name", reason if is_taken else each.reason) for each in error.faults)
            ) from None

    def keep(self, name: str, given: Mapping[str, Any], report: CredentialReport | None) -> None:
        vault = Vault()
        store = vault.store()
        texts = (str(given.get("description", "")), given.get("base_url"), given.get("allow_host"))
        vault.add(Entry(name, *texts, store.kind, "", now()), Secret(given["api_key"]), store)
        if report is not None:
            vault.tested(name, report)

    def tested(self, name: str, report: CredentialReport) -> None:
        Vault().tested(name, report)

    def remove(self, name: str) -> None:
        Vault().find(name)
        refuse(
            tuple(
                Fault("credential", f"run {run.id} ({run.kind} {run.endpoint}) needs it yet: see its page")
                for run in RunHistory().needing(name)
            )
        )
        Vault().remove(name)


@dataclass
class _InMemory:
    """Credentials lent to the console until it ends, whatever fields they have; a command gets one handed in."""

    connector: str
    lent: dict[str, OpaqueMapping] = field(default_factory=dict)
    reports: dict[str, CredentialReport] = field(default_factory=dict)

    def names(self) -> list[str]:
        return list(self.lent)

    def entries(self) -> list[dict[str, Any]]:
        uses = RunHistory().uses(self.connector)
        return [self._entry(name) | {"uses": uses.get(name, (0, None))} for name in self.lent]

    def _entry(self, name: str) -> dict[str, Any]:
        report = self.reports[name]
        at = report.verified_at or now()
        return {
            "name": name,
            **{shown: self.lent[name].get(shown) for shown in ("description", "base_url")},
            "tested_code": report.code,
            "tested_at": at,
            "verified_at": at if report.ok else None,
            "place": "memory, until the console ends",
        }

    def find(self, name: str) -> Mapping[str, Any]:
        if name not in self.lent:
            raise ConfigurationError((Fault("credential", "no longer exists: add it under Authenticate"),))
        return self.lent[name]

    def handed_in(self, name: str) -> bytes | None:
        return orjson.dumps(dict(self.find(name)), default=str)

    def refuse_taken(self, name: str) -> None:
        if name in self.lent:
            raise ConfigurationError((Fault("credential.name", "is taken: remove the other one, or choose another"),))

    def keep(self, name: str, given: Mapping[str, Any], report: CredentialReport | None) -> None:
        self.lent[name] = OpaqueMapping(given)
        if report is not None:
            self.reports[name] = report

    def tested(self, name: str, report: CredentialReport) -> None:
        self.reports[name] = report

    def remove(self, name: str) -> None:
        self.lent.pop(name, None)


class Credentials:
    """What each connector can be used with."""

    def __init__(self) -> None:
        self._memory: dict[str, _InMemory] = {}

    def _place(self, known: Known) -> _InVault | _InMemory:
        return _InVault() if known.in_vault else self._memory.setdefault(known.name, _InMemory(known.name))

    def names(self, known: Known) -> list[str]:
        """Return the names to choose from."""
        return self._place(known).names()

    def entries(self, known: Known) -> list[dict[str, Any]]:
        """Return what a tile shows of each credential, its key aside."""
        return self._place(known).entries()

    def find(self, known: Known, name: str) -> Mapping[str, Any]:
        """Return a credential as the hooks take it; raises ConfigurationError for a name that is not there."""
        if not name:
            raise ConfigurationError((Fault("credential", "choose one, or add one under Authenticate"),))
        return self._place(known).find(name)

    def handed_in(self, known: Known, name: str) -> bytes | None:
        """Return what a command gets on standard input to have the credential; None where it finds it itself."""
        return self._place(known).handed_in(name)

    def add(self, known: Known, given: Mapping[str, Any], *, untested: bool = False) -> CredentialReport | None:
        """Keep a new credential once the service has accepted it, or as it is where it is to be `untested`.

        Raises ConfigurationError with every fault of a field, NotAccepted when the service refused it.
        """
        refuse(faults_of(dict(given), known.description["credential"], "credential"))
        refuse(_given_twice(known, given))
        # One whose connector asks for no name has that of the connector.
        name, place = str(given.get("name") or known.name), self._place(known)
        place.refuse_taken(name)
        report = None if untested and known.in_vault else _accepted(known, OpaqueMapping(given))
        place.keep(name, given, report)
        return report

    def test(self, known: Known, name: str) -> CredentialReport:
        """Ask the service whether it accepts a credential, and remember the answer."""
        report = known.hooks.test_credential(self.find(known, name))
        self._place(known).tested(name, report)
        return report

    def rotate(self, known: Known, name: str, key: str) -> CredentialReport:
        """Replace a key in the vault by one that the service accepts; raises as `add` does, and then the old stays."""
        vault = Vault()
        given = mapping_of(vault.find(name), Secret(key))
        refuse(faults_of(dict(given), known.description["credential"], "credential"))
        report = _accepted(known, given)
        vault.rotate(name, Secret(key), report)
        return report

    def remove(self, known: Known, name: str) -> None:
        """Forget a credential; raises ConfigurationError while a run or a stored state needs it."""
        self._place(known).remove(name)


def _accepted(known: Known, given: Mapping[str, Any]) -> CredentialReport:
    report = known.hooks.test_credential(given)
    if not report.ok:
        raise NotAccepted(report)
    return report


def _given_twice(known: Known, given: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Say where a key was pasted into a field that is shown: it would be seen on every page."""
    properties = known.description["credential"].get("properties", {})
    secret = {name for name, each in properties.items() if each.get("writeOnly") or each.get("format") == "password"}
    keys = [str(given[name]) for name in secret if given.get(name)]
    shown = [name for name, value in given.items() if name not in secret and any(key in str(value) for key in keys)]
    return tuple(
        Fault(f"credential.{name}", "holds the key: it is shown on pages, so write another text") for name in shown
    )
