"""The JSON bodies that Nexla's API takes for a credential, a source and a destination, made from the manifest alone.

Decides which bodies there are, and which of them any account of Nexla takes (Nexla's docs, REST API reference). Nothing
here knows a network or an API key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from custify_connector.adapters.nexla import catalogue
from custify_connector.adapters.nexla.destinations import destination, quarantine
from custify_connector.adapters.nexla.payloads import KEY, Ask, Payload, credential
from custify_connector.adapters.nexla.sources import sample, source
from custify_connector.manifest import Manifest

__all__ = [
    "KEY",
    "PUBLISHED",
    "UNVERIFIED",
    "Ask",
    "Export",
    "Kind",
    "Payload",
    "credential",
    "destination",
    "quarantine",
    "sample",
    "source",
]

Kind = Literal["credential", "source", "destination", "sample", "quarantine"]
Export = Callable[[Manifest, Ask], Payload]

PUBLISHED: Mapping[Kind, Export] = {
    "credential": credential,
    "source": source,
    "destination": destination,
    "sample": sample,
    "quarantine": quarantine,
}
"""The bodies that use nothing but keys of Nexla's published API description: any Nexla account takes them."""

UNVERIFIED: Mapping[Kind, Export] = {
    "credential": catalogue.credential,
    "source": catalogue.source,
    "destination": catalogue.destination,
}
"""The bodies that name entries of Nexla's catalogue, which its docs do not list."""
