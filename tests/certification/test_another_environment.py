"""A connector of another distribution, in an environment of its own, is certified without a line of this repository."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "tiny-connector"
version = "1.0"
requires-python = ">=3.10"

[project.entry-points.connector]
tiny = "tiny.connector:connector"

[tool.hatch.build.targets.wheel]
packages = ["tiny"]
"""


def run(*words, cwd=None, code=0):
    done = subprocess.run(  # noqa: S603 - our own environment
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def wheel(project, folder):
    pytest.importorskip("build")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, project)
    return max(folder.glob("*.whl"), key=lambda file: file.stat().st_mtime)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Make an environment of this project's wheel, a tiny connector's, and pytest; return its programs."""
    folder = tmp_path_factory.mktemp("another")
    shutil.copytree(ROOT / "tests" / "certification" / "tiny", folder / "project" / "tiny")
    (folder / "project" / "pyproject.toml").write_text(PROJECT, "utf-8")
    wheels = wheel(ROOT, folder), wheel(folder / "project", folder)
    run(sys.executable, "-m", "venv", folder / "venv")
    programs = folder / "venv" / "bin"
    run(programs / "python", "-m", "pip", "install", "--quiet", "--no-compile", *wheels, "pytest>=8.4")
    return programs


def test_the_command_certifies_it_there(environment, tmp_path):
    words = ("--rung", "declared", "--json", "report.json", "--report", "report.html", "--junit", "report.xml")
    printed = run(environment / "custify", "certify", "tiny", *words, cwd=tmp_path)
    assert "Rung reached: declared (asked for: declared)" in printed
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["environment"]["connector"] == "tiny"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.html", "report.json", "report.xml"]


def test_its_reading_is_judged_there(environment, tmp_path):
    printed = run(environment / "custify", "certify", "tiny", "--check", "D1", "--check", "G1", cwd=tmp_path)
    assert "2 passed, 0 failed, 0 skipped" in printed


def test_pytest_runs_the_same_checks_there(environment, tmp_path):
    printed = run(environment / "pytest", "--connector", "tiny", "-v", "--connector-check", "D1", cwd=tmp_path)
    assert "tiny::Reading::D1 Every record is delivered once PASSED" in printed


def test_the_page_leads_from_nothing_to_hardened_there(environment, tmp_path):
    """The block of the page as it stands, but for its first two lines, which make the environment that is here."""
    page = (ROOT / "docs" / "certification.md").read_text("utf-8").partition("## Make a connector")[2]
    make, install, *steps = page.partition("```bash\n")[2].partition("```")[0].splitlines()
    assert (make, install) == ("python3 -m venv .venv && . .venv/bin/activate", "pip install . pytest")
    said = [run(environment / words[0], *words[1:], cwd=tmp_path) for words in map(str.split, steps)]
    assert "Rung reached: hardened (asked for: hardened)" in said[-2]
    assert "1 passed" in said[-1]
