"""The DAG of the example in Airflow's own test mode: its rows, its log, its tries."""

import json
import os
import shutil
import subprocess

import duckdb
import pytest

HEADING = "user_id,email,name\n"
BAD = "a-3"


@pytest.fixture(scope="session")
def home(tmp_path_factory, checkout):
    """Return the home of an Airflow that has the example's DAG, and its database."""
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "dags").mkdir()
    shutil.copy(checkout / "examples" / "airflow" / "custify_nightly.py", folder / "dags")
    return folder


@pytest.fixture(scope="session")
def airflow(home):
    """Return a runner of Airflow's command, which must show no key."""

    def run(*words, **changed):
        own = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
        }
        command = ["airflow", *words]
        environment = {**os.environ, **own, **changed}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - installed here
        said = done.stdout + done.stderr
        assert "host-key" not in said
        return done.returncode, said

    code, said = run("db", "migrate")
    assert code == 0, said
    return run


@pytest.fixture
def night(airflow, custify, tmp_path):
    """Return a function that runs one night of the DAG."""

    def run(date, key=custify.api_key):
        connection = {"conn_type": "generic", "host": custify.base_url, "password": key}
        given = {"AIRFLOW_CONN_CUSTIFY": json.dumps(connection), "AIRFLOW_VAR_CUSTIFY_FOLDER": str(tmp_path)}
        return airflow("dags", "test", "custify_nightly", date, **given)

    return run


def write_signups(folder, *rows):
    (folder / "signups.csv").write_text(HEADING + "".join(f"{row}\n" for row in rows), encoding="utf-8")


def signups(custify):
    return sorted(one["user_id"] for one in custify.content("people") if str(one.get("user_id")).startswith("a-"))


def test_a_night_reads_and_writes_and_the_next_one_sends_what_is_new(night, custify, tmp_path, figures):
    write_signups(tmp_path, "a-1,a1@example.com,Zoë", "a-2,a2@example.com,Ana")
    code, said = night("2026-01-31")
    assert code == 0, said[-3000:]
    assert signups(custify) == ["a-1", "a-2"]
    with duckdb.connect(str(tmp_path / "crm.duckdb"), read_only=True) as tables:
        rows = tables.execute("SELECT count(*) FROM people").fetchone()[0]
    assert rows == len(custify.content("people")) - 2
    assert "upsert_person: 2 records: 2 sent" in said
    write_signups(tmp_path, "a-1,a1@example.com,Zoë", f"{BAD},{'x' * 300},Bo")
    code, said = night("2026-02-01")
    assert "rows were rejected" in said
    assert BAD in (tmp_path / "rejected.jsonl").read_text("utf-8")
    assert signups(custify) == ["a-1", "a-2"]
    figures.update({"records": rows, "rejected": 1, "rejected rows went to": "rejected.jsonl, and the task failed"})


def test_a_refused_key_fails_at_once(night, custify, tmp_path):
    write_signups(tmp_path, "a-1,a1@example.com,Zoë")
    _, said = night("2026-01-31", key="another-key")
    assert "the key was refused" in said
    assert signups(custify) == []
