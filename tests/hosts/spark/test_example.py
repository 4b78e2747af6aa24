"""The example does what its text says."""

import json
import os
import subprocess
import sys


def test_the_example_reads_and_writes(custify, checkout, tmp_path):
    keys = {"CUSTIFY_API_KEY": custify.api_key, "CUSTIFY_BASE_URL": custify.base_url}
    command = [sys.executable, str(checkout / "examples" / "spark" / "round_trip.py"), str(tmp_path)]
    environment = {**os.environ, **keys, "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr[-3000:]
    assert "60 people in people.parquet" in done.stdout
    assert json.loads((tmp_path / "report.json").read_text())["outcomes"]["sent"] == 1
    assert "signed_up_at" in (tmp_path / "rejected.jsonl").read_text()
    assert any(record.get("user_id") == "spark-1" for record in custify.content("people"))
