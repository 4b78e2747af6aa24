"""Changes of many quarantined records from a page: a field of a group, and a table out to the folder and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from starlette.responses import Response

from custify_connector.console.asking import Asked, Notice
from custify_connector.console.screens import quarantine
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import quarantine_edits, quarantine_index
from custify_connector.host.quarantine_edits import Edit
from custify_connector.host.quarantine_table import Typing, exported
from custify_connector.host.rows import open_table
from custify_connector.host.words import counted
from custify_connector.storage import atomic

_KINDS = ("set", "replace", "drop")
_MOST_REFUSED = 3


def edit(asked: Asked) -> Response:
    """Change a field of the records of a reason, or of all."""
    name, form = asked.form.get("file", ""), asked.form
    path, kind = quarantine.path_of(asked, name), form.get("kind", "")
    if kind not in _KINDS:
        raise ConfigurationError((Fault("kind", f"must be one of {', '.join(_KINDS)}"),))
    wanted = Edit(cast("Any", kind), form.get("field", "").strip(), form.get("value", ""), form.get("old", ""))
    with quarantine_index.alone(path):
        changed = quarantine_edits.apply(path, _numbers(asked, path), wanted, _typing(asked, path))
    text = f"{counted(changed, 'record')} changed. {'They are' if changed != 1 else 'It is'} sent with the next replay."
    return asked.go(_back(asked, name), Notice("good" if changed else "bad", text))


def _numbers(asked: Asked, path: Path) -> list[int] | None:
    """Return the lines of the reason that the form names, None for all."""
    group = asked.form.get("group", "")
    return list(asked.console.indexes.of(path).group(group).lines) if group else None


def _typing(asked: Asked, path: Path) -> Typing:
    known = quarantine.known_of(asked, path)

    def schema_of(name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = known.chosen.endpoint("destinations", name).get("schema", {}) if known else {}
        return found

    return Typing(schema_of)


def _back(asked: Asked, name: str) -> str:
    group = asked.form.get("group", "")
    return quarantine.address_of(name) + (f"&group={group}" if group.isalnum() else "")


def export(asked: Asked) -> Response:
    """Write the records of a reason, or all, to a table in the folder."""
    name, output = asked.form.get("file", ""), asked.form.get("output", "")
    path, numbers = quarantine.path_of(asked, name), None
    target = asked.console.folder.inside(output, "output")
    if target.suffix.lower() != ".csv":
        raise ConfigurationError((Fault("output", f"must end in .csv, and {output} does not"),))
    if target.exists():
        raise ConfigurationError((Fault("output", f"{output} exists: name another file, or remove it"),))
    numbers = _numbers(asked, path)
    with atomic.replacing(target) as stream:
        stream.writelines(exported(lambda: quarantine_index.named(path, numbers)))
    text = f"Written to {output}. Correct it in a spreadsheet, save it as CSV, and take it back here."
    return asked.go(_back(asked, name), Notice("good", text))


def take(asked: Asked) -> Response:
    """Take the records of a table that was corrected."""
    name, given = asked.form.get("file", ""), asked.form.get("table", "")
    path, table = quarantine.path_of(asked, name), asked.console.folder.existing(given, "table")
    with quarantine_index.alone(path), open_table(str(table)) as rows:
        lines = quarantine_index.Lines(path, asked.console.indexes.of(path))
        changed, refused = quarantine_edits.take_table(path, rows, lines, _typing(asked, path))
    said = [f"{counted(changed, 'record')} changed from {given}, {len(refused):,} refused.", *refused[:_MOST_REFUSED]]
    return asked.go(_back(asked, name), Notice("bad" if refused else "good", "\n".join(said)))
