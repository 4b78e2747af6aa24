"""Source: an endpoint with its parameters as a form, a test that shows records, the schema, and a run into a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from custify_connector.console import commands, forms
from custify_connector.console.asking import Asked
from custify_connector.console.commands import Read
from custify_connector.errors import ConfigurationError, ConnectorError, Fault, refuse
from custify_connector.host import named_states

_SAMPLE = 10
_PARAMETER = "param."
_FIELDS = ("credential", "mode", "fields", "limit", "state", "output", "undocumented")


def choose(asked: Asked) -> Response:
    """Show the endpoints to choose from."""
    return asked.page("choose.html", known=asked.known, kind="source", here="source")


@dataclass
class Shown:
    """What the page shows besides the form: records of a test, or what went wrong."""

    records: list[dict[str, Any]] | None = None
    faults: Sequence[Fault] = ()
    error: str = ""
    words: commands.Words = field(default_factory=tuple)

    @property
    def columns(self) -> list[str]:
        """The fields that the records have, in the order of their appearance."""
        return list(dict.fromkeys(name for record in self.records or () for name in record))


def form(asked: Asked) -> Response:
    """Show an endpoint's form."""
    return _page(asked, Shown())


def _page(asked: Asked, shown: Shown) -> Response:
    known, name = asked.known, asked.request.path_params["endpoint"]
    endpoint = known.endpoint("sources", name)
    typed = asked.form or {"output": f"{name}.jsonl"}
    parameters = forms.fields_of(endpoint["parameters"], _parameters(typed), shown.faults)
    wrong = forms.placed(shown.faults, (*endpoint["parameters"].get("properties", {}), *_FIELDS))
    return asked.page(
        "source.html", 400 if shown.faults else 502 if shown.error else 200,
        known=known, endpoint=endpoint, parameters=parameters, typed=typed, wrong=wrong, shown=shown,
        credentials=asked.console.credentials.names(known), states=named_states.names(), here="source",
        words=shown.words or Read(name, typed.get("credential", ""), output=typed.get("output", "")).words(),
    )  # fmt: skip


def _parameters(typed: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(_PARAMETER): text for name, text in typed.items() if name.startswith(_PARAMETER)}


def _wanted(asked: Asked) -> Read:
    """Return the read that the form asks for; raises ConfigurationError with every fault of it."""
    name, typed = asked.request.path_params["endpoint"], asked.form
    endpoint = asked.known.endpoint("sources", name)
    values, faults = forms.values_of(endpoint["parameters"], _parameters(typed), "params")
    limit = typed.get("limit", "")
    if limit and not (limit.isdecimal() and int(limit[:12]) > 0):
        faults.append(Fault("source.limit", "must be a whole number from 1 on"))
    refuse(tuple(faults))
    return Read(
        name, typed.get("credential", ""), values, typed.get("mode", ""), tuple(typed.get("fields", "").split()),
        int(limit) if limit else None, typed.get("state", ""), typed.get("output", ""),
        undocumented="undocumented" in typed,
    )  # fmt: skip


def test(asked: Asked) -> Response:
    """Read the first records, and show them as they come."""
    shown = Shown()
    try:
        wanted = _wanted(asked)
        shown.words = wanted.sample(_SAMPLE)
        credential = asked.console.credentials.find(asked.known, wanted.credential)
        source = {**wanted.source(), "mode": "full", "limit": min(wanted.limit or _SAMPLE, _SAMPLE)}
        batches = asked.known.hooks.read_source(credential, source)
        shown.records = [record for batch in batches for record in batch.records][:_SAMPLE]
    except ConfigurationError as error:
        shown.faults = error.faults
    except ConnectorError as error:
        shown.error = str(error)
    return _page(asked, shown)


def run(asked: Asked) -> Response:
    """Start the command that reads into a file, once the connector has nothing against its arguments."""
    try:
        wanted = _wanted(asked)
        _refuse_places(asked, wanted)
        credential = asked.console.credentials.find(asked.known, wanted.credential)
        asked.known.hooks.read_source(credential, wanted.source())
    except ConfigurationError as error:
        return _page(asked, Shown(faults=error.faults))
    origin = asked.origin(f"/{asked.known.name}/source/{wanted.endpoint}")
    started = asked.console.commands.start(wanted.words(), f"Read {wanted.endpoint}", origin)
    return asked.go(f"/started/{started.number}")


def _refuse_places(asked: Asked, wanted: Read) -> None:
    if not asked.known.has_command:
        raise ConfigurationError((Fault("run", "this connector is run by its own host; here it can be tested"),))
    asked.console.folder.inside(wanted.output, "source.output")
    if wanted.state and not named_states.is_name(wanted.state):
        reason = "must be a name of letters, figures, _ and -, such as nightly"
        raise ConfigurationError((Fault("source.state", reason),))
