"""`pytest --connector NAME`: the checks are tests with sentences as names, and a failure shows evidence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from custify_connector.certification import pytest_checks
from custify_connector.certification.catalogue import all_checks
from custify_connector.certification.findings import Verdict, holds

pytest_plugins = ["pytester"]

TINY = Path(__file__).parent / "tiny"


@pytest.fixture
def installed(pytester):
    """Return an empty directory, beside which the tiny connector is installed by its entry point alone."""
    site = pytester.path.parent / f"{pytester.path.name}-site"
    shutil.copytree(TINY, site / "tiny")
    about = site / "tiny_connector-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-connector\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[connector]\ntiny = tiny.connector:connector\n")
    pytester.syspathinsert(str(site))
    return pytester


@pytest.fixture
def verdicts(monkeypatch):
    """Return the verdicts to be given in place of those of the checks; by default all pass."""
    given = {}
    monkeypatch.setattr(pytest_checks, "run_one", lambda check, *_: given.get(check.id, Verdict("passed")))
    return given


def test_the_checks_are_the_tests_of_an_empty_directory(installed, verdicts):
    checks = [one for one in all_checks() if one.rung == "declared"]
    assert not verdicts
    done = installed.runpytest_inprocess("--connector", "tiny", "--rung", "declared", "-v")
    done.assert_outcomes(passed=len(checks))
    done.stdout.fnmatch_lines(["tiny::*::K1 Every check has a mutant PASSED*", "=* rung reached: declared (*) =*"])
    assert done.ret == pytest.ExitCode.OK


def test_they_are_truly_run(installed):
    done = installed.runpytest_inprocess("--connector", "tiny", "-v", *_ONLY_TWO)
    done.stdout.fnmatch_lines(["tiny::Reading::D1 Every record is delivered once PASSED*"])
    done.assert_outcomes(passed=2)
    done.stdout.no_fnmatch_line("*rung reached*")


_ONLY_TWO = ("--connector-check", "D1", "--connector-check", "C2", "--connector-check", "A4", "-k", "D1 or Discovery")


def test_a_check_that_is_not_there_is_bad_usage(installed):
    done = installed.runpytest_inprocess("--connector", "tiny", "--connector-check", "D999")
    done.stderr.fnmatch_lines(["ERROR: no check of the rung hardened*"])
    assert done.ret == pytest.ExitCode.USAGE_ERROR


def test_nothing_else_is_collected(installed, verdicts):
    assert not verdicts
    installed.makepyfile(test_own="def test_own(): pass")
    done = installed.runpytest_inprocess("--connector", "tiny", "test_own.py", "-v")
    done.stdout.no_fnmatch_line("*test_own PASSED*")
    assert done.ret == pytest.ExitCode.OK


def test_a_failure_shows_the_evidence_and_no_traceback(installed, verdicts):
    verdicts["D1"] = Verdict(
        "failed", (holds("notes", "all 12", "3", true=False), holds("others", "8", "8", true=True))
    )
    done = installed.runpytest_inprocess("--connector", "tiny")
    done.stdout.fnmatch_lines(
        ["_* D1 Every record is delivered once _*", "A read delivers *", "notes", "  expected: all 12", "  got:      3"]
    )
    for hidden in ("*Traceback*", "*pytest_checks.py:*", "*others*"):
        done.stdout.no_fnmatch_line(hidden)
    done.stdout.fnmatch_lines(["*rung reached: declared (asked for: hardened)*"])
    assert done.ret == pytest.ExitCode.TESTS_FAILED


def test_what_is_skipped_has_its_reason_and_the_rung_is_not_reached(installed, verdicts):
    verdicts["D1"] = Verdict("skipped", (), "the testbed cannot wait")
    done = installed.runpytest_inprocess("--connector", "tiny", "-rs")
    done.stdout.fnmatch_lines(["*rung reached: declared *", "SKIPPED * D1 skipped: the testbed cannot wait"])
    assert done.ret == pytest.ExitCode.TESTS_FAILED


def test_of_a_part_no_rung_is_reported_and_a_skip_does_not_fail(installed, verdicts):
    verdicts["D1"] = Verdict("skipped", (), "r")
    done = installed.runpytest_inprocess("--connector", "tiny", "--connector-stream", "notes")
    done.stdout.no_fnmatch_line("*rung reached*")
    assert done.ret == pytest.ExitCode.OK


def test_a_fault_of_the_harness_keeps_its_traceback(installed, monkeypatch):
    monkeypatch.setattr(pytest_checks, "run_one", lambda *_: 1 / 0)
    done = installed.runpytest_inprocess("--connector", "tiny", "-k", "K1")
    done.stdout.fnmatch_lines(["*ZeroDivisionError: division by zero*"])


def test_an_unknown_connector_is_reported_with_those_that_are_known(installed):
    done = installed.runpytest_inprocess("--connector", "nope")
    done.stderr.fnmatch_lines(["ERROR: --connector: *installed: custify, tiny*"])
    assert done.ret == pytest.ExitCode.USAGE_ERROR


def test_without_a_connector_the_plugin_imports_nothing(tmp_path):
    """It is loaded in every run of pytest where the package is installed."""
    (tmp_path / "test_one.py").write_text(
        "import sys\n\ndef test_one():\n    print(sorted(n for n in sys.modules if n.startswith('custify_')))\n"
    )
    words = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_one.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S603 - our own test
    loaded = ["custify_connector", "custify_connector.certification", "custify_connector.certification.pytest_plugin"]
    assert repr(loaded) in done.stdout
