"""The assets of the example in Dagster: materialised by its command, through the hooks and through dlt."""

import os
import subprocess

import duckdb
import pytest


@pytest.fixture
def dagster(custify, checkout, tmp_path):
    """Return a runner of Dagster's command in a folder of its own; it must show no key."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")

    def run(*words, key=custify.api_key):
        keys = {"CUSTIFY_API_KEY": key, "CUSTIFY_BASE_URL": custify.base_url}
        own = {"DAGSTER_HOME": str(tmp_path / "home"), "DLT_DATA_DIR": str(tmp_path / "dlt")}
        command = ["dagster", *words, "-f", str(checkout / "examples" / "dagster" / "custify_assets.py")]
        environment = {**os.environ, **own, **keys}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - installed here
        said = done.stdout + done.stderr
        assert "host-key" not in said
        return done.returncode, said

    return run


def test_every_asset_is_materialised_and_a_row_that_did_not_arrive_is_reported(dagster, custify, tmp_path, figures):
    rows = ["d-1,d1@example.com,Zoë", f"d-2,{'x' * 300},Bo"]
    (tmp_path / "signups.csv").write_text("\n".join(["user_id,email,name", *rows]) + "\n", encoding="utf-8")
    code, said = dagster("asset", "materialize", "--select", "*")
    assert code == 0, said[-3000:]
    assert "row 2: rejected: email: has 300 characters" in said
    held = [one["user_id"] for one in custify.content("people") if str(one.get("user_id")).startswith("d-")]
    assert held == ["d-1"]
    with duckdb.connect(str(tmp_path / "crm.duckdb"), read_only=True) as tables:
        found = tables.execute("SELECT count(*) FROM custify.tasks").fetchone()[0]
    assert found == len(custify.content("tasks"))
    figures.update({"streams": 4, "records": found, "rejected": 1, "rejected rows went to": "the log, and a check"})


def test_a_refused_key_fails_the_run_with_its_reason(dagster, tmp_path):
    (tmp_path / "signups.csv").write_text("user_id\nd-1\n", encoding="utf-8")
    code, said = dagster("asset", "materialize", "--select", "people", key="another-key")
    assert code != 0
    assert "refused the API key" in said
