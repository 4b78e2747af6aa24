"""The bodies that name entries of Nexla's own Custify connector: its docs do not list them, so names are inferred."""

from __future__ import annotations

from custify_connector.adapters.nexla.destinations import manual_destination, sink
from custify_connector.adapters.nexla.notes import delete_notes, id_notes
from custify_connector.adapters.nexla.payloads import KEY, Ask, Payload, head
from custify_connector.adapters.nexla.sources import manual_source
from custify_connector.manifest import Manifest, find

_UNVERIFIED = (
    "Unverified: the names of Nexla's Custify catalogue are inferred; look them up in your Nexla account first."
)


def credential(manifest: Manifest, ask: Ask) -> Payload:
    """Return a credential of Nexla's own Custify connector; its names are inferred."""
    body = {
        **head(ask, manifest.title, _UNVERIFIED),
        "credentials_type": "rest",
        "vendor_name": _vendor(manifest),
        "auth_template_name": f"{_vendor(manifest)}.api_key",
        "template_config": {"api_key": KEY},
    }
    return Payload(body, (_UNVERIFIED,))


def source(manifest: Manifest, ask: Ask) -> Payload:
    """Return a source of Nexla's own Custify connector; its names are inferred. Raises ConfigurationError."""
    manual = manual_source(manifest, ask)
    endpoint = manifest.sources[ask.endpoint]
    page = manual.get("page")
    one = page is None and manual["envelope"] != "list"
    verb_and_object = f"get_{endpoint.schema}" if one else f"list_{endpoint.name}"
    body = {
        **head(ask, f"{manifest.title} {endpoint.title.lower()}", _UNVERIFIED),
        "source_type": "rest",
        "data_credentials_id": ask.credential_id,
        "vendor_endpoint_name": f"{_vendor(manifest)}.{verb_and_object}",
        "template_config": {**({"page_size": page["size"]} if page else {}), **ask.params},
    }
    return Payload(body, (_UNVERIFIED, *id_notes(body)))


def destination(manifest: Manifest, ask: Ask) -> Payload:
    """Return a destination of Nexla's own Custify connector; its names are inferred. Raises ConfigurationError."""
    endpoint = find(manifest.destinations, ask.endpoint, "destination.endpoint")
    manual_destination(manifest, endpoint, ask)
    body = {
        **sink(manifest, endpoint, ask),
        "description": _UNVERIFIED,
        "vendor_endpoint_name": f"{_vendor(manifest)}.{endpoint.name}",
        "template_config": dict(ask.params),
    }
    return Payload(body, (_UNVERIFIED, *id_notes(body), *delete_notes(endpoint)))


def _vendor(manifest: Manifest) -> str:
    return f"{manifest.name}_api"
