"""drt: the destination type `custify`, registered through the entry point `drt.destinations`.

Decides how a sync's options and a row's outcome are written in drt's words, and which match policies Custify can keep.
It knows drt and the hooks; it does not retry, pace or judge a record.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from pathlib import Path
from typing import Any, Dict, List, Optional  # noqa: UP035 - pydantic reads these at run time, on Python 3.10 too

from drt.config.base import GenericDestinationConfig
from drt.config.credentials import resolve_env
from drt.connectors.registry import register_destination
from drt.destinations.base import SyncResult
from drt.destinations.row_errors import RowError, record_preview
from pydantic import ConfigDict, Field, model_validator

from custify_connector import manifest
from custify_connector.adapters import environment
from custify_connector.adapters.once import Once
from custify_connector.adapters.protection import Protection
from custify_connector.adapters.undelivered import Undelivered
from custify_connector.checking.values import NotJson, plain
from custify_connector.contract.errors import ConnectorError, Fault, refuse
from custify_connector.host.feed import Line, Safekeeping, Shape
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.rows import Row, Table
from custify_connector.plugin import connector
from custify_connector.writing.template import expand_destination

# ruff: noqa: UP006, UP045 - as above: pydantic resolves these annotations itself

log = logging.getLogger("custify_connector")

_ONLY_UPDATES = frozenset({"update_task", "update_ticket"})
"""Calls that never create: Custify answers 404 for a record that is not there. No call of Custify only creates."""

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_NOT_FOUND = 404
_WINDOW_SECONDS = 10


class _Hidden(str):
    """A text that shows itself nowhere but where it is used."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class CustifyDestinationConfig(GenericDestinationConfig):
    """Custify: an endpoint of the connector, and the credential, whose key is best named by its variable."""

    model_config = ConfigDict(extra="forbid")

    type: str = "custify"
    endpoint: str = Field(json_schema_extra={"enum": list(manifest.load().destinations)})
    params: Dict[str, Any] = Field(default_factory=dict)
    delivery: str = "single"
    max_rejects: Any = None
    settings: Dict[str, Any] = Field(default_factory=dict)
    quarantine: Optional[str] = None
    journal: Optional[str] = None
    allow_duplicates: bool = False
    name: str = "drt"
    description: Optional[str] = None
    api_key: Optional[str] = Field(default=None, repr=False)
    api_key_env: str = "CUSTIFY_API_KEY"
    base_url: Optional[str] = None
    base_url_env: str = "CUSTIFY_BASE_URL"
    allow_host: Optional[str] = None

    @model_validator(mode="before")
    @classmethod
    def _hides_the_key(cls, data: Any) -> Any:  # noqa: ANN401 - pydantic's
        """Hide a literal key from the errors of pydantic, which show what they were given."""
        if isinstance(data, dict) and isinstance(data.get("api_key"), str):
            data["api_key"] = _Hidden(data["api_key"])
        elif isinstance(data, dict) and data.get("api_key") is not None:
            data["api_key"] = _Hidden()
            raise ValueError("api_key must be a string")
        for name in ("api_key_env", "base_url_env"):
            if isinstance(data, dict) and not _VARIABLE.fullmatch(str(data.get(name, "CUSTIFY"))):
                # A key that stands here by mistake is not shown either.
                data[name] = _Hidden()
                raise ValueError(f"{name} must be the name of an environment variable, such as CUSTIFY_API_KEY")
        return data

    @model_validator(mode="after")
    def _is_known_to_the_connector(self) -> CustifyDestinationConfig:
        """Refuse, when the sync is read, what the connector would refuse when it is run."""
        try:
            if self.retry is not None:
                refuse((Fault("destination.retry", "is not used: the connector knows which calls may be repeated"),))
            expand_destination(self.destination(), manifest.load())
            Once({}, self.protection()).refuse_unsafe(self.endpoint)
        except ConnectorError as error:
            raise ValueError(str(error)) from None
        return self

    def destination(self) -> Dict[str, Any]:
        """Return the destination for the hook."""
        chosen: Dict[str, Any] = {"endpoint": self.endpoint, "params": self.params, "delivery": self.delivery}
        if self.max_rejects is not None:
            chosen["max_rejects"] = self.max_rejects
        return {**chosen, "settings": {**_pace(self.rate_limit), **self.settings}}

    def protection(self) -> Protection:
        """Return what keeps a row from being sent again by a later sync."""
        return Protection(Path(self.journal) if self.journal else None, self.allow_duplicates)

    def credential(self) -> Dict[str, Any]:
        """Return the credential for the hooks; raises ConfigurationError when there is no key."""
        key = resolve_env(self.api_key, self.api_key_env)
        if not key:
            refuse((Fault(self.api_key_env, "is not set: put the API key in this environment variable"),))
        # The variable is optional, and drt would look for it in secret stores too.
        base_url = self.base_url or os.environ.get(self.base_url_env) or environment.base_url()
        found = {"name": self.name, "api_key": key, "description": self.description, "base_url": base_url}
        return {name: value for name, value in {**found, "allow_host": self.allow_host}.items() if value is not None}

    def rate_limit_key(self) -> str:
        """Return what shares a limit: the account, by the name of its key's variable."""
        return f"{self.type}:{'literal' if self.api_key else self.api_key_env}"


class CustifyDestination:
    """Writes each batch of a sync through the connector, with an error for each row that did not arrive."""

    def __init__(self) -> None:
        self._sender: Optional[Once] = None

    def load(self, records: List[Dict[str, Any]], config: Any, sync_options: Any) -> SyncResult:  # noqa: ANN401 - drt's models
        """Write a batch; an error of the whole run (a refused key, Custify gone) is raised, and ends the sync."""
        policy = sync_options.match_policy
        if policy != "upsert" and config.endpoint not in _ONLY_UPDATES:
            only = ", ".join(sorted(_ONLY_UPDATES))
            refuse((Fault("sync.match_policy", f"{config.endpoint} cannot keep {policy}: only {only} never create"),))
        destination = config.destination()
        if "rate_limit" in sync_options.model_fields_set and "rate_limit" not in destination["settings"]:
            destination["settings"].update(_pace(sync_options.rate_limit))
        if sync_options.on_error == "fail":
            destination["on_reject"] = "stop"
        # Of two equal rows, the second is another row: also where drt hands them over in two batches.
        self._sender = self._sender or Once(config.credential(), config.protection())
        result, undelivered = SyncResult(), Undelivered()
        with closing(self._sender), _quarantine(config, sync_options) as quarantine:
            table = Table(config.endpoint, None, (Row(line, record) for line, record in enumerate(records, start=1)))
            safe = Safekeeping(quarantine=quarantine)
            for line in self._sender.write(destination, table, Shape(empty="text"), safe):
                _count(result, line, records, policy)
                undelivered.add(line.line, line.receipt)
        result.errors.extend(undelivered.texts())
        return result

    def test_connection(self, config: Any) -> None:  # noqa: ANN401 - drt's model
        """Raise ConnectorError when Custify does not accept the credential."""
        report = connector.test_credential(config.credential())
        if not report.ok:
            raise ConnectorError(report.message)

    def supported_match_policies(self) -> frozenset[str]:
        """Return what some endpoint can keep: no call of Custify creates and leaves alone what is there."""
        return frozenset({"upsert", "update_only"})


def _quarantine(config: Any, sync_options: Any) -> AbstractContextManager[Optional[Quarantine]]:  # noqa: ANN401 - drt's models
    """Return the quarantine, none where drt's dead letter queue keeps the rows: a row kept twice is sent twice."""
    queued = sync_options.dlq is not None and sync_options.dlq.enabled
    if config.quarantine and queued:
        log.warning("destination.quarantine is not used: sync.dlq keeps the rows that do not arrive")
    return nullcontext() if queued or not config.quarantine else closing(Quarantine(Path(config.quarantine)))


def _count(result: SyncResult, line: Line, records: List[Dict[str, Any]], policy: str) -> None:
    """Count a row by its receipt: written, skipped, or failed with its reason."""
    receipt, index = line.receipt, line.line - 1
    if receipt.outcome == "sent":
        result.success += 1
    elif receipt.outcome == "unchanged":
        result.skipped += 1
    elif policy == "update_only" and receipt.status == _NOT_FOUND:
        result.skipped += 1
        result.skipped_no_match += 1
    else:
        result.failed += 1
        reason = f"{receipt.outcome}: {receipt.reason}"
        record = records[index]
        result.row_errors.append(RowError(index, record_preview(record), receipt.status, reason))
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
