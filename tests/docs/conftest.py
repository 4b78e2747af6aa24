"""Pages as tests see them: their code blocks, commands, files and tables; and a terminal in which commands are run."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.\w+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Page:
    """One Markdown page of the repository."""

    def __init__(self, path):
        self.path = path
        self.text = (ROOT / path).read_text("utf-8")

    def blocks(self, language):
        """Return the code blocks of a language."""
        return [text for found, text in _BLOCK.findall(self.text) if found == language]

    def commands(self):
        """Return the shell commands, continued lines joined."""
        lines = "".join(self.blocks("bash")).replace("\\\n", " ").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def files(self):
        """Return the files that are shown in full, each after a line that ends with its name and a colon."""
        return dict(_FILE.findall(self.text))

    def sections(self, level):
        """Return the text below each heading of a level, by heading."""
        found = re.split(rf"^{'#' * level} (.+)$", self.text, flags=re.MULTILINE)
        return dict(zip(found[1::2], found[2::2], strict=True))


def rows(text, columns):
    """Return the cells of all table rows with so many columns, headings and rules left out."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line[1:-1])] for line in lines]
    rules = {index for index, line in enumerate(cells) if set("".join(line)) <= {"-"} and any(line)}
    body = [line for index, line in enumerate(cells) if index not in rules and index + 1 not in rules]
    return [line for line in body if len(line) == columns]


class Terminal:
    """Runs commands in a folder of its own, against a sandbox."""

    def __init__(self, sandbox, folder):
        self.sandbox = sandbox
        self.folder = folder
        self.credential = {"name": "emulated", "api_key": sandbox.api_key, "base_url": sandbox.base_url}
        self.environment = {"CUSTIFY_API_KEY": sandbox.api_key, "CUSTIFY_BASE_URL": sandbox.base_url}

    def has(self, text):
        """Say whether the people of the page have such a row."""
        return text in (self.folder / "people.csv").read_text("utf-8")

    def custify(self, command, *more, code=0):
        """Run a `custify` command, which must exit with this code; return what it printed, and what for people."""
        result = CliRunner().invoke(main, [*shlex.split(command)[1:], *more], env=self.environment)
        assert result.exit_code == code, (command, result.output, result.exception)
        return result.stdout, result.stderr

    def python(self, *arguments, path=()):
        """Run Python in another process, from this folder; it must exit with 0. Return what it printed."""
        search = os.pathsep.join([*map(str, path), str(ROOT)])
        environment = {**os.environ, **self.environment, "PYTHONPATH": search}
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own files
            [sys.executable, *map(str, arguments)],
            env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture
def page():
    """Return the class of pages: `page("README.md")`."""
    return Page


@pytest.fixture
def table_rows():
    """Return `rows`."""
    return rows


@pytest.fixture
def terminal(sandbox, tmp_path, monkeypatch):
    """Return a terminal in an empty folder, against a small sandbox without a limit."""
    monkeypatch.chdir(tmp_path)
    return Terminal(sandbox, tmp_path)


@pytest.fixture
def empty_terminal(canary, tmp_path, monkeypatch):
    """Return a terminal against an account that holds no one."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(people=0, companies=0, api_key=canary, rate_limit=None) as sandbox:
        yield Terminal(sandbox, tmp_path)


@pytest.fixture(scope="session")
def generate():
    """Return docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
