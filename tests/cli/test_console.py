"""`custify console`, as the process that it is."""

import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host.installation import command_for

RUN = [
    sys.executable,
    "-c",
    "from custify_connector.cli import main; main(prog_name='custify')",
    "console",
    "--no-browser",
]


@pytest.fixture
def process(tmp_path):
    words = [*RUN, "--folder", str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603 - our own
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_link_and_ends_in_peace(process, number):
    said = process.stdout.readline().decode()
    link = re.fullmatch(r"custify console: (http://127\.0\.0\.1:\d+/)\?token=\S{40,}\n", said)
    assert link
    with urllib.request.urlopen(link[1] + "static/style.css") as answer:  # noqa: S310 - our own
        assert answer.status == 200
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, b"")


def test_a_port_that_is_taken_is_said(sandbox):
    port = sandbox.base_url.rpartition(":")[2]
    done = subprocess.run([*RUN, "--port", port], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--port: {port} cannot be opened" in done.stderr


def test_a_folder_that_is_not_there_is_said(tmp_path):
    done = CliRunner().invoke(main, ["console", "--no-browser", "--folder", str(tmp_path / "missing")])
    assert done.exit_code == 2
    assert "is not a folder" in done.stderr


def test_without_its_extra_it_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['starlette'] = None; from custify_connector.cli import main; main()"
    words = [sys.executable, "-c", code, "console", "--no-browser"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ)  # noqa: S603 - our own
    assert done.returncode == 2
    assert command_for("console") in done.stderr
