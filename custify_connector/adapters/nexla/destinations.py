"""The bodies of a destination, one call a record or Custify's batch call, and of a look into its quarantine.

Decides which of Nexla's published keys say what an expanded destination says. This file does not know the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.adapters.nexla.addresses import Address, address, body_fault
from custify_connector.adapters.nexla.notes import (
    CALL_NOTES,
    RECORD_NOTES,
    UNTRIED_BATCH,
    address_notes,
    delete_notes,
    id_notes,
    notes,
)
from custify_connector.adapters.nexla.payloads import Ask, Payload, head
from custify_connector.contract.errors import Fault, refuse
from custify_connector.manifest import DestinationEndpoint, Manifest, find
from custify_connector.writing.template import expand_destination

_DAY_MS = 24 * 60 * 60 * 1000


def destination(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_sinks`: one call a record, or Custify's batch call.

    Raises ConfigurationError: an unknown endpoint or field, a file to upload, or a value that would belong in the body.
    """
    endpoint = find(manifest.destinations, ask.endpoint, "destination.endpoint")
    manual = manual_destination(manifest, endpoint, ask)
    body = sink(manifest, endpoint, ask)
    if ask.delivery == "batch":
        body["sink_config"] = _batch(manual, ask.base_url)
        return Payload(body, (*id_notes(body), UNTRIED_BATCH, *notes(manual, RECORD_NOTES)))
    where = address(manual)
    body["sink_config"] = _single(manual, where, ask.base_url)
    said = (*address_notes(manual, where), *notes(manual, {**RECORD_NOTES, **CALL_NOTES}))
    return Payload(body, (*id_notes(body), *said, *delete_notes(endpoint)))


def quarantine(_manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_sinks/{id}/probe/quarantine/sample`: what was rejected in the last 24 hours."""
    return Payload({"page": 1, "per_page": 50, "start_time": ask.now_ms - _DAY_MS, "end_time": ask.now_ms})


def manual_destination(manifest: Manifest, endpoint: DestinationEndpoint, ask: Ask) -> dict[str, Any]:
    """Return the expanded destination that is asked for; raises ConfigurationError."""
    if endpoint.upload:
        reason = f"{endpoint.name} sends a file as a form, and a destination of Nexla sends JSON or XML only"
        refuse((Fault("destination.endpoint", reason),))
    # The bound on deletes is one of our runs; Nexla has no key for it, which a note says instead.
    guard = {"max_deletes": 1} if endpoint.destructive else {}
    asked = {"endpoint": endpoint.name, "params": {**ask.params, **guard}, "delivery": ask.delivery}
    return expand_destination({**asked, "settings": {"undocumented": ask.undocumented}}, manifest)[0]


def sink(manifest: Manifest, endpoint: DestinationEndpoint, ask: Ask) -> dict[str, Any]:
    """Return what a destination is called, and what it belongs to."""
    return {
        **head(ask, f"{manifest.title}: {endpoint.title}", endpoint.summary),
        "sink_type": "rest",
        "data_set_id": ask.nexset_id,
        "data_credentials_id": ask.credential_id,
    }


def _single(manual: Mapping[str, Any], address: Address, base_url: str) -> dict[str, Any]:
    method = manual["request"]["method"]
    return {
        "url.template": base_url + address.target,
        "method": method,
        "content.type": "application/json",
        "body.template": "" if method == "DELETE" else "{message.json}",
        "batch.mode": False,
        "create.datasource": False,
    }


def _batch(manual: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    refuse(tuple(body_fault(name) for name in manual["params"]))
    batch = manual["batch"]
    job = f'm => Map("type" -> "{batch["type"]}", "payload" -> m)'
    return {
        "url.template": base_url + batch["path"],
        "method": "POST",
        "content.type": "application/json",
        "batch.mode": True,
        "max.poll.records": batch["jobs"],
        "body.transform.function": f'Map("returnJobId" -> true, "jobs" -> messages.map({job}))',
        "create.datasource": True,
    }
