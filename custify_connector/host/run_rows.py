"""The outcome of each row of the writes of this machine: by run and outcome, or by the key of what it was about.

Rows are in the file of the runs, and go when their run is forgotten. It knows receipts; it does not know Custify.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector.checking.json_values import dumps, loads
from custify_connector.contract import Receipt
from custify_connector.host import latest
from custify_connector.host.latest import Sent

KEPT = 1_000_000
"""How many rows are kept; the oldest go first."""

TABLES = """
CREATE TABLE rows (id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, line INTEGER, outcome, status, code,
  field, reason, key, record, response);
CREATE INDEX rows_by_run ON rows (run, outcome, id);
CREATE TABLE row_keys (value TEXT, row INTEGER, PRIMARY KEY (value, row)) WITHOUT ROWID
"""
_COLUMNS = "id, run, line, outcome, status, code, field, reason, key, record, response"
_LONGEST_VALUE = 200
_MOST_VALUES = 20
_MOST_REASONS = 10_000
_WORD = re.compile(r"""[^\s,;|"']+""")
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class RunRow:
    """One row of a run: its line in the input, and its receipt; `id` is 0 until it is stored.

    `record` is what was sent, where the run captured that; `words` are further texts by which the row is found. `sent`
    is what is kept of it for later replays, where the account has it.
    """

    line: int
    receipt: Receipt
    record: Mapping[str, Any] | None = None
    words: tuple[str, ...] = ()
    run: int = 0
    id: int = 0
    sent: Sent | None = None

    def values(self) -> set[str]:
        """Return the texts by which it is found, in small letters."""
        named = (str(value) for value in (self.receipt.key or {}).values() if value is not None)
        return {_sought(text) for text in (*named, *self.words) if text.strip()}

    def shown(self) -> dict[str, Any]:
        """Return the row as JSON for scripts."""
        receipt = self.receipt
        reported = {name: getattr(receipt, name) for name in ("outcome", "key", "status", "code", "reason", "field")}
        captured = {"record": self.record, "response": receipt.response}
        return {"run": self.run, "line": self.line, **reported} | {k: v for k, v in captured.items() if v is not None}


def words_of(fields: Mapping[str, Any], text: str | None = None) -> tuple[str, ...]:
    """Return texts by which a row is found that was not sent, and may lack its key; `text` is one that was not read."""
    values = [value for value in fields.values() if isinstance(value, str) and value]
    return tuple([*values, *_WORD.findall(text or "")][:_MOST_VALUES])


def add(database: sqlite3.Connection, run: int, rows: Iterable[RunRow]) -> None:
    """Store rows of a run, within the transaction that is open."""
    for row in rows:
        receipt = row.receipt
        reported = (receipt.outcome, receipt.status, receipt.code, _stored(receipt.field), _stored(receipt.reason))
        kept = (_json(receipt.key), _json(row.record), _json(receipt.response))
        cursor = database.execute(
            "INSERT INTO rows (run, line, outcome, status, code, field, reason, key, record, response)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (run, row.line, *reported, *kept),
        )
        if row.sent:
            latest.add(database, run, row.sent)
        database.executemany(
            "INSERT OR IGNORE INTO row_keys VALUES (?, ?)", [(value, cursor.lastrowid) for value in row.values()]
        )


def _sought(text: str) -> str:
    return (_stored(text) or "").strip().casefold()[:_LONGEST_VALUE]


def _stored(text: str | None) -> str | None:
    """Return a text as SQLite takes it, which half a character cannot be in."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _json(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    return None if value is None else dumps(value).decode("utf-8", "replace")


def prune(database: sqlite3.Connection, keep: int = KEPT) -> None:
    """Forget the rows of runs that were forgotten, and the oldest beyond so many, within the open transaction."""
    too_many = "id <= (SELECT id FROM rows ORDER BY id DESC LIMIT 1 OFFSET ?)"
    gone = database.execute(f"DELETE FROM rows WHERE run NOT IN (SELECT id FROM runs) OR {too_many}", (keep,))  # noqa: S608 - our own
    if gone.rowcount:
        database.execute("DELETE FROM row_keys WHERE row NOT IN (SELECT id FROM rows)")


def of_run(database: sqlite3.Connection, run: int, outcome: str | None, count: int, start: int = 0) -> list[RunRow]:
    """Return rows of a run in the order of their outcomes, those with one outcome or all."""
    wanted, values = ("AND outcome = ?", (outcome,)) if outcome else ("", ())
    rows = database.execute(
        f"SELECT {_COLUMNS} FROM rows WHERE run = ? {wanted} ORDER BY id LIMIT ? OFFSET ?",  # noqa: S608 - our own names
        (run, *values, count, start),
    )
    return list(map(_row, rows))


def reasons(database: sqlite3.Connection, run: int) -> list[tuple[str, str, int]]:
    """Return the outcomes and reasons of the rows of a run that were not accepted, the most frequent first."""
    rows = database.execute(
        "SELECT outcome, coalesce(reason, ''), count(*) FROM rows WHERE run = ?"
        " AND outcome IN ('rejected', 'failed', 'not_tried') GROUP BY 1, 2 ORDER BY 3 DESC, min(id) LIMIT ?",
        (run, _MOST_REASONS),
    )
    return list(rows)


def about(database: sqlite3.Connection, text: str, count: int) -> list[RunRow]:
    """Return the newest rows of all runs whose key is a text or begins with it, in small or capital letters."""
    begin = _sought(text)
    if not begin:
        return []
    rows = database.execute(
        f"SELECT {_COLUMNS} FROM rows WHERE id IN (SELECT row FROM row_keys WHERE value >= ? AND value < ?"  # noqa: S608 - our own
        " ORDER BY row DESC LIMIT ?) ORDER BY id DESC",
        (begin, begin + _LAST, count),
    )
    return list(map(_row, rows))


def one(database: sqlite3.Connection, number: int) -> list[RunRow]:
    """Return a row by its id, or none."""
    return list(map(_row, database.execute(f"SELECT {_COLUMNS} FROM rows WHERE id = ?", (number,))))  # noqa: S608 - our own


def _row(stored: tuple[Any, ...]) -> RunRow:
    number, run, line, outcome, status, code, field, reason, *texts = stored
    key, record, response = (None if text is None else loads(text) for text in texts)
    return RunRow(line, Receipt(line, outcome, key, status, code, reason, field, response), record, (), run, number)
