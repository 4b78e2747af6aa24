"""The body of a credential: an API key in a header, tested by the manifest's cheapest read."""

from __future__ import annotations

from custify_connector.adapters.nexla.payloads import KEY, Ask, Payload, head
from custify_connector.adapters.nexla.targets import target
from custify_connector.manifest import Manifest


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
