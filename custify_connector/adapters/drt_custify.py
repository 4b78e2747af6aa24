"""drt: the destination type `custify`, registered through the entry point `drt.destinations`.

Decides how a sync's options and a row's outcome are written in drt's words, and which match policies Custify can keep.
It knows drt and the hooks; it does not retry, pace or judge a record.
"""

from __future__ import annotations

import os
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from typing import Any, Dict, List, Optional  # noqa: UP035 - pydantic reads these at run time, on Python 3.10 too

from drt.config.base import GenericDestinationConfig
from drt.config.credentials import resolve_env
from drt.connectors.registry import register_destination
from drt.destinations.base import SyncResult
from drt.destinations.row_errors import RowError, record_preview
from pydantic import ConfigDict, Field, model_validator

from custify_connector import manifest
from custify_connector.checking.values import NotJson, plain
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConnectorError, Fault, refuse
from custify_connector.host import runs
from custify_connector.host.feed import Safekeeping, Shape
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.rows import Row, Table
from custify_connector.plugin import connector
from custify_connector.writing.template import expand_destination

# ruff: noqa: UP006, UP045 - the same: pydantic resolves these annotations itself

_ONLY_UPDATES = frozenset({"update_task", "update_ticket"})
"""Calls that never create: Custify answers 404 for a record that is not there. No call of Custify only creates."""

_NOT_FOUND = 404
_WINDOW_SECONDS = 10


class CustifyDestinationConfig(GenericDestinationConfig):
    """Custify: an endpoint of the connector, and the credential, whose key is best named by its variable."""

    model_config = ConfigDict(extra="forbid")

    type: str = "custify"
    endpoint: str
    params: Dict[str, Any] = Field(default_factory=dict)
    delivery: str = "single"
    max_rejects: Any = None
    settings: Dict[str, Any] = Field(default_factory=dict)
    quarantine: Optional[str] = None
    name: str = "drt"
    description: Optional[str] = None
    api_key: Optional[str] = Field(default=None, repr=False)
    api_key_env: str = "CUSTIFY_API_KEY"
    base_url: Optional[str] = None
    base_url_env: str = "CUSTIFY_BASE_URL"
    allow_host: Optional[str] = None

    @model_validator(mode="after")
    def _is_known_to_the_connector(self) -> CustifyDestinationConfig:
        """Refuse, when the sync is read, what the connector would refuse when it is run."""
        try:
            if self.retry is not None:
                refuse((Fault("destination.retry", "is not used: the connector knows which calls may be repeated"),))
            expand_destination(self.destination(), manifest.load())
        except ConnectorError as error:
            raise ValueError(str(error)) from None
        return self

    def destination(self) -> Dict[str, Any]:
        """Return the destination for the hook."""
        chosen: Dict[str, Any] = {"endpoint": self.endpoint, "params": self.params, "delivery": self.delivery}
        if self.max_rejects is not None:
            chosen["max_rejects"] = self.max_rejects
        return {**chosen, "settings": {**_pace(self.rate_limit), **self.settings}}

    def credential(self) -> Dict[str, Any]:
        """Return the credential for the hooks; raises ConfigurationError when there is no key."""
        key = resolve_env(self.api_key, self.api_key_env)
        if not key:
            refuse((Fault(self.api_key_env, "is not set: put the API key in this environment variable"),))
        # The variable is optional, and drt would look for it in secret stores too.
        base_url = self.base_url or os.environ.get(self.base_url_env)
        found = {"name": self.name, "api_key": key, "description": self.description, "base_url": base_url}
        return {name: value for name, value in {**found, "allow_host": self.allow_host}.items() if value is not None}

    def rate_limit_key(self) -> str:
        """Return what shares a limit: the account, by the name of its key's variable."""
        return f"{self.type}:{'literal' if self.api_key else self.api_key_env}"


class CustifyDestination:
    """Writes each batch of a sync through the connector, with an error for each row that did not arrive."""

    def load(self, records: List[Dict[str, Any]], config: Any, sync_options: Any) -> SyncResult:  # noqa: ANN401 - drt's models
        """Write a batch. What is everybody's fault (a refused key, Custify gone) is raised, and ends the sync."""
        policy = sync_options.match_policy
        if policy != "upsert" and config.endpoint not in _ONLY_UPDATES:
            only = ", ".join(sorted(_ONLY_UPDATES))
            refuse((Fault("sync.match_policy", f"{config.endpoint} cannot keep {policy}: only {only} never create"),))
        destination = config.destination()
        if "rate_limit" in sync_options.model_fields_set and "rate_limit" not in destination["settings"]:
            destination["settings"].update(_pace(sync_options.rate_limit))
        if sync_options.on_error == "fail":
            destination["on_reject"] = "stop"
        result = SyncResult()
        opened = closing(Quarantine(Path(config.quarantine))) if config.quarantine else nullcontext()
        with opened as quarantine:
            table = Table(config.endpoint, None, (Row(line, record) for line, record in enumerate(records, start=1)))
            safe = Safekeeping(quarantine=quarantine)
            for line in runs.write(connector, config.credential(), destination, table, Shape(empty="text"), safe):
                _count(result, line.receipt, records, policy)
        return result

    def test_connection(self, config: Any) -> None:  # noqa: ANN401 - drt's model
        """Raise ConnectorError when Custify does not accept the credential."""
        report = connector.test_credential(config.credential())
        if not report.ok:
            raise ConnectorError(report.message)

    def supported_match_policies(self) -> frozenset[str]:
        """Return what some endpoint can keep: no call of Custify creates and leaves alone what is there."""
        return frozenset({"upsert", "update_only"})


def _count(result: SyncResult, receipt: Receipt, records: List[Dict[str, Any]], policy: str) -> None:
    """Count a row by its receipt: written, skipped, or failed with its reason."""
    if receipt.outcome == "sent":
        result.success += 1
    elif receipt.outcome == "unchanged":
        result.skipped += 1
    elif policy == "update_only" and receipt.status == _NOT_FOUND:
        result.skipped += 1
        result.skipped_no_match += 1
    else:
        result.failed += 1
        told = f"{receipt.outcome}: {receipt.reason}"
        record = records[receipt.index]
        result.row_errors.append(RowError(receipt.index, record_preview(record), receipt.status, told))
        # drt's dead letter queue takes this very record, and loses every letter with a value that is not JSON's.
        with suppress(NotJson):
            record.update({name: plain(value, name) for name, value in record.items()})


def _pace(limit: Any) -> Dict[str, Any]:  # noqa: ANN401 - drt's model
    """Return drt's requests a second as the connector's limit, nothing where there is none."""
    if limit is None:
        return {}
    requests = max(1, int(limit.requests_per_second * _WINDOW_SECONDS))
    return {"rate_limit": {"requests": requests, "seconds": requests / limit.requests_per_second}}


def register() -> None:
    """Make `type: custify` known to drt; it calls this when it starts."""
    register_destination("custify", CustifyDestinationConfig, CustifyDestination)
