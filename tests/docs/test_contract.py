"""docs/contract.md: its program prints what the page shows, and its tables and example are what the code has."""

from __future__ import annotations

import json

import pytest

from custify_connector.contract import (
    ConnectorError,
    Description,
    DestinationDescription,
    SourceDescription,
    errors,
)
from custify_connector.plugin import connector

PAGE = "docs/contract.md"
ELIDED = "…"


def test_the_program_of_the_page_prints_what_the_page_shows(page, terminal):
    printed = terminal.python("-c", "\n".join(page(PAGE).blocks("python")))
    assert printed == "".join(page(PAGE).blocks("text"))


@pytest.mark.parametrize(
    ("level", "heading", "declared"),
    [
        (2, "What `describe` answers", Description),
        (3, "A source", SourceDescription),
        (3, "A destination", DestinationDescription),
    ],
)
def test_every_key_of_the_description_is_explained(page, table_rows, level, heading, declared):
    text = page(PAGE).sections(level)[heading].partition("\n#")[0]
    explained = {cells[0].strip("`"): cells[1] for cells in table_rows(text, 3)}
    assert explained.keys() == declared.__required_keys__ | declared.__optional_keys__
    assert {name for name, mark in explained.items() if mark == "yes"} == declared.__required_keys__


def test_the_example_is_what_the_connector_answers(page):
    (shown,) = page(PAGE).blocks("json")
    assert list(differences(json.loads(shown), connector.describe(), "")) == []


def differences(shown, real, place):
    """Yield where an example is not the real value; a mapping that says that something is left out may be a part."""
    if not isinstance(shown, dict) or not isinstance(real, dict):
        yield from [] if shown == real else [place]
        return
    whole = {name: value for name, value in shown.items() if name != ELIDED}
    if ELIDED not in shown and whole.keys() != real.keys():
        yield f"{place}: {sorted(whole.keys() ^ real.keys())}"
    for name, value in whole.items():
        yield from differences(value, real.get(name), f"{place}.{name}")


def test_every_error_of_the_contract_is_in_the_table_under_its_parent(page, table_rows):
    shown = {cells[0].strip("`"): cells[1].strip("`") for cells in table_rows(page(PAGE).text, 4)}
    declared = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    kinds = {name: kind for name, kind in declared.items() if issubclass(kind, ConnectorError)}
    assert shown == {name: kind.__base__.__name__ for name, kind in kinds.items()}
