"""`custify load`: several files to several destinations in one run, in a safe order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from custify_connector.checking import strict_yaml
from custify_connector.checking.json_schema import faults_of
from custify_connector.checking.wording import suggestion
from custify_connector.cli import writing
from custify_connector.cli.options import exit_codes, settings, settings_options, start_logging
from custify_connector.cli.write import check_order, checked, destination_options, run_of
from custify_connector.contract.errors import ConfigurationError, Fault, refuse
from custify_connector.host import mapping
from custify_connector.host.feed import Shape
from custify_connector.host.ordering import safe_order
from custify_connector.host.queried_rows import Choice, open_input
from custify_connector.host.rows import Table
from custify_connector.manifest import resources
from custify_connector.plugin import connector

_CHOSEN_BY_ENTRY = {"params": (), "receipts": None, "journal": None}


@click.command()
@click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
@destination_options
@settings_options
@exit_codes
def command(plan: Path, **options: Any) -> None:  # noqa: ANN401 - click passes each option by its name
    """Write several files to several destinations: companies first, then people, then what happened.

    PLAN is YAML: a list under `writes`, each with endpoint, file, and map, empty, only_with or params as in write.
    A file that is refused stops the run before anything is sent; rejected rows do not stop the next file.

    \b
    custify load plan.yaml --dry-run
    custify load plan.yaml --quarantine rejected.jsonl
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    writes = _writes(plan)
    codes = [_write(plan, each, options) for each in writes]
    raise SystemExit(next((code for code in codes if code), 0))


def _writes(plan: Path) -> list[dict[str, Any]]:
    """Return the writes of a plan in a safe order; raises ConfigurationError before anything is sent."""
    try:
        document = strict_yaml.parse(plan.read_text("utf-8"), str(plan))
    except OSError as error:
        raise ConfigurationError((Fault(str(plan), f"cannot be opened: {error.strerror or error}"),)) from None
    refuse(faults_of(document.value, resources.schema("load"), str(plan)))
    writes: list[dict[str, Any]] = document.value["writes"]
    known = connector.describe()["destinations"]
    unknown = [each["endpoint"] for each in writes if each["endpoint"] not in known]
    refuse(tuple(Fault(f"{plan}", f"there is no {name!r}{suggestion(name, known)}") for name in unknown))
    for each in writes:
        with _opened(plan, each):
            pass
    after = {name: endpoint["after"] for name, endpoint in known.items()}
    return [writes[place] for place in safe_order([each["endpoint"] for each in writes], after)]


def _write(plan: Path, entry: dict[str, Any], options: dict[str, Any]) -> int:
    destination, kept = run_of(entry["endpoint"], {**options, **_CHOSEN_BY_ENTRY})
    destination = {**destination, "params": entry.get("params", {}), "settings": settings(options)}
    check_order(Choice(entry.get("table"), entry.get("query")), resume=options["resume"])
    with _opened(plan, entry) as (table, shape):
        return writing.run(destination, table, shape, kept)


@contextmanager
def _opened(plan: Path, entry: dict[str, Any]) -> Iterator[tuple[Table, Shape]]:
    """Open a file of the plan; raises ConfigurationError when it, or its rules, cannot be used."""
    shape = Shape(mapping.parse(entry.get("map", ())), entry.get("empty", "absent"))
    choice = Choice(entry.get("table"), entry.get("query"))
    with open_input(str(plan.parent / entry["file"]), None, choice) as table:
        yield checked(table, shape, entry.get("only_with")), shape
