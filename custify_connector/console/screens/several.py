"""Several endpoints read in one run, into a folder or a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from custify_connector.console import by_hand, forms, pacing
from custify_connector.console.asking import Asked
from custify_connector.console.commands import ReadSeveral
from custify_connector.contract.errors import ConfigurationError, Fault, refuse
from custify_connector.host import named_states

_CHOSEN = "endpoint."
_FIELDS = ("credential", "output", "state", *pacing.FIELDS)


def shown(asked: Asked, faults: Sequence[Fault] = ()) -> dict[str, Any]:
    """Return what the form shows."""
    known, typed = asked.known, asked.form or {"output": "everything.duckdb"}
    names = list(known.description.get("sources", {}))
    return {
        "typed": typed, "wrong": forms.placed(faults, _FIELDS), "credentials": asked.console.credentials.names(known),
        "states": named_states.names(), "takes": known.chosen.takes, "open": bool(faults),
        "chosen": _chosen(asked, names) if asked.form else names,
    }  # fmt: skip


def _chosen(asked: Asked, names: Sequence[str]) -> list[str]:
    return [name for name in names if f"{_CHOSEN}{name}" in asked.form]


def _output(asked: Asked) -> str:
    """Return where they are read into; raises ConfigurationError for a place that holds one table."""
    output = asked.form.get("output", "")
    path = asked.console.folder.inside(output, "source.output")
    if path.suffix.lower() not in {".duckdb", ".ddb"} and not output.endswith("/") and not path.is_dir():
        raise ConfigurationError((Fault("source.output", "name a folder such as crm/, or a database: crm.duckdb"),))
    return output


def run(asked: Asked) -> Response:
    """Start the command that reads them."""
    known, typed, faults = asked.known, asked.form, list[Fault]()
    names = list(known.description.get("sources", {}))
    chosen, pace = _chosen(asked, names), pacing.pace_of(typed, "source", faults)
    if len(chosen) < 2:  # noqa: PLR2004 - one has a form of its own
        faults.append(Fault("source", "choose at least two endpoints"))
    if typed.get("state") and not named_states.is_name(typed["state"]):
        faults.append(Fault("source.state", "must be a name of letters, figures, _ and -, such as nightly"))
    try:
        refuse(tuple(faults))
        output = _output(asked)
        left_out = tuple(name for name in names if name not in chosen)
        wanted = ReadSeveral(
            tuple(chosen), left_out, typed.get("credential", ""), output, typed.get("state", ""),
            "undocumented" in typed, known.chosen.label, pace,
        )  # fmt: skip
        asked.console.credentials.find(known, wanted.credential)
        given = asked.console.credentials.handed_in(known, wanted.credential)
    except ConfigurationError as error:
        manual = by_hand.schema_of(known.description.get("source", {})) is not None
        return asked.page("choose.html", 400, known=known, kind="source", here="source", manual=manual, credential="",
                          **shown(asked, error.faults))  # fmt: skip
    started = asked.console.commands.start(wanted.words(), f"Read {len(chosen)} endpoints", given=given)
    return asked.go(f"/started/{started.number}")
