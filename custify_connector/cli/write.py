"""`custify write`: the rows of a file to an endpoint, with one outcome for each."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal

import click

from custify_connector.checking.json_schema import Schema
from custify_connector.cli import completing, write_diff, writing
from custify_connector.cli.choosing import from_standard_input, together
from custify_connector.cli.connector_option import connector_option, named, own
from custify_connector.cli.input_options import input_of, input_options, open_checked
from custify_connector.cli.options import (
    WithSettings,
    exit_codes,
    settings,
    settings_options,
    start_logging,
    typed_params,
)
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import mapping
from custify_connector.host.connectors import Chosen
from custify_connector.host.feed import Shape
from custify_connector.host.rows import INPUT_FORMS
from custify_connector.host.run_files import refuse_shared

SAME_ACCOUNT = click.option(
    "--same-account", is_flag=True, help="The account of what is resumed is the same: its key was replaced."
)


def param_schemas(endpoint: str, connector: Chosen) -> dict[str, Schema]:
    """Return the schemas of a destination's params."""
    fields = connector.endpoint("destinations", endpoint).get("schema", {}).get("properties", {})
    return {"max_deletes": {"type": "integer"}, **fields}


_PATH = click.Path(dir_okay=False, path_type=Path)

destination_options = together(
    click.option("--delivery", type=click.Choice(["single", "batch"]), default="single", show_default=True),
    click.option("--dry-run", is_flag=True, help="Print each exact request as JSON lines, and send nothing."),
    click.option("--on-reject", type=click.Choice(["continue", "stop"]), default="continue", show_default=True),
    click.option(
        "--max-rejects", metavar="N",
        help="Stop when more records are rejected or fail: a number, or a percentage such as 5%.",
    ),
    click.option("--any-ids", is_flag=True, help="Send Custify ids that are not 24 hexadecimal digits, too."),
    click.option("--quarantine", type=_PATH, help="Keep rejected and failed records here, for replay."),
    click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON, except in a dry run."),
    click.option("--resume", is_flag=True, help="Resume the last run of this file: send only undecided rows."),
    SAME_ACCOUNT,
    click.option("--resend-unclear", is_flag=True, help="Also send rows that may have arrived already."),
    click.option(
        "--capture", is_flag=True, help="Keep each record and the reply it got on this machine, for custify runs rows."
    ),
    click.option("--skip-unchanged", is_flag=True, help="Do not send a record that equals the last one of its key."),
)  # fmt: skip
"""The options of every command that writes."""

run_options = together(
    click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A field with one value for all."),
    click.option("--receipts", metavar="PATH", help="Write every record's outcome here: JSON lines, or .csv."),
    click.option("--journal", type=_PATH, help="Where the run is kept, for --resume. Default: in .custify/."),
    destination_options,
)
"""The options of a command that writes one file."""


@click.command(cls=WithSettings)
@click.argument("endpoint", shell_complete=completing.destinations)
@click.argument("file")
@click.option("--map", "rules", multiple=True, metavar="TARGET[:TYPE]=SOURCE", help="How a field is made; see below.")
@click.option("--input-format", type=click.Choice(INPUT_FORMS), help="Default: by the file's name.")
@input_options
@click.option(
    "--empty",
    type=click.Choice(["absent", "null", "text"]),
    default="absent",
    show_default=True,
    help="What an empty cell means: the field is left out, cleared, or empty text.",
)
@click.option("--only-with", metavar="COLUMN", help="Skip the rows in which this column is empty.")
@click.option(
    "--rejected-rows",
    metavar="PATH",
    help="Write rejected rows of a CSV here, each with its reason, as a CSV for this command.",
)
@write_diff.option
@run_options
@connector_option
@settings_options
@exit_codes
def command(
    endpoint: str,
    file: str,
    rules: tuple[str, ...],
    input_format: str | None,
    empty: Literal["absent", "null", "text"],
    only_with: str | None,
    rejected_rows: str | None,
    diff: int | None,
    connector_name: str | None,
    **options: Any,  # noqa: ANN401 - click passes each option by its name
) -> None:
    """Write the rows of a file (JSON, CSV, Parquet, a workbook), or of a DuckDB or PostgreSQL database.

    FILE - is standard input; that of PostgreSQL is postgresql://host/database/schema.

    Without --map, a column or key is the field of that name; dots lead inside, as in custom_attributes.plan.

    \b
    custify write upsert_person people.csv --map user_id=id --map email=email --dry-run
    custify write upsert_person people.csv --map user_id=id --diff all
    custify write upsert_person people.csv --map user_id=id --quarantine rejected.jsonl
    custify write upsert_person postgresql://host/crm --query "SELECT id AS user_id, email FROM users"

    \b
    --map user_id=id                       the column id
    --map "name={first} {last}"            columns within a text
    --map plan==Gold                       a constant
    --map metadata.total:number=total      a type: string, integer, number, boolean, date or json
    --map companies[].company_id=company   a list of one
    --map "note=\\=Gold"                    a column whose name begins with = or has braces
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    chosen = named(connector_name)
    given = input_of(file, input_format, options)
    if diff is not None:
        write_diff.refuse_what_keeps({**options, "rejected_rows": rejected_rows})
    destination, kept = run_of(endpoint, options, chosen)
    kept = dataclasses.replace(kept, rejected_rows=rejected_rows)
    refuse_two_inputs(file)
    refuse_shared(writing.files_of(kept, {"FILE": file}, prints=options["dry_run"]))
    shape = Shape(mapping.parse(rules), empty)
    described = {"name": endpoint, **chosen.endpoint("destinations", endpoint)}
    if diff is not None:
        with open_checked(given, shape, only_with, described, verbose=options["verbose"]) as (rows, shaped):
            cost = write_diff.cost_of(chosen, destination, given, (rows, shaped), diff)
            code = write_diff.run(destination, rows, shaped, chosen, diff, as_json=kept.as_json, cost=cost)
        raise SystemExit(code)
    with (
        writing.files_held(kept),
        open_checked(given, shape, only_with, described, verbose=options["verbose"]) as (rows, shaped),
    ):
        code = writing.run(destination, rows, shaped, kept, chosen)
    raise SystemExit(code)


def refuse_two_inputs(file: str) -> None:
    """Raise ConfigurationError where rows and credential are both to come from standard input."""
    if file == "-" and from_standard_input():
        raise ConfigurationError((Fault("FILE", "standard input gives the credential already: name a file"),))


def run_of(
    endpoint: str, options: dict[str, Any], connector: Chosen | None = None
) -> tuple[dict[str, Any], writing.Kept]:
    """Return the destination that the options describe, and what the run keeps."""
    connector = connector or own()
    schemas = param_schemas(endpoint, connector) if options["params"] else {}
    destination: dict[str, Any] = {
        "endpoint": endpoint,
        "params": typed_params(options["params"], schemas),
        **{name: options[name] for name in ("delivery", "dry_run", "on_reject")},
        "settings": settings(options),
    }
    if options["as_json"] and options["dry_run"]:
        raise ConfigurationError(
            (Fault("--json", "cannot be combined with --dry-run, which prints requests to standard output"),)
        )
    if options["capture"] and connector.takes("destination", "capture_responses"):
        destination["capture_responses"] = True
    bound = options["max_rejects"]
    if bound is not None:
        destination["max_rejects"] = int(bound) if bound.isdecimal() else bound
    names = (
        "receipts",
        "quarantine",
        "journal",
        "resume",
        "resend_unclear",
        "skip_unchanged",
        "as_json",
        "same_account",
        "capture",
    )
    kept = writing.Kept(**{name: options[name] for name in names}, older_too=options.get("older_too", False))
    return destination, kept
