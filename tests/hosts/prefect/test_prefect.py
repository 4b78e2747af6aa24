"""The flow of the example in Prefect's own engine: its rows, its log, its tries."""

import os
import subprocess
import sys

import duckdb
import pytest

HEADING = "user_id,email,name\n"
BAD = "p-3"
SAVE = "from prefect.blocks.system import Secret; Secret(value={key!r}).save('custify-key', overwrite=True)"
RUN = "from custify_nightly import nightly; nightly({folder!r}, {base_url!r})"


@pytest.fixture(scope="module")
def prefect(checkout, tmp_path_factory):
    """Return a runner of Python with Prefect's own database; it must show no key."""
    own = {
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_CLI_COLORS": "false",
    }

    def run(text):
        command = [sys.executable, "-c", text]
        where = checkout / "examples" / "prefect"
        done = subprocess.run(  # noqa: S603 - installed here
            command, env={**os.environ, **own}, cwd=where, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert "host-key" not in said
        return done.returncode, said

    return run


@pytest.fixture
def night(prefect, custify, tmp_path):
    """Return a function that runs one night of the flow."""

    def run(key=custify.api_key):
        code, said = prefect(SAVE.format(key=key))
        assert code == 0, said
        return prefect(RUN.format(folder=str(tmp_path), base_url=custify.base_url))

    return run


def write_signups(folder, *rows):
    (folder / "signups.csv").write_text(HEADING + "".join(f"{row}\n" for row in rows), encoding="utf-8")


def signups(custify):
    return sorted(one["user_id"] for one in custify.content("people") if str(one.get("user_id")).startswith("p-"))


def test_a_night_reads_and_writes_and_the_next_one_sends_what_is_new(night, custify, tmp_path, figures):
    write_signups(tmp_path, "p-1,p1@example.com,Zoë", "p-2,p2@example.com,Ana")
    code, said = night()
    assert code == 0, said[-3000:]
    assert signups(custify) == ["p-1", "p-2"]
    with duckdb.connect(str(tmp_path / "crm.duckdb"), read_only=True) as tables:
        rows = tables.execute("SELECT count(*) FROM people").fetchone()[0]
    assert rows == len(custify.content("people")) - 2
    assert "upsert_person: 2 records: 2 sent" in said
    write_signups(tmp_path, "p-1,p1@example.com,Zoë", f"{BAD},{'x' * 300},Bo")
    code, said = night()
    assert code == 1
    assert "rows were rejected" in said
    assert "retries" not in said.lower()
    assert BAD in (tmp_path / "rejected.jsonl").read_text("utf-8")
    assert signups(custify) == ["p-1", "p-2"]
    figures.update({"records": rows, "rejected": 1, "rejected rows went to": "rejected.jsonl, and the task failed"})


def test_a_refused_key_fails_at_once(night, custify, tmp_path):
    write_signups(tmp_path, "p-1,p1@example.com,Zoë")
    code, said = night(key="another-key")
    assert code == 1
    assert "the key was refused" in said
    assert signups(custify) == []
