"""What a run left: the outcome of each row, the request and the reply of one, and the first rows of an output."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from starlette.responses import Response

from custify_connector.console.asking import Asked, Console
from custify_connector.console.screens import previewing, runs
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host.recorded_run import Run
from custify_connector.host.rows import input_form
from custify_connector.host.run_history import RunHistory
from custify_connector.host.run_rows import RunRow

_ON_A_PAGE = 50
_PREVIEWED = 10


def rows(asked: Asked) -> Response:
    """Show the outcomes of the rows of a run, those with one outcome or all."""
    history, number = RunHistory(), runs.number_of(asked)
    run, outcome = history.find(number), asked.query.get("outcome", "")
    page = asked.number("page", 1)
    found = history.rows(number, outcome or None, _ON_A_PAGE + 1, (page - 1) * _ON_A_PAGE)
    return asked.page(
        "run_rows.html", run=run, rows=found[:_ON_A_PAGE], more=len(found) > _ON_A_PAGE, page=page, outcome=outcome,
        here="runs", words=("runs", "rows", str(number), *(("--outcome", outcome) if outcome else ())),
    )  # fmt: skip


def find(asked: Asked) -> Response:
    """Show the outcome of one record, by its key, in every run."""
    text = asked.query.get("q", "").strip()
    found = RunHistory().rows_about(text, _ON_A_PAGE)
    return asked.page("run_find.html", rows=found, text=text, here="runs", words=("runs", "find", text or "TEXT"))


def row(asked: Asked) -> Response:
    """Show one row of a run: its outcome, and the request and the reply where the run captured them."""
    history = RunHistory()
    found = history.row(runs.number_of(asked))
    run = history.find(found.run)
    return asked.page("run_row.html", row=found, run=run, request=_request_of(asked.console, run, found), here="runs")


def _request_of(console: Console, run: Run, row: RunRow) -> Any:  # noqa: ANN401 - JSON
    """Return the request that a captured record becomes, by a dry run of it: without a key, and nothing is sent."""
    known = console.catalog.of_run(run.connector)
    if known is None or row.record is None or not previewing.tries(known):
        return None
    wanted = {"endpoint": run.endpoint, "params": run.settings.get("params", {}), "dry_run": True}
    try:
        destination = known.chosen.destination(wanted)
        receipts = list(known.hooks.write_destination(known.chosen.made_up_credential, destination, [dict(row.record)]))
    except ConnectorError:
        return None
    return next((receipt.response for receipt in receipts if receipt.outcome == "planned"), None)


def output(asked: Asked) -> Response:
    """Show the first rows of what a run read into a file."""
    run = RunHistory().find(runs.number_of(asked))
    name = runs.output_of(asked.console, run)
    if name is None:
        raise ConfigurationError((Fault("output", "is not there any more, or not below this folder"),))
    table_name = run.endpoint if input_form(name) == "duckdb" else ""
    with previewing.opened(asked, {"file": name, "table": table_name}) as table:
        records = [row.fields for row in islice(table.rows, _PREVIEWED)]
    fields = list(dict.fromkeys(field for record in records for field in record))
    return asked.page("run_output.html", run=run, name=name, records=records, fields=fields, here="runs",
                      size=Path(str(run.output)).stat().st_size)  # fmt: skip
