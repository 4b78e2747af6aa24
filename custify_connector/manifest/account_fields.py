"""The fields that an account defines itself, added to the description's schemas.

Decides how an attribute of the account becomes a property. Where the account does not tell them, the static schema
serves. This file does not know which endpoints there are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from custify_connector.contract.errors import ConnectorError

log = logging.getLogger("custify_connector")

Record = dict[str, Any]
ReadAll = Callable[[str], list[Record]]
Described = TypeVar("Described", bound=Mapping[str, Any])

_HOLDER = "custom_attributes"
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": ["string", "null"]},
    "number": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date-time"},
    "currency": {"type": ["object", "null"]},
}


def discover(description: Described, read_all: ReadAll) -> Described:
    """Return the description, changed in place, with the account's attributes; `read_all` reads a source by name.

    Each source reports under `account_fields` whether its attributes are known, and why not.
    """
    known: dict[str, list[Record] | str] = {}
    for source in description["sources"].values():
        attributes = source.get("attributes")
        if attributes is None:
            continue
        if attributes not in known:
            known[attributes] = _attributes(attributes, read_all)
        _add(source, known[attributes])
    return description


def _attributes(name: str, read_all: ReadAll) -> list[Record] | str:
    try:
        # Every account has attributes, if only Custify's own: no answer does not mean an empty account.
        return read_all(name) or "Custify reported no attributes"
    except ConnectorError as error:
        log.info("%s cannot be read: using the static schema", name)
        return str(error)


def _add(source: dict[str, Any], attributes: list[Record] | str) -> None:
    if isinstance(attributes, str):
        source["account_fields"] = {"known": False, "reason": attributes}
        return
    properties = dict(_property(attribute) for attribute in attributes if _is_custom(attribute))
    holder = source["schema"]["properties"].setdefault(_HOLDER, {"type": ["object", "null"]})
    holder["properties"] = properties
    source["account_fields"] = {"known": True, "count": len(properties)}


def _is_custom(attribute: Record) -> bool:
    return str(attribute.get("name", "")).startswith(f"{_HOLDER}.")


def _property(attribute: Record) -> tuple[str, dict[str, Any]]:
    """Return the property of an attribute; a type that is not known allows anything."""
    name = str(attribute["name"]).removeprefix(f"{_HOLDER}.")
    kind = _TYPES.get(str(attribute.get("fieldType", "")).lower(), {})
    return name, {"title": str(attribute.get("niceName") or name), "description": "Defined by this account.", **kind}
