"""Several that open a new file at the same moment all get it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from custify_connector.exchange import write_ahead
from custify_connector.exchange.budget_file import BudgetFile

OPEN = """
import sys, time
from pathlib import Path
from custify_connector.exchange.budget_file import BudgetFile
while time.time() < float(sys.argv[2]):
    pass
BudgetFile(Path(sys.argv[1])).close()
"""


def test_processes_that_open_a_new_budget_file_at_the_same_moment_all_get_it(tmp_path):
    import time  # noqa: PLC0415 - only here

    for round_ in range(3):
        moment = str(time.time() + 1.0)
        command = [sys.executable, "-c", OPEN, str(tmp_path / f"budget-{round_}"), moment]
        processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]  # noqa: S603
        told = [process.communicate(timeout=30)[1] for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, told


def test_a_file_that_stays_locked_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "file", isolation_level=None) as holder:
        holder.execute("CREATE TABLE something (it)")
        holder.execute("BEGIN EXCLUSIVE")
        other = sqlite3.connect(tmp_path / "file", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead.turn_on(other, 0.05)
        other.close()
    holder.close()


@pytest.mark.parametrize(("held", "script"), [(b"no database at all" * 99, ""), (b"", "CREATE nothing")])
def test_a_file_that_cannot_be_used_is_left_closed(tmp_path, monkeypatch, held, script):
    """Python 3.13 warns of a database that was forgotten; before, it only stayed open."""
    made, connect = [], sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **words: made.append(connect(*given, **words)) or made[-1])
    (tmp_path / "file").write_bytes(held)
    with pytest.raises(sqlite3.DatabaseError):
        write_ahead.opened(tmp_path / "file", script, 0.05)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")


def test_a_budget_file_is_of_use_at_once(tmp_path):
    budget = BudgetFile(tmp_path / "budget")
    assert budget.try_to_count(1.0, 1.0, 1, 10.0) == 0.0
    assert budget.try_to_count(1.0, 1.0, 1, 10.0) > 0.0
    budget.close()
