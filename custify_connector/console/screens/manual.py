"""Source, configured by hand: any request as a form, a test that shows records, and a run into a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from custify_connector.console import by_hand, forms, pacing
from custify_connector.console.asking import Asked
from custify_connector.console.by_hand import PREFIX
from custify_connector.console.commands import Read
from custify_connector.console.screens import reading
from custify_connector.console.screens.reading import FIELDS, Shown
from custify_connector.contract.errors import ConfigurationError, Fault, refuse
from custify_connector.host import named_states


def form(asked: Asked) -> Response:
    """Show the form: empty, as it was sent, or filled in with the connector's example."""
    return _page(asked, Shown())


def _schema(asked: Asked) -> Mapping[str, Any]:
    schema = by_hand.schema_of(asked.known.description.get("source", {}))
    if schema is None:
        reason = f"{asked.known.title} describes no source that is configured by hand"
        raise ConfigurationError((Fault("source", reason),))
    return schema


def _page(asked: Asked, shown: Shown) -> Response:
    known, schema = asked.known, _schema(asked)
    example = by_hand.example_of(known.description["source"])
    typed = asked.form or {"output": "records.jsonl", **_example(schema, example, wanted="example" in asked.query)}
    first, further = by_hand.sections(schema, _typed(typed), shown.faults, example)
    names = {field.name: field for section in first for field in section.fields} | {each.name: each for each in further}
    rest = [fault for fault in shown.faults if "" in by_hand.placed([fault], list(names))]
    wrong = forms.placed(rest, FIELDS)
    source, _ = by_hand.source_of(schema, _typed(typed))
    preview = Read("", typed.get("credential", ""), output=typed.get("output", ""), connector=known.chosen.label,
                   manual=source or {"request": {}})  # fmt: skip
    return asked.page(
        "by_hand.html", shown.status, known=known, first=first, further=further, typed=typed, wrong=wrong, shown=shown,
        credentials=asked.console.credentials.names(known), states=named_states.names(), here="source",
        words=shown.words or preview.words(), takes=lambda *_: True, example=example, modes=_modes(schema),
    )  # fmt: skip


def _modes(schema: Mapping[str, Any]) -> list[str]:
    return list(schema["properties"].get("mode", {}).get("enum", ["full"]))


def _example(schema: Mapping[str, Any], example: Mapping[str, Any], *, wanted: bool) -> dict[str, str]:
    return {f"{PREFIX}{name}": text for name, text in by_hand.typed_of(schema, example).items()} if wanted else {}


def _typed(typed: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(PREFIX): text for name, text in typed.items() if name.startswith(PREFIX)}


def _wanted(asked: Asked) -> Read:
    """Return the read that the form asks for; raises ConfigurationError with every fault of it."""
    typed = asked.form
    source, faults = by_hand.source_of(_schema(asked), _typed(typed))
    limit, pace = reading.limit_of(asked, faults), pacing.pace_of(typed, "source", faults)
    refuse(tuple(faults))
    return Read(
        "", typed.get("credential", ""), {}, typed.get("mode", ""), tuple(typed.get("fields", "").split()), limit,
        typed.get("state", ""), typed.get("output", ""), "undocumented" in typed, asked.known.chosen.label,
        {"request": {}, **source}, "overwrite" in typed, pace,
    )  # fmt: skip


def _tested(asked: Asked) -> Read:
    """Return the read to test; raises ConfigurationError for a request that may change the account, unless allowed."""
    wanted = _wanted(asked)
    method = str((wanted.manual or {}).get("request", {}).get("method", "GET"))
    if method != "GET" and "may_change" not in asked.form:
        reason = f"{method} may create or change something in the account: allow it below, then test"
        raise ConfigurationError((Fault("source.request.method", reason),))
    return wanted


def test(asked: Asked) -> Response:
    """Read the first records, and show them as they come."""
    return _page(asked, reading.tested(asked, _tested))


def run(asked: Asked) -> Response:
    """Start the command that reads into a file."""
    begun = reading.started(asked, _wanted, f"/{asked.known.name}/by-hand", "Read a source configured by hand")
    return _page(asked, begun) if isinstance(begun, Shown) else begun
