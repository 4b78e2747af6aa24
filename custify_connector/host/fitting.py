"""Records in the types that a destination's schema knows: a cell `50` is a number where no text may be.

Pure. A cell that is not of the type stays as it is, and is refused with all other faults of its record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import Fault
from custify_connector.host.conversions import CONVERSIONS, PLAIN, Notation
from custify_connector.host.mapping import Rule

Fit = Callable[[Any], Any]
_DATE = "custify-date"
_WORDS = {"number": "number", "integer": "integer", "boolean": "boolean", "array": "json", "object": "json"}
"""How a cell of a type is read; a list is JSON, as an output has it."""


def compile_fit(schema: Mapping[str, Any], notation: Notation = PLAIN, *, textual: bool) -> Fit | None:
    """Return the function that gives the cells of a record their types; None where there is nothing to give.

    Without `textual` only dates are read by their declared format: what a file types itself is as it was meant.
    """
    types = schema.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    wanted = next((word for name, word in _WORDS.items() if name in types), None) if textual else None
    if types & {"string"}:
        wanted = "date" if schema.get("format") == _DATE and notation.date_format else None
    inner = {}
    for name, each in schema.get("properties", {}).items():
        if isinstance(each, Mapping) and (fit := compile_fit(each, notation, textual=textual)):
            inner[name] = fit
    items = schema.get("items")
    item = compile_fit(items, notation, textual=textual) if isinstance(items, Mapping) else None
    others = schema.get("additionalProperties")
    other = compile_fit(others, notation, textual=textual) if isinstance(others, Mapping) else None
    return _fit(wanted, inner, item, other, notation) if wanted or inner or item or other else None


def _fit(wanted: str | None, inner: Mapping[str, Fit], item: Fit | None, other: Fit | None, notation: Notation) -> Fit:
    def fit(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            for name in value if other else inner.keys() & value.keys():
                if fit_one := inner.get(name, other):
                    value[name] = fit_one(value[name])
        elif isinstance(value, list) and item:
            value[:] = map(item, value)
        elif wanted and value != "" and (isinstance(value, str) or (wanted == "date" and _is_number(value))):
            with suppress(ValueError):
                made = CONVERSIONS[wanted].convert(str(value), notation)
                # A number or a text that stands for a list is refused as it stands in the file.
                return value if wanted == "json" and not isinstance(made, (list, dict)) else made
        return value

    return fit


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def unknown_targets(rules: Iterable[Rule], schema: Mapping[str, Any], destination: str) -> list[Fault]:
    """Return the rules whose field the destination does not have."""
    return [fault for rule in rules if (fault := _unknown(rule, schema, destination))]


def _unknown(rule: Rule, schema: Mapping[str, Any], destination: str) -> Fault | None:
    at: Any = schema
    for name in rule.target:
        if name == "[]":
            at = at.get("items") or {}
            continue
        known = at.get("properties", {})
        if name not in known:
            return _fault(rule, name, known, destination) if at.get("additionalProperties") is False else None
        at = known[name]
    return None


def _fault(rule: Rule, name: str, known: Mapping[str, Any], destination: str) -> Fault:
    place = f"--map {'.'.join(rule.target).replace('.[]', '[]')}"
    field, colon, kind = name.rpartition(":")
    if colon and field in known:
        return Fault(place, f"there is no type {kind!r}; there are {', '.join(CONVERSIONS)}")
    return Fault(place, f"{destination} has no field {name!r}{suggestion(name, known)}")
