"""What is exported, and what comes of it: values that every body of Nexla's API is made from; and a credential's body.

Decides how a body is named and described. This file knows no source or destination.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from custify_connector.adapters.nexla.addresses import target
from custify_connector.manifest import Manifest

KEY = "${CUSTIFY_API_KEY}"
"""What stands in a body for the API key: the reader who posts the body puts the key in."""


@dataclass(frozen=True)
class Ask:
    """What to export: an endpoint with its parameters, under a name, for resources that Nexla knows by their ids.

    An id of 0 does not exist: Nexla refuses it, so a body that was not filled in cannot reach another's credential.
    """

    base_url: str
    endpoint: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    credential_id: int = 0
    nexset_id: int = 0
    delivery: Literal["single", "batch"] = "single"
    undocumented: bool = False
    now_ms: int = 0


@dataclass(frozen=True)
class Payload:
    """A body for Nexla's API, and what a person must know of it: one sentence a note."""

    body: dict[str, Any]
    notes: tuple[str, ...] = ()


def head(ask: Ask, name: str, description: str) -> dict[str, Any]:
    """Return how a resource is named and described, unless the ask names it."""
    return {"name": ask.name or name, "description": description}


def credential(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_credentials`: an API key in a header, tested by the manifest's cheapest read."""
    test = manifest.credential_test
    words = {
        "auth.type": "API_KEY",
        "api.key.include.mode": "HEADER",
        "api.key.auth.key": "Authorization",
        "api.key.auth.value": f"Bearer {KEY}",
        "test.url": ask.base_url + target(test.path, test.query, {}),
        "test.method": "GET",
        "test.content.type": "application/json",
        "ignore.ssl.cert.validation": False,
    }
    return Payload({**head(ask, manifest.title, manifest.summary), "credentials_type": "rest", "credentials": words})
