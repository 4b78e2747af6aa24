"""The steps in which Nexla reads a source: its parents' before its own, each with the key that the next refers to.

Decides which of Nexla's published keys say what an expanded source says. This file does not know a whole body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from custify_connector.adapters.nexla.targets import target
from custify_connector.contract.errors import Fault, refuse

_DATA_PATHS = {
    # The descent finds the list whether the page stands alone or in an array of one, as the page of people does.
    "page": "$..{records}[*]",
    "page_or_record": "$..{records}[*]",
    "record": "$",
    "list": "$[*]",
    "by_type": "$.*[*]",
}


def chain(manual: Mapping[str, Any], base_url: str) -> tuple[dict[str, Any], ...]:
    """Return the steps that read a source: its parents' before its own, each with the key that the next refers to."""
    part = only_part(manual)
    before = chain(part["parents"], base_url) if "parents" in part else ()
    # Nexla's docs write such a key as step_1, where both of the ways in which they refer to a step agree.
    taken = {name: f"{{step_{len(before)}.{path}}}" for name, path in part.get("take", {}).items()}
    step = {
        "key": f"step_{len(before) + 1}",
        "url.template": base_url + url(manual, {}, taken),
        "method": manual["request"]["method"],
        **_iteration(manual.get("page")),
        "response.format": "json",
        "response.data.path": _DATA_PATHS[manual["envelope"]].format(records="".join(manual["records"])),
        "request.parallelism.count": 1,
    }
    return (*before, step)


def only_part(manual: Mapping[str, Any]) -> Mapping[str, Any]:
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


def url(manual: Mapping[str, Any], more: Mapping[str, str], taken: Mapping[str, str] | None = None) -> str:
    """Return path and query of a source, its partition's values filled in: those `taken` are macros of Nexla."""
    request, order = manual["request"], manual.get("order", {})
    fixed = {name: quote(value, safe="") for name, value in only_part(manual).get("values", {}).items()}
    return target(request["path"], {**request["query"], **order.get("query", {}), **more}, {**(taken or {}), **fixed})
