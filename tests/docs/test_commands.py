"""Every shell command of the README and of the pages in docs/ is run, each in the way that the table HOW says."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from custify_connector.cli import main

pytestmark = pytest.mark.alone

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "CHANGELOG.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]

RUN_ELSEWHERE = {
    "docs/first-file.md": "test_first_file.py, with the samples",
    "docs/chinook.md": "test_chinook.py, with the real files",
    "docs/adding-an-endpoint.md": "test_adding_an_endpoint.py, with the endpoint added",
    "docs/endpoints.md": "test_endpoints.py, each with its own example record",
}

IN_A_HOST = "python3 -m venv .venv && . .venv/bin/activate"
"""How a block begins that a host's tests run whole, in the environment of that host."""

WITH_A_FAULTY_ROW = (
    "custify write upsert_person people.csv",
    "custify write upsert_person signups.csv",
    "custify load plan.yaml",
)


def is_a_target_of_make(command, _terminal):
    """Only look the target up: it runs the tests itself. `.ci/run` runs it from a clean clone."""
    target = command.removeprefix("make ")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE), command


def is_what_make_installs(command, _terminal):
    """Compare with the Makefile: an installation takes the network, and `make demo` does the same steps."""
    steps = (ROOT / "Makefile").read_text("utf-8")
    command, extras = re.sub(r"'\.\[([\w,]+)\]'", ".", command), re.findall(r"\[([\w,]+)\]", command)
    known = (ROOT / "pyproject.toml").read_text("utf-8")
    assert all(re.search(rf"^{extra} = \[", known, re.MULTILINE) for names in extras for extra in names.split(","))
    assert " ".join(shlex.split(command)[1:4]) in steps, command


def sets_variables(command, terminal):
    """Leave the sandbox's own address and key in place of those on the page."""
    names = {text.partition("=")[0] for text in shlex.split(command)[1:]}
    assert names <= {*terminal.environment, "PATH"}, command


def serves(command, _terminal):
    words = [sys.executable, "-c", "from custify_connector.cli import main; main()", *shlex.split(command)[1:]]
    with subprocess.Popen([*words, "--port", "0"], stdout=subprocess.PIPE) as process:  # noqa: S603 - our own program
        ready = json.loads(process.stdout.readline())
        process.terminate()
    assert ready["base_url"].startswith("http://127.0.0.1:"), command


def opens(command, _terminal):
    """Start it without a browser, and end it again."""
    program = [sys.executable, "-c", "from custify_connector.cli import main; main()"]
    words = [*program, *shlex.split(command)[1:], "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own program
        ready = process.stdout.readline().decode()
        process.terminate()
    assert ready.startswith("custify console: http://127.0.0.1:"), command


def talks_to_the_sandbox(command, terminal):
    limit = [] if "--rate-limit" in command else ["--rate-limit", "none"]
    faulty = command.startswith(WITH_A_FAULTY_ROW) or (command == "custify sync run nightly" and terminal.has("Max"))
    return terminal.custify(command, *limit, code=1 if faulty else 0)


def is_replayed_once_it_is_corrected(command, terminal):
    file = terminal.folder / shlex.split(command)[2]
    corrected = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for number, line in enumerate(corrected):
        line["rawMessage"]["user_id"] = f"corrected-{number}"
        if "signed_up_at" in line["rawMessage"]:
            line["rawMessage"]["signed_up_at"] = "2026-01-31"
    file.write_text("".join(json.dumps(line) + "\n" for line in corrected), "utf-8")
    assert corrected
    talks_to_the_sandbox(command, terminal)


def is_given_the_key(command, terminal):
    """Pipe the key in, where a person is asked for it, and lead it to the sandbox."""
    words = [*shlex.split(command)[1:], "--api-key-stdin", "--base-url", terminal.sandbox.base_url]
    result = CliRunner().invoke(main, words, input=f"{terminal.sandbox.api_key}\n")
    assert result.exit_code == 0, (command, result.output)


def is_run(command, terminal):
    terminal.custify(command)


def certifies_in_part(command, terminal):
    """Run one check: all of them take minutes, and are run by tests/certification."""
    terminal.custify(command, *([] if "--check" in command else ["--check", "A4"]))


def is_run_by_pytest(command, terminal):
    words = shlex.split(command)[1:]
    terminal.python("-m", "pytest", *words, *([] if "--connector-check" in words else ["--connector-check", "A4"]))


def is_run_by_python(command, terminal):
    _, script, *arguments = shlex.split(command)
    terminal.python(ROOT / script, *arguments)


def changes_nothing(command, terminal):
    is_run_by_python(f"{command} --check", terminal)


def is_fetched(command, terminal):
    """Ask the sandbox of this test; what comes must be JSON."""
    address = f"{terminal.sandbox.base_url}/_sandbox/{command.rpartition('/_sandbox/')[2]}"
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own sandbox
        json.load(answer)


HOW = {
    "custify certify ": certifies_in_part,
    "pytest --connector ": is_run_by_pytest,
    "make ": is_a_target_of_make,
    "python3 -m venv ": is_what_make_installs,
    ".venv/bin/python -m pip install ": is_what_make_installs,
    "export ": sets_variables,
    "custify sandbox": serves,
    "custify console": opens,
    "custify read ": talks_to_the_sandbox,
    "custify write ": talks_to_the_sandbox,
    "custify load ": talks_to_the_sandbox,
    "custify sync run ": talks_to_the_sandbox,
    "custify sync ": is_run,
    "custify replay ": is_replayed_once_it_is_corrected,
    "custify describe": is_run,
    "custify sample ": talks_to_the_sandbox,
    "custify export ": is_run,
    "custify credential add ": is_given_the_key,
    "custify credential ": is_run,
    "custify doctor": is_run,
    "custify rejected ": is_run,
    "custify runs": is_run,
    "custify completion ": is_run,
    "custify certify": is_run,
    "custify --version": is_run,
    "python docs/generate.py": changes_nothing,
    "python examples/": is_run_by_python,
    "curl ": is_fetched,
}


def way(command):
    found = [run for start, run in HOW.items() if command.startswith(start)]
    assert found, f"nothing says how to run {command!r}: add it to HOW"
    return found[0]


def _of_hosts(shown):
    return [block for block in shown.blocks("bash") if block.startswith(IN_A_HOST)]


def test_every_block_of_a_host_is_run_by_the_tests_of_that_host(page):
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "hosts").glob("*/test_*.py"))
    sections = re.findall(rf"^## ([^\n]+)\n(?:(?!^## ).*\n)*?```bash\n{IN_A_HOST}", _hosts_page(), re.MULTILINE)
    assert len(sections) == len(_of_hosts(page("docs/hosts.md"))) > 0
    assert [section for section in sections if f'set_up("{section}"' not in tests] == []


def _hosts_page():
    return (ROOT / "docs" / "hosts.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_every_command_of_a_page_runs(path, page, terminal):
    shown = page(path)
    for name, content in shown.files().items():
        (terminal.folder / name).parent.mkdir(exist_ok=True)
        (terminal.folder / name).write_text(content, "utf-8")
    hosts = {line for block in _of_hosts(shown) for line in block.splitlines()}
    for command in shown.commands():
        if command in hosts:
            continue
        run = way(command)
        if path not in RUN_ELSEWHERE or run not in {is_run, talks_to_the_sandbox}:
            run(command, terminal)


def test_the_rejected_row_of_the_readme_is_reported_as_shown(page, terminal):
    shown = page("README.md")
    (terminal.folder / "people.csv").write_text(shown.files()["people.csv"], "utf-8")
    commands = [text for text in shown.commands() if text.startswith("custify write") and "--dry-run" not in text]
    reported = [talks_to_the_sandbox(command, terminal)[1] for command in commands]
    (expected,) = (text for text in shown.blocks("text") if text.startswith("line 4"))
    assert reported[-1].splitlines()[-4:] == expected.splitlines()
