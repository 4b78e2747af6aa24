"""Destination: a file or table, its columns mapped to fields, the requests that its rows become, and the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from starlette.responses import Response

from custify_connector.checking.typed_text import value_of
from custify_connector.console import commands, forms, pacing, suggesting
from custify_connector.console.asking import Asked, cell
from custify_connector.console.catalog import Known
from custify_connector.console.commands import Write
from custify_connector.console.screens import previewing, syncs
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault, refuse
from custify_connector.host import comparison, mapping, quarantine_index
from custify_connector.host.comparison import Compared
from custify_connector.host.feed import Line
from custify_connector.host.rows import input_form

_LOOKED_AT = 100
_TARGET = "target."
_MOST_COLUMNS = 2_000
"""What a form can hold: each column is two of its fields."""
_FIELDS = (
    "credential", "file", "table", "rules", "fixed", "quarantine", "max_rejects", "max_deletes", "confirm", "delivery",
    "on_reject", "empty", "mapping", "query", *pacing.FIELDS, syncs.PLACE,
)  # fmt: skip


def choose(asked: Asked) -> Response:
    """Show the endpoints to choose from."""
    return asked.page("choose.html", known=asked.known, kind="destination", here="destination", manual=False,
                      credential=asked.query.get("credential", ""))  # fmt: skip


@dataclass
class Shown:
    """What the page shows besides the form: previewed rows, or what went wrong.

    `lines` are the requests that rows become, `compared` the rows beside what the service holds of them. `records` are
    the rows as they would be passed, with their line and what is wrong with them: a connector may offer no dry run.
    """

    lines: list[Line] | None = None
    compared: list[Compared] | None = None
    records: list[tuple[int, dict[str, Any], str | None]] | None = None
    faults: Sequence[Fault] = ()
    error: str = ""
    words: commands.Words = field(default_factory=tuple)


@dataclass(frozen=True)
class Column:
    """One column of the file: a value to recognise it by, the field it goes to, and the type it gets."""

    name: str
    example: str
    target: str
    type: str
    fault: str = ""


def form(asked: Asked) -> Response:
    """Show an endpoint's form; with a file, the mapping of its columns."""
    return _page(asked, Shown())


def _page(asked: Asked, shown: Shown) -> Response:
    known, name = asked.known, asked.request.path_params["endpoint"]
    endpoint = known.endpoint("destinations", name)
    typed = asked.form or {**asked.query, "quarantine": "rejected.jsonl"}
    targets = suggesting.targets(endpoint["schema"])
    columns: list[Column] = []
    if typed.get("file"):
        try:
            columns = _columns(asked, typed, endpoint["schema"], shown)
        except ConfigurationError as error:
            shown.faults = [*shown.faults, *_at_the_file(error.faults)]
    wrong = forms.placed(shown.faults, _FIELDS)
    return asked.page(
        "destination.html", 400 if shown.faults else 502 if shown.error else 200,
        known=known, endpoint=endpoint, typed=typed, columns=columns, targets=targets, wrong=wrong, shown=shown,
        offered=asked.console.folder.rows(), credentials=asked.console.credentials.names(known), here="destination",
        words=shown.words or _words(known, name, typed, columns), tries=previewing.tries(known),
        takes=known.chosen.takes, compares=previewing.compares(known, endpoint), verdicts=comparison.VERDICTS,
        counted=comparison.summary(Counter(each.verdict for each in shown.compared or ())),
        database=input_form(typed.get("file", "")) == "duckdb",
        seen_only=_LOOKED_AT if input_form(typed.get("file", "")) == "jsonl" else None,
    )  # fmt: skip


def _words(known: Known, name: str, typed: Mapping[str, str], columns: Sequence[Column]) -> commands.Words:
    """Return the command of the form as it is shown: with what is suggested, before anything was sent."""
    rows = [(each.name, each.target, each.type) for each in columns]
    rules = suggesting.rules(rows, _further(typed))
    if columns and not rules and not all(each.target for each in columns):
        rules = ("FIELD=COLUMN",)
    chosen = (typed.get("file") or "FILE", typed.get("credential", ""), rules)
    kept = typed.get("quarantine", "") if columns else ""
    return Write(name, *chosen, quarantine=kept, connector=known.chosen.label).words()


def _at_the_file(faults: Sequence[Fault]) -> list[Fault]:
    return [
        fault if fault.place.startswith("destination.") else Fault("destination.file", fault.reason) for fault in faults
    ]


def _columns(asked: Asked, typed: Mapping[str, str], schema: Mapping[str, Any], shown: Shown) -> list[Column]:
    """Return the columns with what was chosen for each, or what is suggested before anything was."""
    targets = suggesting.targets(schema)
    examples: dict[str, str] = {}
    with previewing.opened(asked, typed) as table:
        found = dict.fromkeys(table.columns or ())
        for row in islice(table.rows, _LOOKED_AT):
            found |= dict.fromkeys(row.fields if table.columns is None else ())
            for name, value in row.fields.items():
                if value not in (None, "") and name not in examples:
                    examples[name] = cell(value)
    names = list(found)
    if len(names) > _MOST_COLUMNS:
        reason = f"has {len(names):,} columns; this page can map {_MOST_COLUMNS:,}: use custify write for it"
        raise ConfigurationError((Fault("destination.file", reason),))
    mapped = any(name.startswith(_TARGET) for name in typed)
    likely = {} if mapped else suggesting.suggested(names, list(targets), suggesting.open_objects(schema))
    return [
        Column(
            name, examples.get(name, ""), typed.get(f"{_TARGET}{name}", likely.get(name, "")),
            typed.get(f"type.{name}", ""), _column_fault(name, shown.faults),
        )
        for name in names
    ]  # fmt: skip


def _column_fault(name: str, faults: Sequence[Fault]) -> str:
    """Return what is wrong with the rule of a column."""
    return "; ".join(
        fault.reason
        for fault in faults
        if fault.place.startswith("--map ") and fault.place.endswith(f"={mapping.of_column(name)}")
    )


def _wanted(asked: Asked) -> Write:
    """Return the write that the form asks for; raises ConfigurationError with every fault of it."""
    name, typed = asked.request.path_params["endpoint"], asked.form
    endpoint = asked.known.endpoint("destinations", name)
    fixed, faults = _fixed(typed.get("fixed", ""), endpoint["schema"])
    deletes = typed.get("max_deletes", "")
    if endpoint.get("destructive"):
        if not (deletes.isdecimal() and len(deletes) < 10):  # noqa: PLR2004 - more than anyone has
            faults.append(Fault("destination.max_deletes", "give the most records that may be deleted"))
        else:
            fixed["max_deletes"] = int(deletes)
    pace = pacing.pace_of(typed, "destination", faults)
    refuse(tuple(faults))
    return Write(
        name, typed.get("file", ""), typed.get("credential", ""), _rules(asked, typed), fixed, typed.get("table", ""),
        typed.get("empty") or "absent", typed.get("delivery") or "single", typed.get("on_reject") or "continue",
        typed.get("max_rejects", ""), typed.get("quarantine", ""), "skip_unchanged" in typed, "undocumented" in typed,
        asked.known.chosen.label, typed.get("query", ""), "capture" in typed, "resend_unclear" in typed, pace,
    )  # fmt: skip


def _rules(asked: Asked, typed: Mapping[str, str]) -> tuple[str, ...]:
    """Return the rules that the form chose; raises ConfigurationError when it chose none: nothing is sent then."""
    columns = [name.removeprefix(_TARGET) for name in typed if name.startswith(_TARGET)]
    rows = [(column, typed[f"{_TARGET}{column}"].strip(), typed.get(f"type.{column}", "")) for column in columns]
    if not any(field for _, field, _ in rows) and not _further(typed):
        reason = "nothing is mapped, so nothing would be sent: choose a field for at least one column"
        raise ConfigurationError((Fault("destination.mapping", reason),))
    refuse(tuple(Fault(f"--map ={mapping.of_column(column)}", f"{field}: a field's name has no '='")
                 for column, field, _ in rows if "=" in field))  # fmt: skip
    with previewing.opened(asked, typed) as table:
        found = table.columns
    return suggesting.rules(rows, _further(typed), whole=found is None or set(found) == set(columns))


def _further(typed: Mapping[str, str]) -> list[str]:
    return [line.strip() for line in typed.get("rules", "").splitlines() if line.strip()]


def _fixed(text: str, schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the fields with one value for all records: a line each, NAME=VALUE."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if not equals:
            faults.append(Fault("destination.fixed", f"{line}: write NAME=VALUE, one a line"))
            continue
        try:
            values[name] = value_of(schema.get("properties", {}).get(name, {}), value)
        except ValueError as error:
            faults.append(Fault("destination.fixed", f"{name} {error}"))
    return values, faults


def preview(asked: Asked) -> Response:
    """Show the requests that the first rows become; nothing is sent."""
    shown = Shown()
    try:
        wanted = _wanted(asked)
        if previewing.tries(asked.known):
            shown.words, shown.lines = wanted.sample(previewing.COUNT), previewing.planned(asked, wanted)
        else:
            shown.records = previewing.shaped(asked, wanted)
    except ConfigurationError as error:
        shown.faults = _placed(error.faults)
    except ConnectorError as error:
        shown.error = str(error)
    return _page(asked, shown)


def compare(asked: Asked) -> Response:
    """Show what the first rows would change of what the service holds; nothing is written."""
    shown = Shown()
    try:
        wanted = _wanted(asked)
        shown.words, shown.compared = wanted.diff(str(previewing.COUNT)), previewing.compared(asked, wanted)
    except ConfigurationError as error:
        shown.faults = _placed(error.faults)
    except ConnectorError as error:
        shown.error = str(error)
    return _page(asked, shown)


def compare_all(asked: Asked) -> Response:
    """Start the command that compares every row, and shows what it prints."""
    try:
        wanted = _wanted(asked)
        _check(asked, wanted, dry_run=True)
        asked.console.credentials.find(asked.known, wanted.credential)
    except ConfigurationError as error:
        return _page(asked, Shown(faults=_placed(error.faults)))
    origin = asked.origin(f"/{asked.known.name}/destination/{wanted.endpoint}", tried=True)
    given = asked.console.credentials.handed_in(asked.known, wanted.credential)
    title = f"Comparison for {wanted.endpoint}"
    started = asked.console.commands.start(wanted.diff("all"), title, origin, given, all_of_it=True)
    return asked.go(f"/started/{started.number}")


def _placed(faults: Sequence[Fault]) -> list[Fault]:
    """Return faults with the place of the form's field: those of a rule of no column stand at the further rules."""
    return [
        Fault("destination.fixed", f"{fault.place.rpartition('.')[2]}: {fault.reason}")
        if fault.place.startswith("destination.params.") and not fault.place.endswith("max_deletes") else fault
        for fault in faults
    ]  # fmt: skip


def save(asked: Asked) -> Response:
    """Save the form as a sync, once the connector has nothing against its arguments."""
    try:
        wanted = _wanted(asked)
        _check(asked, wanted, dry_run=False)
        return syncs.saved(asked, wanted)
    except ConfigurationError as error:
        return _page(asked, Shown(faults=_placed(error.faults)))


def dry_run(asked: Asked) -> Response:
    """Start the command that checks every row and sends nothing."""
    return _start(asked, dry_run=True)


def write(asked: Asked) -> Response:
    """Start the command that writes, once the connector has nothing against its arguments."""
    return _start(asked, dry_run=False)


def _start(asked: Asked, *, dry_run: bool) -> Response:
    try:
        wanted = _wanted(asked)
        _check(asked, wanted, dry_run=dry_run)
    except ConfigurationError as error:
        return _page(asked, Shown(faults=_placed(error.faults)))
    except ConnectorError as error:
        return _page(asked, Shown(error=str(error)))
    words, title = (wanted.dry_run(), "Dry run of") if dry_run else (wanted.words(), "Write")
    origin = asked.origin(f"/{asked.known.name}/destination/{wanted.endpoint}", tried=dry_run)
    given = asked.console.credentials.handed_in(asked.known, wanted.credential)
    started = asked.console.commands.start(words, f"{title} {wanted.endpoint}", origin, given)
    return asked.go(f"/started/{started.number}")


def _check(asked: Asked, wanted: Write, *, dry_run: bool) -> None:
    """Raise ConfigurationError for what the command would refuse, before it is started."""
    known, folder = asked.known, asked.console.folder
    file = folder.existing(wanted.file, "destination.file")
    if wanted.quarantine:
        _refuse_other_file(folder.inside(wanted.quarantine, "destination.quarantine"), file)
    _refuse_unconfirmed(asked, wanted, dry_run=dry_run)
    with previewing.opened(asked, asked.form) as table:
        rules = mapping.parse(wanted.rules)
        if table.columns is not None:
            mapping.check_columns(rules, table.columns)
    unsent = known.chosen.made_up_credential if dry_run else {}
    credential = unsent or asked.console.credentials.find(known, wanted.credential)
    destination = known.chosen.destination(wanted.destination(dry_run=dry_run))
    known.hooks.write_destination(credential, destination, [])


def _refuse_other_file(path: Path, file: Path) -> None:
    """Raise ConfigurationError where rejected records would be added to a file that holds something else."""
    reason = ""
    if path == file or (path.exists() and path.samefile(file)):
        reason = "is the file that is sent: name another"
    elif path.exists() and not quarantine_index.may_be_quarantine(path):
        reason = "exists, and holds something other than rejected records: name another"
    if reason:
        raise ConfigurationError((Fault("destination.quarantine", reason),))


def _refuse_unconfirmed(asked: Asked, wanted: Write, *, dry_run: bool) -> None:
    endpoint = asked.known.endpoint("destinations", wanted.endpoint)
    if endpoint.get("destructive") and not dry_run and asked.form.get("confirm") != wanted.endpoint:
        reason = f"write {wanted.endpoint} here: what it deletes cannot be brought back"
        raise ConfigurationError((Fault("destination.confirm", reason),))
