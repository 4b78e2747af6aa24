"""The first rows of a file: the requests that they become, what these would change, or the records that they are.

Decides which of them may be asked for: a connector may offer no dry run. Nothing is written here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from custify_connector.console.asking import Asked
from custify_connector.console.catalog import Known
from custify_connector.console.commands import Write
from custify_connector.host import comparison, mapping, runs
from custify_connector.host.comparison import Compared
from custify_connector.host.feed import Line, Shape
from custify_connector.host.queried_rows import Choice, open_input
from custify_connector.host.rows import Table

COUNT = 5


def tries(known: Known) -> bool:
    """Say whether a connector declares a dry run: one that does not might send what it is given."""
    return known.chosen.takes("destination", "dry_run")


@contextmanager
def opened(asked: Asked, typed: Mapping[str, str]) -> Iterator[Table]:
    """Open the file of a form; raises ConfigurationError when it is not below the folder, or cannot be read."""
    path = asked.console.folder.existing(typed.get("file", ""), "destination.file")
    with open_input(str(path), None, Choice(typed.get("table") or None, typed.get("query") or None)) as table:
        yield table


def planned(asked: Asked, wanted: Write) -> list[Line]:
    """Return what the connector plans for the first rows."""
    known = asked.known
    with _first(asked, wanted) as (table, shape):
        credential = known.chosen.made_up_credential or asked.console.credentials.find(known, wanted.credential)
        destination = {**wanted.destination(dry_run=True), "on_reject": "continue"}
        destination.pop("max_rejects", None)
        return list(runs.write(known.hooks, credential, known.chosen.destination(destination), table, shape))


def compares(known: Known, endpoint: Mapping[str, Any]) -> bool:
    """Say whether what the service holds of records can be read, and the connector compares them with it."""
    return tries(known) and known.chosen.takes("destination", "compare") and bool(endpoint.get("lookups"))


def compared(asked: Asked, wanted: Write) -> list[Compared]:
    """Return the first rows beside what the service holds of them; nothing is sent."""
    known = asked.known
    with _first(asked, wanted) as (table, shape):
        credential = asked.console.credentials.find(known, wanted.credential)
        destination = {**wanted.destination(dry_run=True), "on_reject": "continue", "compare": True}
        destination.pop("max_rejects", None)
        secrets = known.chosen.secrets(credential)
        lines = runs.write(known.hooks, credential, known.chosen.destination(destination), table, shape)
        return [comparison.compared(line, secrets) for line in lines]


def shaped(asked: Asked, wanted: Write) -> list[tuple[int, dict[str, Any], str | None]]:
    """Return the first rows as they would be passed, each with its line and what is wrong with it."""
    with _first(asked, wanted) as (table, shape):
        return [(row.line, *shape.read(row)) for row in table.rows]


@contextmanager
def _first(asked: Asked, wanted: Write) -> Iterator[tuple[Table, Shape]]:
    shape = Shape(mapping.parse(wanted.rules), wanted.empty)  # type: ignore[arg-type] # one of three
    schema = asked.known.chosen.endpoint("destinations", wanted.endpoint).get("schema", {})
    with opened(asked, asked.form) as table:
        shape = dataclasses.replace(shape, schema=schema, textual=table.textual)
        if table.columns is not None:
            mapping.check_columns(shape.rules, table.columns)
        yield dataclasses.replace(table, rows=islice(table.rows, COUNT)), shape
