"""`custify load`: the reads and writes of a plan in one run; files go to their destinations in a safe order."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from custify_connector.checking.values import dumped
from custify_connector.cli import load_reads, writing
from custify_connector.cli.input_options import input_of, open_checked
from custify_connector.cli.options import (
    INTERRUPTED,
    WithSettings,
    exit_codes,
    placing,
    settings,
    settings_options,
    start_logging,
)
from custify_connector.cli.write import destination_options, run_of
from custify_connector.contract.errors import Fault, refuse
from custify_connector.host import endpoint_names, mapping, plans
from custify_connector.host.feed import Shape
from custify_connector.host.ordering import safe_order
from custify_connector.host.outputs.postgres_engine import is_postgres
from custify_connector.host.rows import Table
from custify_connector.host.run_files import STANDARD, Used, refuse_shared
from custify_connector.manifest import resources
from custify_connector.plugin import connector

_CHOSEN_BY_ENTRY = {"params": (), "receipts": None, "journal": None}

Opened = tuple[Table, Shape]


@click.command(cls=WithSettings)
@click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
@destination_options
@settings_options
@exit_codes
def command(plan: Path, **options: Any) -> None:  # noqa: ANN401 - click passes each option by its name
    """Write several files to several destinations: companies first, then people, then what happened.

    PLAN is YAML: a list under `writes`, each with endpoint, file, and map, empty, only_with or params as in write.
    A file that is refused stops the run before anything is sent; rejected rows do not stop the next file.
    Before them come the `reads`, each with endpoints, output, and mode, state or params as in read.

    \b
    custify load plan.yaml --dry-run
    custify load plan.yaml --quarantine rejected.jsonl

    A whole plan; files are named relative to its own folder:

    \b
    reads:
      - {endpoints: [people, companies], output: crm/, mode: incremental}
    writes:
      - endpoint: upsert_person
        file: people.csv
        map: [user_id=id, email=email, "name={first} {last}"]
    quarantine: rejected.jsonl
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    document = _document(plan)
    options |= load_reads.said_in_the_plan(plan, document)
    code = load_reads.run(plan, document, options)
    if "writes" in document:
        if code == 0:
            code = _write_all(plan, document["writes"], options)
        else:
            click.echo("no write of the plan was started, because a read did not end well", err=True)
    raise SystemExit(code)


def _write_all(plan: Path, entries: list[dict[str, Any]], options: dict[str, Any]) -> int:
    with ExitStack() as stack:
        writes = _writes(plan, entries, stack)
        _, kept = run_of(writes[0][0]["endpoint"], {**options, **_CHOSEN_BY_ENTRY})
        inputs = {f"writes[{place}].file": _file(plan, each) for place, (each, _) in enumerate(writes)}
        refuse_shared(_once(writing.files_of(kept, {"PLAN": str(plan), **inputs}, prints=options["dry_run"]), inputs))
        stack.enter_context(writing.files_held(kept))
        met: Counter[bytes] = Counter()
        codes = []
        for each, table in writes:
            with _placing(plan, entries, each):
                codes.append(_write(plan, each, table, options, met))
            if codes[-1] > INTERRUPTED - 2:
                return codes[-1]
    return next((code for code in codes if code), 0)


def _placing(plan: Path, entries: list[dict[str, Any]], entry: dict[str, Any]) -> AbstractContextManager[None]:
    """Say which entry of the plan a refused setting is of."""
    number = next(place for place, each in enumerate(entries) if each is entry)
    return placing(partial(load_reads.in_plan, plan, f"writes[{number}]"))


def _once(used: list[Used], inputs: dict[str, str]) -> list[Used]:
    """Return these with one role for all inputs: a plan may read one file twice, but not a stream."""
    return [dataclasses.replace(each, role="FILE") if each.role in inputs else each for each in used]


def _file(plan: Path, entry: dict[str, Any]) -> str:
    file = str(entry["file"])
    return file if file == STANDARD or is_postgres(file) else load_reads.beside(plan, file)


def _is_stream(file: str) -> bool:
    """Whether a file can be read once only: standard input, a pipe."""
    return file == STANDARD or (Path(file).exists() and not Path(file).is_file() and not Path(file).is_dir())


def _document(plan: Path) -> dict[str, Any]:
    """Return what a plan says; raises ConfigurationError for one that says nothing that can be done."""
    document = plans.read(plan, resources.schema("load"))
    description = connector.describe()
    known = description["destinations"]
    unknown = [each["endpoint"] for each in document.get("writes", ()) if each["endpoint"] not in known]
    refuse(tuple(Fault(f"{plan}", endpoint_names.unknown(description, "destination", name)) for name in unknown))
    return document


def _writes(plan: Path, writes: list[dict[str, Any]], stack: ExitStack) -> list[tuple[dict[str, Any], Opened | None]]:
    """Return the writes of a plan in a safe order; raises ConfigurationError before anything is sent.

    A file is opened to see that it can be, and again when it is its turn; what can be read once only stays open.
    """
    known = connector.describe()["destinations"]
    _refuse_streams_twice(plan, writes)
    opened: list[Opened | None] = []
    for each in writes:
        with _placing(plan, writes, each):
            if _is_stream(_file(plan, each)):
                opened.append(stack.enter_context(_opened(plan, each)))
                continue
            with _opened(plan, each):
                opened.append(None)
    after = {name: endpoint["after"] for name, endpoint in known.items()}
    order = safe_order([each["endpoint"] for each in writes], after)
    return [(writes[place], opened[place]) for place in order]


def _refuse_streams_twice(plan: Path, writes: list[dict[str, Any]]) -> None:
    """Raise ConfigurationError where two entries read one stream: the second would get nothing."""
    streams = [_file(plan, each) for each in writes if _is_stream(_file(plan, each))]
    real = [file if file == STANDARD else str(Path(file).resolve()) for file in streams]
    standard = str(Path("/dev/stdin").resolve())
    real = [STANDARD if file == standard else file for file in real]
    twice = tuple(file for place, file in enumerate(streams) if real[place] in real[:place])
    refuse(tuple(Fault(str(plan), f"reads {file} twice, which can be read once: save it as a file") for file in twice))


def _write(
    plan: Path, entry: dict[str, Any], opened: Opened | None, options: dict[str, Any], met: Counter[bytes]
) -> int:
    """Write one file; `met` counts the entries before it that are alike, each of which has a journal of its own."""
    destination, kept = run_of(entry["endpoint"], {**options, **_CHOSEN_BY_ENTRY})
    destination = {**destination, "params": entry.get("params", {}), "settings": settings(options)}
    with nullcontext(opened) if opened else _opened(plan, entry) as (table, shape):
        alike = dumped([entry["endpoint"], destination["params"], shape.words(), str(Path(table.name).resolve())])
        kept = dataclasses.replace(kept, entry=met[alike])
        met[alike] += 1
        return writing.run(destination, table, shape, kept)


@contextmanager
def _opened(plan: Path, entry: dict[str, Any]) -> Iterator[tuple[Table, Shape]]:
    """Open a file of the plan; raises ConfigurationError when it, or its rules, cannot be used."""
    shape = Shape(mapping.parse(entry.get("map", ())), entry.get("empty", "absent"))
    given = input_of(_file(plan, entry), entry.get("input_format"), dict(entry))
    described = {"name": entry["endpoint"], **connector.describe()["destinations"][entry["endpoint"]]}
    with open_checked(given, shape, entry.get("only_with"), described) as opened:
        yield opened
