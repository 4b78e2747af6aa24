"""No file that real runs leave, nothing they print, and no process list shows the key."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUN = [sys.executable, "-c", "from custify_connector.cli import main; main()"]
COMMANDS = (
    ("read", "--all", "--output", "crm.duckdb"),
    ("read", "people", "companies", "--format", "parquet", "--output", "lake", "--mode", "incremental"),
    ("read", "people", "--output", "people.csv", "--state", "nightly", "--log-format", "json"),
    ("write", "upsert_person", "people.in.csv", "--quarantine", "q.jsonl", "--receipts", "receipts.jsonl"),
    ("runs", "--json"),
)


def shown_by_processes(process):
    """Return what the process list shows of a process while it runs."""
    found = b""
    while process.poll() is None:
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                found += file.read_bytes()
            except OSError:  # noqa: PERF203 - a process that has ended meanwhile
                continue
        time.sleep(0.02)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no process list to look at")
def test_no_file_line_or_process_list_shows_the_key(sandbox, canary, tmp_path):
    (tmp_path / "people.in.csv").write_text("user_id,email\nu-1,a@example.com\nu-2,x,stray\n", "utf-8")
    home = tmp_path / "home"
    environment = {**os.environ, "CUSTIFY_API_KEY": canary, "CUSTIFY_BASE_URL": sandbox.base_url}
    environment["CUSTIFY_HOME"] = str(home)
    for words in COMMANDS:
        more = () if words[0] == "runs" else ("--rate-limit", "none", "-v")
        with (tmp_path / "printed").open("ab") as printed:
            process = subprocess.Popen(  # noqa: S603 - this interpreter, with words that stand above
                [*RUN, *words, *more], cwd=tmp_path, env=environment, stdout=printed, stderr=printed
            )
            listed = shown_by_processes(process)
        said = (tmp_path / "printed").read_text("utf-8", "replace")
        assert process.returncode == (1 if words[0] == "write" else 0), said
        assert canary.encode() not in listed, words
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"crm.duckdb", "people.parquet", "people.csv", "q.jsonl", "printed"} <= {path.name for path in left}
    assert any(home in path.parents for path in left), "the history is looked at, too"
    assert [path for path in left if canary.encode() in path.read_bytes()] == []
