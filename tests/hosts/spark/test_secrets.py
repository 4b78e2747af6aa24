"""A key is in nothing that Spark carries, writes or shows: plan, event log, commit messages, task logs, errors."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

CANARY, REFUSED = "canary-4f1d/8b7e+6a2c", "refused-9c3a/5d1b+7e4f"


def forms(key):
    """Return a key as text, in a URL, and in base64 at each of its three alignments."""
    inner = {base64.b64encode(b"x" * shift + key.encode())[4:-4] for shift in range(3)}
    return {key.encode(), quote(key, safe="").encode(), *inner}


def test_the_key_is_in_nothing_that_a_job_leaves_behind(serve, tmp_path, figures):
    (tmp_path / "events").mkdir()
    with serve(people=300, **{"api-key": CANARY}) as custify:
        keys = {"CUSTIFY_API_KEY": CANARY, "CUSTIFY_API_KEY_REFUSED": REFUSED, "CUSTIFY_BASE_URL": custify.base_url}
        command = [sys.executable, str(Path(__file__).with_name("canary_job.py")), str(tmp_path)]
        environment = {**os.environ, **keys, "PYSPARK_PYTHON": sys.executable, "TMPDIR": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=300)  # noqa: S603 - ours
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:].decode()
    left = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert b"read 300 and" in said
    assert b"by a key that was an option" in said
    assert b"refused the API key" in said
    assert b"there is no 'peeple'" in said
    assert any(path.parent.name == "events" or "events" in path.parts for path in left)
    assert (tmp_path / "report.json") in left
    for form in forms(CANARY) | forms(REFUSED):
        assert form not in said, "a key was printed or logged"
        assert not [path for path, content in left.items() if form in content], "a key is in a file"
    figures["searched for the key"] = f"{len(said) + sum(map(len, left.values())):,} bytes"
