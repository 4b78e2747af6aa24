"""The bodies of a source, and of a sample of it, made of nothing but published keys.

Decides which of Nexla's keys say what an expanded source says, and what of the manifest a source of Nexla cannot have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from custify_connector.adapters.nexla.addresses import target
from custify_connector.adapters.nexla.notes import SOURCE_NOTES, id_notes, notes
from custify_connector.adapters.nexla.payloads import Ask, Payload, head
from custify_connector.contract.errors import Fault, refuse
from custify_connector.manifest import Manifest
from custify_connector.reading.template import expand_source

_DAILY_AT_TWO = "0 0 2 * * ? *"
_SAMPLE_SIZE = "5"
_DATA_PATHS = {
    # The descent finds the list whether the page stands alone or in an array of one, as the page of people does.
    "page": "$..{records}[*]",
    "page_or_record": "$..{records}[*]",
    "record": "$",
    "list": "$[*]",
    "by_type": "$.*[*]",
}


def source(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_sources`; a source below a parent becomes a chain of steps.

    Raises ConfigurationError: an unknown endpoint or parameter, or records that one chain of steps cannot reach.
    """
    manual = manual_source(manifest, ask)
    endpoint = manifest.sources[ask.endpoint]
    named = head(ask, f"{manifest.title} {endpoint.title.lower()}", endpoint.summary)
    config = {"start.cron": _DAILY_AT_TWO, "rest.iterations": list(_chain(manual, ask.base_url))}
    body = {**named, "source_type": "rest", "data_credentials_id": ask.credential_id, "source_config": config}
    return Payload(body, (*id_notes(body), *notes(manual, SOURCE_NOTES)))


def sample(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_credentials/{id}/probe/sample`: the first records of a source, unwrapped.

    Raises ConfigurationError as `source` does, and for a source whose parent is not named.
    """
    manual = manual_source(manifest, ask)
    part = _only_part(manual)
    if "parents" in part:
        names = " and ".join(f"{name}=…" for name in part["take"])
        refuse((Fault("source.params", f"a sample is a single request: name the parent with {names}"),))
    page = manual.get("page") or {}
    first = {page["parameter"]: str(page["start"]), page["size_parameter"]: _SAMPLE_SIZE} if page else {}
    step = {"method": manual["request"]["method"], "url.template": ask.base_url + _url(manual, first)}
    return Payload({**step, "iteration.type": "static.url", "response.format": "json", "response.data.path": "$"})


def manual_source(manifest: Manifest, ask: Ask) -> dict[str, Any]:
    """Return the expanded source that is asked for; raises ConfigurationError."""
    asked: dict[str, Any] = {"endpoint": ask.endpoint, "params": dict(ask.params)}
    return expand_source({**asked, "settings": {"undocumented": ask.undocumented}}, manifest)


def _chain(manual: Mapping[str, Any], base_url: str) -> tuple[dict[str, Any], ...]:
    """Return the steps that read a source: its parents' before its own, each with the key that the next refers to."""
    part = _only_part(manual)
    before = _chain(part["parents"], base_url) if "parents" in part else ()
    # Nexla's docs write such a key as step_1, where both of the ways in which they refer to a step agree.
    taken = {name: f"{{step_{len(before)}.{path}}}" for name, path in part.get("take", {}).items()}
    step = {
        "key": f"step_{len(before) + 1}",
        "url.template": base_url + _url(manual, {}, taken),
        "method": manual["request"]["method"],
        **_iteration(manual.get("page")),
        "response.format": "json",
        "response.data.path": _DATA_PATHS[manual["envelope"]].format(records="".join(manual["records"])),
        "request.parallelism.count": 1,
    }
    return (*before, step)


def _only_part(manual: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the only partition of a source, empty where it has none; several are refused."""
    parts: list[Mapping[str, Any]] = manual.get("partitions") or [{}]
    if len(parts) > 1:
        choices = " or ".join(
            " and ".join(f"{name}={value}" for name, value in part["values"].items()) for part in parts
        )
        reason = f"a source of Nexla is one chain of steps, and this one needs {len(parts)}: choose {choices}"
        refuse((Fault("source.params", reason),))
    return parts[0]


def _iteration(page: Mapping[str, Any] | None) -> dict[str, Any]:
    if page is None:
        return {"iteration.type": "static.url"}
    return {
        "iteration.type": "paging.incrementing",
        "param.id": page["parameter"],
        "start.page.from": page["start"],
        "param.page.size": page["size_parameter"],
        "page.expected.rows": page["size"],
    }


def _url(manual: Mapping[str, Any], more: Mapping[str, str], taken: Mapping[str, str] | None = None) -> str:
    """Return path and query of a source, its partition's values filled in: those `taken` are macros of Nexla."""
    request, order = manual["request"], manual.get("order", {})
    fixed = {name: quote(value, safe="") for name, value in _only_part(manual).get("values", {}).items()}
    return target(request["path"], {**request["query"], **order.get("query", {}), **more}, {**(taken or {}), **fixed})
