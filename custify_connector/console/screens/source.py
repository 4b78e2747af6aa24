"""Source: an endpoint with its parameters as a form, a test that shows records, the schema, and a run into a file."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from custify_connector.console import by_hand, forms, pacing
from custify_connector.console.asking import Asked
from custify_connector.console.commands import Read
from custify_connector.console.screens import reading, several, syncs
from custify_connector.console.screens.reading import Shown
from custify_connector.contract.errors import ConfigurationError, refuse
from custify_connector.host import named_states

_PARAMETER = "param."


def choose(asked: Asked) -> Response:
    """Show the endpoints to choose from."""
    manual = by_hand.schema_of(asked.known.description.get("source", {})) is not None
    return asked.page("choose.html", known=asked.known, kind="source", here="source", manual=manual,
                      credential=asked.query.get("credential", ""), **several.shown(asked))  # fmt: skip


def form(asked: Asked) -> Response:
    """Show an endpoint's form."""
    return _page(asked, Shown())


def _page(asked: Asked, shown: Shown) -> Response:
    known, name = asked.known, asked.request.path_params["endpoint"]
    endpoint = known.endpoint("sources", name)
    typed = asked.form or {"output": f"{name}.jsonl", "credential": asked.query.get("credential", "")}
    parameters = forms.fields_of(endpoint["parameters"], _parameters(typed), shown.faults)
    fields = (*endpoint["parameters"].get("properties", {}), *reading.drawn(known), syncs.PLACE)
    wrong = forms.placed(shown.faults, fields)
    preview = Read(name, typed.get("credential", ""), output=typed.get("output", ""), connector=known.chosen.label)
    return asked.page(
        "source.html", shown.status, known=known, endpoint=endpoint, parameters=parameters, typed=typed, wrong=wrong,
        shown=shown, credentials=asked.console.credentials.names(known), states=named_states.names(), here="source",
        words=shown.words or preview.words(), takes=known.chosen.takes, modes=endpoint.get("modes", ["full"]),
        manual=by_hand.schema_of(known.description.get("source", {})) is not None,
    )  # fmt: skip


def _parameters(typed: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(_PARAMETER): text for name, text in typed.items() if name.startswith(_PARAMETER)}


def _wanted(asked: Asked) -> Read:
    """Return the read that the form asks for; raises ConfigurationError with every fault of it."""
    name, typed = asked.request.path_params["endpoint"], asked.form
    endpoint = asked.known.endpoint("sources", name)
    values, faults = forms.values_of(endpoint["parameters"], _parameters(typed), "params")
    limit, pace = reading.limit_of(asked, faults), pacing.pace_of(typed, "source", faults)
    refuse(tuple(faults))
    return Read(
        name, typed.get("credential", ""), values, typed.get("mode", ""), tuple(typed.get("fields", "").split()),
        limit, typed.get("state", ""), typed.get("output", ""), undocumented="undocumented" in typed,
        connector=asked.known.chosen.label, overwrite="overwrite" in typed, pace=pace,
    )  # fmt: skip


def test(asked: Asked) -> Response:
    """Read the first records, and show them as they come."""
    return _page(asked, reading.tested(asked, _wanted))


def run(asked: Asked) -> Response:
    """Start the command that reads into a file."""
    name = asked.request.path_params["endpoint"]
    begun = reading.started(asked, _wanted, f"/{asked.known.name}/source/{name}", f"Read {name}")
    return _page(asked, begun) if isinstance(begun, Shown) else begun


def save(asked: Asked) -> Response:
    """Save the form as a sync, once the connector has nothing against its arguments."""
    wanted = reading.judged(asked, _wanted)
    if isinstance(wanted, Shown):
        return _page(asked, wanted)
    try:
        return syncs.saved(asked, wanted)
    except ConfigurationError as error:
        return _page(asked, Shown(faults=error.faults))
