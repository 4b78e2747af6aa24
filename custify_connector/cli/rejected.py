"""`custify rejected`: the records of a quarantine by reason, changed many at once, out to a spreadsheet and back."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from custify_connector.cli import layout
from custify_connector.cli.connector_option import named
from custify_connector.cli.options import SOME_REJECTED, exit_codes, json_option
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import quarantine_edits, quarantine_index
from custify_connector.host.quarantine_edits import Edit
from custify_connector.host.quarantine_index import Index
from custify_connector.host.quarantine_table import Typing, exported
from custify_connector.host.rows import open_table
from custify_connector.storage import atomic

_FIGURES = frozenset({1})
_PATH = click.Path(dir_okay=False, path_type=Path)
_MOST_SHOWN = 20
_MOST_REFUSED = 5


def _regular(_context: click.Context, _argument: click.Parameter, path: Path) -> Path:
    if not path.is_file():
        raise click.BadParameter(f"{path} is not a regular file, which is read more than once")
    return path


file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), callback=_regular)
group_option = click.option("--group", metavar="ID", help="Only the records of one reason, as `reasons` lists them.")


@click.group()
def command() -> None:
    """Look at the records that a write rejected, and change many at once.

    \b
    custify rejected reasons rejected.jsonl
    custify rejected edit rejected.jsonl --group 4a386bdfaf --set plan=gold
    custify rejected export rejected.jsonl corrected.csv
    custify rejected import rejected.jsonl corrected.csv
    custify replay rejected.jsonl --group 4a386bdfaf
    """  # noqa: D301 - click reads \b


@command.command()
@file_argument
@json_option
@exit_codes
def reasons(file: Path, *, as_json: bool) -> None:
    """List why records were rejected, the most frequent reason first.

    \b
    custify rejected reasons rejected.jsonl
    """  # noqa: D301 - click reads \b
    groups = _index(file).largest()
    if as_json:
        click.echo(layout.as_json([
            {"group": each.id, "count": len(each.lines), "code": each.code, "field": each.at, "reason": each.message}
            for each in groups
        ]))  # fmt: skip
        return
    rows = [(each.id, f"{len(each.lines):,}", each.at, each.message) for each in groups[:_MOST_SHOWN]]
    click.echo(layout.table(("GROUP", "RECORDS", "FIELD", "REASON"), rows, layout.width(), _FIGURES))
    if len(groups) > _MOST_SHOWN:
        click.echo(f"and {layout.counted(len(groups) - _MOST_SHOWN, 'more reason')}: add --json to list all")


def _index(file: Path) -> Index:
    if file.stat().st_size and not quarantine_index.is_quarantine(file):
        reason = "is not a quarantine file: give one that a write left its rejected records in"
        raise ConfigurationError((Fault(str(file), reason),))
    return quarantine_index.index_of(file)


def numbers_of(file: Path, group: str | None) -> frozenset[int] | None:
    """Return the lines of a reason from 0; None for all, without a group."""
    return None if group is None else frozenset(_index(file).group(group).lines)


def _pairs(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> list[tuple[str, ...]]:
    pairs = [tuple(text.split("=", 1)) for text in texts]
    if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - a name and a value
        raise click.BadParameter("write FIELD=VALUE")
    return pairs


@command.command()
@file_argument
@group_option
@click.option("--set", "sets", multiple=True, metavar="FIELD=VALUE", callback=_pairs, help="Give a field a value.")
@click.option(
    "--replace", "replaces", multiple=True, nargs=3, metavar="FIELD OLD NEW", help="Replace a text within a field."
)
@click.option("--drop", "drops", multiple=True, metavar="FIELD", help="Remove a field.")
@exit_codes
def edit(
    file: Path, group: str | None, sets: list[tuple[str, str]], replaces: list[tuple[str, str, str]], drops: list[str]
) -> None:
    """Change a field of many records at once; a path such as companies[].company_id leads into a list.

    \b
    custify rejected edit rejected.jsonl --group 4a386bdfaf --replace companies[].company_id company- acme-
    """  # noqa: D301 - click reads \b
    edits = [
        *(Edit("set", field, value) for field, value in sets),
        *(Edit("replace", field, new, old) for field, old, new in replaces),
        *(Edit("drop", field) for field in drops),
    ]
    if not edits:
        raise ConfigurationError((Fault("edit", "says no change: add --set, --replace or --drop"),))
    for each in edits:
        each.refuse()
    with quarantine_index.alone(file):
        numbers, typing = numbers_of(file, group), Typing(schemas(file))
        changed = [quarantine_edits.apply(file, numbers, each, typing) for each in edits]
    for each, count in zip(edits, changed, strict=True):
        click.echo(f"{each.kind} {each.field}: {layout.counted(count, 'record')} changed", err=True)
    _tell_replay(file, group)


def _tell_replay(file: Path, group: str | None) -> None:
    words = ["custify", "replay", str(file), *(["--group", group] if group else [])]
    click.echo(f"to send them:  {shlex.join(words)}", err=True)


def schemas(file: Path) -> Callable[[str], Mapping[str, Any]]:
    """Return what gives the schema of a destination of the records of a file, empty where it is not known."""
    chosen = named(quarantine_index.connector_of(file))
    return lambda name: chosen.endpoint("destinations", name).get("schema", {})


@command.command()
@file_argument
@click.argument("output", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@group_option
@exit_codes
def export(file: Path, output: Path, group: str | None) -> None:
    """Write records to a CSV, each with its reason, to be corrected in a spreadsheet; - is standard output.

    \b
    custify rejected export rejected.jsonl corrected.csv
    """  # noqa: D301 - click reads \b
    numbers = numbers_of(file, group)
    if output.exists() and str(output) != "-":
        raise ConfigurationError((Fault(str(output), "exists: name another file, or remove this one"),))
    texts = exported(lambda: quarantine_index.named(file, numbers))
    if str(output) == "-":
        if sys.stdout is None:
            raise ConfigurationError((Fault("standard output", "is closed: name a file"),))
        sys.stdout.buffer.writelines(texts)
        return
    with atomic.replacing(output) as stream:
        stream.writelines(texts)
    again = shlex.join(["custify", "rejected", "import", str(file), str(output)])
    click.echo(f"correct {output}, then run:  {again}", err=True)


@command.command("import")
@file_argument
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@exit_codes
def import_(file: Path, table: Path) -> None:
    """Take the corrected records of an exported CSV; a row whose record has changed or left since is refused.

    \b
    custify rejected import rejected.jsonl corrected.csv
    """  # noqa: D301 - click reads \b
    with quarantine_index.alone(file), open_table(str(table)) as rows:
        lines = quarantine_index.Lines(file, _index(file))
        changed, refused = quarantine_edits.take_table(file, rows, lines, Typing(schemas(file)))
    for reason in refused[:_MOST_REFUSED]:
        click.echo(f"{table}: {reason}", err=True)
    if len(refused) > _MOST_REFUSED:
        click.echo(f"and {layout.counted(len(refused) - _MOST_REFUSED, 'more row')} refused", err=True)
    click.echo(f"{layout.counted(changed, 'record')} changed, {len(refused):,} refused", err=True)
    _tell_replay(file, None)
    if refused:
        raise SystemExit(SOME_REJECTED)
