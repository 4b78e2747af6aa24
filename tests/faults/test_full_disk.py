"""A disk that is full while a run keeps what it must keep: it ends with its reason, and goes on without loss."""

import subprocess
import sys

import pytest

MOST = 120_000
"""No file of the process may grow beyond so many bytes, which a run meets as it meets a full disk."""

PROGRAM = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({MOST}, {MOST}))
from custify_connector.cli import main
main()
"""


def on_a_small_disk(own, *words):
    """Run the command where files stay small; returns the exit code and standard error."""
    program = [sys.executable, "-c", PROGRAM, *map(str, words)]
    environment = own.account.environment()
    done = subprocess.run(program, cwd=own.folder, env=environment, capture_output=True, timeout=60, check=False)  # noqa: S603 - our own code
    return done.returncode, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["person", "event"])
@pytest.mark.parametrize("workers", [1, 8])
def test_a_journal_that_does_not_fit_ends_the_run_and_nothing_is_lost_or_doubled(make, command, kinds, name, workers):
    account, kind = make(), kinds[name]
    own, count = command(account), 200
    words = ["write", kind.endpoint, own.put("rows.jsonl", kind.records(account, count)), "--receipts", "r"]
    words += ["--rate-limit", "none", "--max-in-flight", workers]
    code, err = on_a_small_disk(own, *words)
    assert (code, "Traceback" in err) == (2, False), err
    assert ".journal: cannot be " in err
    assert "--resume" in err
    before = sum(kind.held(account, count))
    assert 0 < before < count
    code, _, err = own.run(*words, "--resume")
    receipts = own.get("r")
    assert [one["index"] for one in receipts] == list(range(count))
    held = kind.held(account, count)
    assert max(held) == 1
    unclear = {one["index"] for one in receipts if one["code"] == "unclear"}
    assert all(each or place in unclear for place, each in enumerate(held))
    assert len(unclear) <= workers * 2 + 2
    assert code == bool(unclear), err


def test_a_quarantine_that_does_not_fit_ends_the_run_and_holds_whole_lines(make, command):
    account = make()
    own = command(account)
    rows = [{"user_id": f"mark-{number}", "name": "x" * 25_000} for number in range(8)]
    words = ["write", "upsert_person", own.put("rows.jsonl", rows), "--rate-limit", "none", "--quarantine", "q.jsonl"]
    code, err = on_a_small_disk(own, *words)
    assert (code, "Traceback" in err) == (2, False), err
    assert "q.jsonl: cannot be written: File too large" in err
    kept = own.get("q.jsonl")
    assert len(kept) == 4
    assert own.run(*words, "--resume")[0] == 1
    lines = {line["nexlaMetaData"]["sourceOffset"] for line in own.get("q.jsonl")}
    assert lines == set(range(1, 9))
