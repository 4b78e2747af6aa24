"""The credentials that a page may name: those of this machine's vault, and those lent for as long as the console runs.

Decides in which order a key is checked, tested and kept: as the command does. No call here returns a key to a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from custify_connector.checking.json_schema import faults_of
from custify_connector.checking.secret import Secret
from custify_connector.console.catalog import Known
from custify_connector.contract import CredentialReport
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault, refuse
from custify_connector.host.run_history import RunHistory
from custify_connector.host.vault import CredentialMapping, Entry, OpaqueMapping, Vault, mapping_of, now

UNSENT = "not sent"
"""The name of the credential of a dry run, which sends nothing."""


class NotAccepted(ConnectorError):
    """The service did not accept a credential; `report` says why."""

    def __init__(self, report: CredentialReport) -> None:
        super().__init__(report.message)
        self.report = report


class Credentials:
    """What a connector can be used with; `known` says whether its keys are kept in the vault."""

    def __init__(self) -> None:
        self._lent: dict[tuple[str, str], OpaqueMapping] = {}
        self._reports: dict[tuple[str, str], CredentialReport] = {}

    def names(self, known: Known) -> list[str]:
        """Return the names to choose from."""
        if known.is_own:
            return [entry.name for entry in Vault().entries()]
        return [name for connector, name in self._lent if connector == known.name]

    def entries(self, known: Known) -> list[dict[str, Any]]:
        """Return what a tile shows of each credential, its key aside."""
        if not known.is_own:
            return [self._lent_entry(known, name) for name in self.names(known)]
        vault, uses = Vault(), RunHistory().uses()
        return [
            {**asdict(entry), "place": vault.place_of(entry), "uses": uses.get(entry.name, (0, None))}
            for entry in vault.entries()
        ]

    def _lent_entry(self, known: Known, name: str) -> dict[str, Any]:
        lent, report = self._lent[known.name, name], self._reports.get((known.name, name))
        shown = {field: lent.get(field) for field in ("description", "base_url")}
        tested = {"tested_code": report and report.code, "tested_at": report and (report.verified_at or now())}
        place = "memory, until the console ends"
        uses = RunHistory().uses(known.name).get(name, (0, None))
        verified = tested["tested_at"] if report and report.ok else None
        return {"name": name, **shown, **tested, "verified_at": verified, "place": place, "uses": uses}

    def find(self, known: Known, name: str) -> Mapping[str, Any]:
        """Return a credential as the hooks take it; raises ConfigurationError for a name that is not there."""
        if not name:
            raise ConfigurationError((Fault("credential", "choose one, or add one under Authenticate"),))
        if known.is_own:
            return Vault().credential(name)
        if (known.name, name) not in self._lent:
            raise ConfigurationError((Fault("credential", "is not there any more: add it under Authenticate"),))
        return self._lent[known.name, name]

    def handed_in(self, known: Known, name: str) -> bytes | None:
        """Return what a command gets on standard input: the credential of another connector; nothing for our own."""
        return None if known.is_own else orjson.dumps(dict(self.find(known, name)), default=str)

    def add(self, known: Known, given: Mapping[str, Any]) -> CredentialReport:
        """Keep a new credential once the service has accepted it.

        Raises ConfigurationError with every fault of a field, NotAccepted when the service refused it.
        """
        refuse(faults_of(dict(given), known.description["credential"], "credential"))
        refuse(_told_twice(known, given))
        name = _name(known, given)
        if known.is_own:
            return self._keep(known, name, given)
        if name in self.names(known):
            raise ConfigurationError((Fault("credential.name", "is taken: remove the other one, or choose another"),))
        report = _accepted(known, OpaqueMapping(given))
        self._lent[known.name, name], self._reports[known.name, name] = OpaqueMapping(given), report
        return report

    def _keep(self, known: Known, name: str, given: Mapping[str, Any]) -> CredentialReport:
        vault = Vault()
        try:
            vault.refuse_taken(name)
        except ConfigurationError as error:
            raise ConfigurationError(tuple(Fault("credential.name", each.reason) for each in error.faults)) from None
        report = _accepted(known, CredentialMapping(given))
        store = vault.store()
        texts = (str(given.get("description", "")), given.get("base_url"), given.get("allow_host"))
        vault.add(Entry(name, *texts, store.kind, "", now()), Secret(given["api_key"]), store)
        vault.tested(name, report)
        return report

    def test(self, known: Known, name: str) -> CredentialReport:
        """Ask the service whether it accepts a credential, and remember the answer."""
        report = known.hooks.test_credential(self.find(known, name))
        if known.is_own:
            Vault().tested(name, report)
        self._reports[known.name, name] = report
        return report

    def rotate(self, known: Known, name: str, key: str) -> CredentialReport:
        """Replace a key by one that the service accepts; raises as `add` does, and then the old key stays."""
        vault = Vault()
        given = mapping_of(vault.find(name), Secret(key))
        refuse(faults_of(dict(given), known.description["credential"], "credential"))
        report = _accepted(known, given)
        vault.rotate(name, Secret(key), report)
        return report

    def remove(self, known: Known, name: str) -> None:
        """Forget a credential; raises ConfigurationError while a run or a stored state needs it."""
        if not known.is_own:
            self._lent.pop((known.name, name), None)
            return
        Vault().find(name)
        refuse(
            tuple(
                Fault("credential", f"run {run.id} ({run.kind} {run.endpoint}) needs it yet: see its page")
                for run in RunHistory().needing(name)
            )
        )
        Vault().remove(name)


def _name(known: Known, given: Mapping[str, Any]) -> str:
    """Return what a credential is chosen by; one whose connector asks for no name has that of the connector."""
    return str(given.get("name") or known.name)


def unsent(known: Known) -> Mapping[str, Any]:
    """Return a credential for a dry run, which sends nothing and so needs none."""
    return {"name": UNSENT, "api_key": "none"} if known.is_own else {}


def _accepted(known: Known, given: Mapping[str, Any]) -> CredentialReport:
    report = known.hooks.test_credential(given)
    if not report.ok:
        raise NotAccepted(report)
    return report


def _told_twice(known: Known, given: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Say where a key was pasted into a field that is shown: it would be seen on every page."""
    properties = known.description["credential"].get("properties", {})
    secret = {name for name, each in properties.items() if each.get("writeOnly") or each.get("format") == "password"}
    keys = [str(given[name]) for name in secret if given.get(name)]
    shown = [name for name, value in given.items() if name not in secret and any(key in str(value) for key in keys)]
    return tuple(
        Fault(f"credential.{name}", "holds the key: it is shown on pages, so write another text") for name in shown
    )
