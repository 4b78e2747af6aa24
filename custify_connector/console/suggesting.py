"""From the columns of a file to the fields of a destination: which is meant, and the rules that say so.

Pure. A suggestion is never more than that: what the form sends is what the rules are made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from custify_connector.checking.typed_text import types_of
from custify_connector.host import mapping


def targets(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that a rule can fill, each with its help; a list of objects as `companies[].company_id`."""
    found: dict[str, str] = {}
    _collect(schema, "", found)
    return found


def _collect(schema: Mapping[str, Any], before: str, found: dict[str, str]) -> None:
    for name, each in schema.get("properties", {}).items():
        inner, mark = (each.get("items", {}), "[]") if each.get("items", {}).get("properties") else (each, "")
        if name.startswith("$") or each is False:
            continue
        path = f"{before}{name}{mark}"
        if isinstance(inner, Mapping) and inner.get("properties"):
            _collect(inner, f"{path}.", found)
        else:
            found[path] = str(each.get("description", ""))


def open_objects(schema: Mapping[str, Any], before: str = "") -> tuple[str, ...]:
    """Return the fields that take any name inside, as `custom_attributes` does."""
    found: list[str] = []
    for name, each in schema.get("properties", {}).items():
        if isinstance(each, Mapping) and "object" in types_of(each):
            found += [f"{before}{name}"] if each.get("additionalProperties", True) is not False else []
            found += open_objects(each, f"{before}{name}.")
    return tuple(found)


def suggested(columns: Sequence[str], known: Sequence[str], open_to: Sequence[str] = ()) -> dict[str, str]:
    """Return for each column the field it is most likely for, or nothing; no field twice, those equal by name first.

    A column of a name inside one of `open_to` is for that.
    """
    inside = tuple(f"{name}." for name in open_to)
    taken: dict[str, str] = {
        column: column
        for column in columns
        if column in known or (column.startswith(inside) and mapping.is_target(column))
    }
    whole = {_plain(field): field for field in reversed(known)}
    ends = {_plain(field.replace("[]", "").rpartition(".")[2]): field for field in reversed(known) if "." in field}
    for lookup in (whole, ends):
        for column in columns:
            field = lookup.get(_plain(column))
            if column not in taken and field and field not in taken.values():
                taken[column] = field
    return {column: taken.get(column, "") for column in columns}


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def rules(rows: Sequence[tuple[str, str, str]], more: Sequence[str] = (), *, whole: bool = True) -> tuple[str, ...]:
    """Return the rules of a mapping: column, field, type.

    There are none where each column is the field of that name, and these are the `whole` of the file's columns: without
    rules, every column is sent.
    """
    if whole and not more and rows and all(column == field and not kind for column, field, kind in rows):
        return ()
    made = tuple(
        f"{field}{':' + kind if kind else ''}={mapping.of_column(column)}" for column, field, kind in rows if field
    )
    return made + tuple(more)
