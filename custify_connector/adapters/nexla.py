"""The JSON bodies that Nexla's API takes for a credential, a source and a destination, made from the manifest alone.

Decides which of Nexla's published keys say what an expanded endpoint says (Nexla's docs, REST API reference), and which
words of the manifest Nexla has no key for. This file does not know a network or an API key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from custify_connector.destination_templates import expand_destination
from custify_connector.errors import Fault, refuse
from custify_connector.manifest import DestinationEndpoint, Manifest, find
from custify_connector.source_templates import expand_source
from custify_connector.wire import placeholders, query_text

KEY = "${CUSTIFY_API_KEY}"
"""What stands in a body for the API key: whoever posts the body puts the key in."""

_DAILY_AT_TWO = "0 0 2 * * ? *"
_SAMPLE_SIZE = "5"
_DAY_MS = 24 * 60 * 60 * 1000

_DATA_PATHS = {
    # The descent finds the list whether the page stands alone or in an array of one, as the page of people does.
    "page": "$..{records}[*]",
    "page_or_record": "$..{records}[*]",
    "record": "$",
    "list": "$[*]",
    "by_type": "$.*[*]",
}

Kind = Literal["credential", "source", "destination", "sample", "quarantine"]


@dataclass(frozen=True)
class Ask:
    """What to export: an endpoint with its parameters, under a name, for resources that Nexla knows by their ids.

    An id of 0 is nobody's: Nexla refuses it, so a body that was not filled in cannot reach another's credential.
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


def credential(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_credentials`: an API key in a header, tested by the manifest's cheapest read."""
    test = manifest.credential_test
    words = {
        "auth.type": "API_KEY",
        "api.key.include.mode": "HEADER",
        "api.key.auth.key": "Authorization",
        "api.key.auth.value": f"Bearer {KEY}",
        "test.url": ask.base_url + _target(test.path, test.query, {}),
        "test.method": "GET",
        "test.content.type": "application/json",
        "ignore.ssl.cert.validation": False,
    }
    return Payload({**_head(ask, manifest.title, manifest.summary), "credentials_type": "rest", "credentials": words})


def source(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_sources`; a source below a parent becomes a chain of steps.

    Raises ConfigurationError: an unknown endpoint or parameter, or records that one chain of steps cannot reach.
    """
    manual = _manual_source(manifest, ask)
    endpoint = manifest.sources[ask.endpoint]
    head = _head(ask, f"{manifest.title} {endpoint.title.lower()}", endpoint.summary)
    config = {"start.cron": _DAILY_AT_TWO, "rest.iterations": list(_chain(manual, ask.base_url))}
    body = {**head, "source_type": "rest", "data_credentials_id": ask.credential_id, "source_config": config}
    return Payload(body, (*_id_notes(body), *_notes(manual, _SOURCE_NOTES)))


def destination(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_sinks`: one call a record, or Custify's batch call.

    Raises ConfigurationError: an unknown endpoint or field, a file to upload, or a value that would belong in the body.
    """
    endpoint = find(manifest.destinations, ask.endpoint, "destination.endpoint")
    manual = _manual_destination(manifest, endpoint, ask)
    body = _sink(manifest, endpoint, ask)
    if ask.delivery == "batch":
        body["sink_config"] = _batch(manual, ask.base_url)
        return Payload(body, (*_id_notes(body), _UNTRIED_BATCH, *_notes(manual, _RECORD_NOTES)))
    address = _address(manual)
    body["sink_config"] = _single(manual, address, ask.base_url)
    notes = (*_address_notes(manual, address), *_notes(manual, {**_RECORD_NOTES, **_CALL_NOTES}))
    return Payload(body, (*_id_notes(body), *notes, *_delete_notes(endpoint)))


def sample(manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_credentials/{id}/probe/sample`: the first records of a source, unwrapped.

    Raises ConfigurationError as `source` does, and for a source whose parent is not named.
    """
    manual = _manual_source(manifest, ask)
    part = _only_part(manual)
    if "parents" in part:
        names = " and ".join(f"{name}=…" for name in part["take"])
        refuse((Fault("source.params", f"a sample is a single request: name the parent with {names}"),))
    page = manual.get("page") or {}
    first = {page["parameter"]: str(page["start"]), page["size_parameter"]: _SAMPLE_SIZE} if page else {}
    step = {"method": manual["request"]["method"], "url.template": ask.base_url + _url(manual, first)}
    return Payload({**step, "iteration.type": "static.url", "response.format": "json", "response.data.path": "$"})


def quarantine(_manifest: Manifest, ask: Ask) -> Payload:
    """Return the body of `POST /data_sinks/{id}/probe/quarantine/sample`: what was rejected in the last 24 hours."""
    return Payload({"page": 1, "per_page": 50, "start_time": ask.now_ms - _DAY_MS, "end_time": ask.now_ms})


def catalogue_credential(manifest: Manifest, ask: Ask) -> Payload:
    """Return a credential of Nexla's own Custify connector; its names are inferred."""
    body = {
        **_head(ask, manifest.title, _UNVERIFIED),
        "credentials_type": "rest",
        "vendor_name": _vendor(manifest),
        "auth_template_name": f"{_vendor(manifest)}.api_key",
        "template_config": {"api_key": KEY},
    }
    return Payload(body, (_UNVERIFIED,))


def catalogue_source(manifest: Manifest, ask: Ask) -> Payload:
    """Return a source of Nexla's own Custify connector; its names are inferred. Raises ConfigurationError."""
    manual = _manual_source(manifest, ask)
    endpoint = manifest.sources[ask.endpoint]
    page = manual.get("page")
    one = page is None and manual["envelope"] != "list"
    verb_and_object = f"get_{endpoint.schema}" if one else f"list_{endpoint.name}"
    body = {
        **_head(ask, f"{manifest.title} {endpoint.title.lower()}", _UNVERIFIED),
        "source_type": "rest",
        "data_credentials_id": ask.credential_id,
        "vendor_endpoint_name": f"{_vendor(manifest)}.{verb_and_object}",
        "template_config": {**({"page_size": page["size"]} if page else {}), **ask.params},
    }
    return Payload(body, (_UNVERIFIED, *_id_notes(body)))


def catalogue_destination(manifest: Manifest, ask: Ask) -> Payload:
    """Return a destination of Nexla's own Custify connector; its names are inferred. Raises ConfigurationError."""
    endpoint = find(manifest.destinations, ask.endpoint, "destination.endpoint")
    _manual_destination(manifest, endpoint, ask)
    body = {
        **_sink(manifest, endpoint, ask),
        "description": _UNVERIFIED,
        "vendor_endpoint_name": f"{_vendor(manifest)}.{endpoint.name}",
        "template_config": dict(ask.params),
    }
    return Payload(body, (_UNVERIFIED, *_id_notes(body), *_delete_notes(endpoint)))


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
    "credential": catalogue_credential,
    "source": catalogue_source,
    "destination": catalogue_destination,
}
"""The bodies that name entries of Nexla's catalogue, which its docs do not list."""

_UNVERIFIED = (
    "Unverified: the names of Nexla's Custify catalogue are inferred; look them up in your Nexla account first."
)
_UNTRIED_BATCH = "body.transform.function was never run on Nexla: test it with a few records first"


def _vendor(manifest: Manifest) -> str:
    return f"{manifest.name}_api"


def _head(ask: Ask, name: str, description: str) -> dict[str, Any]:
    return {"name": ask.name or name, "description": description}


def _manual_source(manifest: Manifest, ask: Ask) -> dict[str, Any]:
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
    return _target(request["path"], {**request["query"], **order.get("query", {}), **more}, {**(taken or {}), **fixed})


def _target(path: str, query: Mapping[str, str], filled: Mapping[str, str]) -> str:
    """Return a path with its query; `filled` are values, ready for a URL, for each `{name}` in either."""
    for name, value in filled.items():
        path = path.replace("{" + name + "}", value)
    pairs = [
        f"{quote(name, safe='$')}={filled.get(text[1:-1]) or quote(text, safe='')}" for name, text in query.items()
    ]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def _manual_destination(manifest: Manifest, endpoint: DestinationEndpoint, ask: Ask) -> dict[str, Any]:
    if endpoint.upload:
        reason = f"{endpoint.name} sends a file as a form, and a destination of Nexla sends JSON or XML only"
        refuse((Fault("destination.endpoint", reason),))
    # The bound on deletes is one of our runs; Nexla has no key for it, which a note says instead.
    guard = {"max_deletes": 1} if endpoint.destructive else {}
    asked = {"endpoint": endpoint.name, "params": {**ask.params, **guard}, "delivery": ask.delivery}
    return expand_destination({**asked, "settings": {"undocumented": ask.undocumented}}, manifest)[0]


def _sink(manifest: Manifest, endpoint: DestinationEndpoint, ask: Ask) -> dict[str, Any]:
    return {
        **_head(ask, f"{manifest.title}: {endpoint.title}", endpoint.summary),
        "sink_type": "rest",
        "data_set_id": ask.nexset_id,
        "data_credentials_id": ask.credential_id,
    }


def _single(manual: Mapping[str, Any], address: _Address, base_url: str) -> dict[str, Any]:
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
    refuse(tuple(_body_fault(name) for name in manual["params"]))
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


@dataclass(frozen=True)
class _Address:
    """Where a record goes: path and query with Nexla's macros, and the fields that are part of them."""

    target: str
    names: tuple[str, ...]


def _address(manual: Mapping[str, Any]) -> _Address:
    """Return the one address that Nexla's template can hold; raises ConfigurationError for a value that it cannot."""
    request, fixed = manual["request"], manual["params"]
    naming = {*fixed, *_alternative(manual)}
    path = next((route["path"] for route in request["routes"] if route["with"] in naming), request["path"])
    in_query = [name for name in request["query"] if name in naming]
    names = (*placeholders(path), *in_query)
    refuse(tuple(_body_fault(name) for name in fixed if name not in names))
    filled = {name: _macro_or_text(fixed.get(name, f"{{record.{name}}}")) for name in names}
    return _Address(_target(path, {name: "{" + name + "}" for name in in_query}, filled), names)


def _alternative(manual: Mapping[str, Any]) -> list[str]:
    """Return the fields that name a record in its address: those that the parameters speak of; none for the body."""
    request, fixed = manual["request"], manual["params"]
    if request["method"] != "DELETE" and not request["query"]:
        return []
    said = fixed.keys() - placeholders(request["path"])
    alternatives: list[list[str]] = manual["identity"]
    return max(alternatives, key=lambda fields: len(said & set(fields)))


def _macro_or_text(value: object) -> str:
    text = query_text(value)
    return text if re.fullmatch(r"\{record\.\w+\}", text) else quote(text, safe="")


def _body_fault(name: str) -> Fault:
    reason = "belongs in the body, and Nexla sends each record as it is: set it in the Nexset"
    return Fault(f"destination.params.{name}", reason)


_SOURCE_NOTES = {
    "add": "Nexla does not add {} to the records: a record has it only where Custify's reply does",
    "flatten": "what is inside {} stays there: lift it in a transform of the Nexset",
    "fallback_path": "some accounts answer under {} instead: if this one is not found, change the URL",
}
_RECORD_NOTES = {
    "clear": "a null clears nothing here: name the field in the record's $unset instead",
}
_CALL_NOTES = {
    "copy": "Custify reads {} in the body too: add it to the Nexset",
    "find_first": "Nexla looks nothing up: a record that exists is created once more, where the connector updates it",
    "fallback_path": _SOURCE_NOTES["fallback_path"],
    "repeat": "Nexla's docs do not say when it repeats a call, and repeating this one can do it twice",
}
_WITHOUT_LOSS = (None, "null", "always")
"""Values that say nothing beyond what Nexla does anyway."""


def _notes(manual: Mapping[str, Any], sentences: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each word of a manual configuration that Nexla has no key for."""
    for word, sentence in sentences.items():
        value = manual.get(word)
        if value and value not in _WITHOUT_LOSS:
            yield sentence.format(value if isinstance(value, str) else ", ".join(value))
    if manual.get("envelope") == "page_or_record":
        yield "where there is only one record, Custify answers with it alone, outside of the list, and Nexla misses it"


def _id_notes(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("data_credentials_id", "data_set_id"):
        if body.get(name) == 0:
            yield f"{name} is 0: put in the id that Nexla gave"


def _address_notes(manual: Mapping[str, Any], address: _Address) -> Iterator[str]:
    names = ", ".join(address.names)
    if manual["request"]["method"] == "DELETE":
        yield f"leave records without {names} out of the Nexset: an address with a gap may delete more than one record"
    elif names:
        yield f"the body is the whole record, {names} included: exclude what belongs in the address only"
    if manual["request"]["routes"] or manual["request"]["query"]:
        named = f"by {names} in the address" if names else "in the body"
        yield f"every record must be named {named}; export again with --param NAME={{record.NAME}} to name it otherwise"


def _delete_notes(endpoint: DestinationEndpoint) -> Iterator[str]:
    if endpoint.destructive:
        yield "deletes are permanent, and Nexla has no bound on their number"
