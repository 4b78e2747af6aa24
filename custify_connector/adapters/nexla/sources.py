"""The bodies of a source, and of a sample of it, made of nothing but published keys.

Decides what of the manifest a source of Nexla cannot have. This file does not know how its steps are made.
"""

from __future__ import annotations

from typing import Any

from custify_connector.adapters.nexla.chains import chain, only_part, url
from custify_connector.adapters.nexla.notes import SOURCE_NOTES, id_notes, notes
from custify_connector.adapters.nexla.payloads import Ask, Payload, head
from custify_connector.contract.errors import Fault, refuse
from custify_connector.manifest import Manifest
from custify_connector.reading.template import expand_source

_DAILY_AT_TWO = "0 0 2 * * ? *"
_SAMPLE_SIZE = "5"


def source(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_sources`; a source below a parent becomes a chain of steps.

    Raises ConfigurationError: an unknown endpoint or parameter, or records that one chain of steps cannot reach.
    """
    manual = manual_source(manifest, ask)
    endpoint = manifest.sources[ask.endpoint]
    named = head(ask, f"{manifest.title} {endpoint.title.lower()}", endpoint.summary)
    config = {"start.cron": _DAILY_AT_TWO, "rest.iterations": list(chain(manual, ask.base_url))}
    body = {**named, "source_type": "rest", "data_credentials_id": ask.credential_id, "source_config": config}
    return Payload(body, (*id_notes(body), *notes(manual, SOURCE_NOTES)))


def sample(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_credentials/{id}/probe/sample`: the first records of a source, unwrapped.

    Raises ConfigurationError as `source` does, and for a source whose parent is not named.
    """
    manual = manual_source(manifest, ask)
    part = only_part(manual)
    if "parents" in part:
        names = " and ".join(f"{name}=…" for name in part["take"])
        refuse((Fault("source.params", f"a sample is a single request: name the parent with {names}"),))
    page = manual.get("page") or {}
    first = {page["parameter"]: str(page["start"]), page["size_parameter"]: _SAMPLE_SIZE} if page else {}
    step = {"method": manual["request"]["method"], "url.template": ask.base_url + url(manual, first)}
    return Payload({**step, "iteration.type": "static.url", "response.format": "json", "response.data.path": "$"})


def manual_source(manifest: Manifest, ask: Ask) -> dict[str, Any]:
    """Return the expanded source that is asked for; raises ConfigurationError."""
    asked: dict[str, Any] = {"endpoint": ask.endpoint, "params": dict(ask.params)}
    return expand_source({**asked, "settings": {"undocumented": ask.undocumented}}, manifest)
