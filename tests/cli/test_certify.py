"""`custify certify` as a process: any installed connector, its exit codes, its report."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def certify(tmp_path):
    """Return a runner of the command beside a tiny connector, which is installed by its entry point alone."""
    shutil.copytree(ROOT / "tests" / "certification" / "tiny", tmp_path / "site" / "tiny")
    about = tmp_path / "site" / "tiny_connector-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-connector\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[connector]\ntiny = tiny.connector:connector\n")

    def run(*words, **environment):
        program = [sys.executable, "-c", "from custify_connector.cli import main; main()", "certify", *words]
        paths = os.pathsep.join([str(tmp_path / "site"), str(ROOT)])
        done = subprocess.run(  # noqa: S603 - our own command
            program,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths, **environment},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_connector_installed_by_entry_point_alone_is_certified(certify, tmp_path):
    code, out, err = certify("tiny", "--rung", "declared", "--json", "report.json")
    assert err == "", "a bar is for a terminal"
    assert (code, "Rung reached: declared" in out) == (0, True)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["environment"]["connector"], report["reached"], report["holds"]) == ("tiny", "declared", True)


def test_without_a_name_it_is_this_connector_and_checks_can_be_picked(certify):
    code, out, _ = certify("--check", "D1", "--stream", "people")
    assert code == 0
    assert "Every record is delivered once" in out
    assert "Only some checks were run" in out


def test_a_check_that_is_skipped_is_not_passed(certify, tmp_path):
    code, out, _ = certify("--check", "D1", "--stream", "nothing", "--json", "report.json")
    assert (code, "there was nothing to look at" in out) == (1, True)
    assert json.loads((tmp_path / "report.json").read_text())["holds"] is False


def test_an_unknown_connector_is_reported_with_those_that_are_known(certify):
    code, _, err = certify("nope")
    assert (code, "installed: custify, tiny" in err) == (2, True)


def test_a_check_that_is_not_there_is_bad_usage(certify):
    code, _, err = certify("--check", "D999")
    assert (code, "no check" in err) == (2, True)


def test_the_report_is_written_in_every_form_that_is_asked_for(certify, tmp_path):
    code, *_ = certify("tiny", "--rung", "declared", "--report", "r.html", "--junit", "r.xml")
    assert code == 0
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")
    assert (tmp_path / "r.xml").read_text("utf-8").startswith("<?xml ")


@pytest.mark.slow
def test_the_same_run_twice_gives_the_same_reports_but_for_what_was_measured(certify, tmp_path):
    names = ["r.json", "r.html", "r.xml"]
    texts = []
    for _ in range(2):
        assert certify(
            "tiny", "--group", "D", "--group", "G", "--json", names[0], "--report", names[1], "--junit", names[2]
        )
        texts.append([unmeasured((tmp_path / name).read_text("utf-8")) for name in names])
    assert texts[0] == texts[1]


def unmeasured(text):
    """Return a report without its times, and without the memory that a check measured."""
    text = re.sub(r"[\d,]+ kB", "memory", text)
    return re.sub(r"20\d\d-[^\"< ]+( [\d:]+ UTC)?|\d+\.\d+(e-\d+)?|\b\d+e-\d+", "then", text)


@pytest.mark.slow
def test_a_real_account_is_read_and_written_to_only_where_that_is_allowed(certify, sandbox):
    """The sandbox stands in the account's place; what was made in it is gone again."""
    account = {"CUSTIFY_API_KEY": sandbox.api_key, "CUSTIFY_BASE_URL": sandbox.base_url}
    code, out, _ = certify("--live", **account)
    assert (code, "nothing may be written to this account" in out) == (1, True)
    assert not [one for one in sandbox.journal.entries if one.method != "GET"]
    assert any(one.path == "/people/all" for one in sandbox.journal.entries)
    before = sandbox.content.records("people")
    code, out, _ = certify("--live", "--allow-writes", **account)
    assert (code, sandbox.api_key in out) == (0, False), out
    assert [one.method for one in sandbox.journal.entries if one.method != "GET"] == ["POST", "DELETE"]
    assert sandbox.content.records("people") == before


def test_without_a_credential_no_account_is_judged(certify):
    code, _, err = certify("--live")
    assert (code, "CUSTIFY_API_KEY" in err) == (2, True)


@pytest.mark.skipif(os.name != "posix", reason="the signals of POSIX")
def test_it_can_be_interrupted_where_the_shell_that_began_it_has_interrupts_ignored(certify, tmp_path):  # noqa: ARG001 - its connector
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)])}
    program = [sys.executable, "-u", "-c", "from custify_connector.cli import main; main()", "certify", "tiny"]
    with subprocess.Popen(  # noqa: S603 - our own command
        ["/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh", *program],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
