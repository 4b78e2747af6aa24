"""The command as a whole: what it offers, what it imports, its exit codes, and its real process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from custify_connector import __version__
from custify_connector.cli import main, options
from custify_connector.contract import errors
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.sandbox import Quirks

COMMAND = Path(sys.executable).with_name("custify")
RUN = [sys.executable, "-c", "from custify_connector.cli import main; main()"]
HEAVY = (
    "keyring",
    "platformdirs",
    "sqlite3",
    "requests",
    "urllib3",
    "jsonschema",
    "jsonschema_rs",
    "yaml",
    "custify_connector.sandbox",
)


@pytest.fixture
def start(tmp_path):
    """Return a starter of real processes of the command, in a folder of their own; none is left."""
    started = []

    def start(*words, **environment):
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*RUN, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["-h"]])
def test_help_and_version_import_nothing_heavy(words):
    code = (
        "import sys\nfrom custify_connector.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_package_itself_imports_nothing_heavy():
    heavy = (*HEAVY, "click", "pluggy")
    code = f"import sys, custify_connector; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_the_version_is_the_packages():
    assert CliRunner().invoke(main, ["--version"]).output == f"custify, version {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "meant"), [("help", "--help"), ("help read", "read --help"), ("version", "--version")]
)
def test_help_and_version_can_be_typed_as_words(typed, meant):
    said = CliRunner().invoke(main, typed.split())
    assert said.exit_code == 0
    assert said.output == CliRunner().invoke(main, meant.split()).output


def test_the_package_runs_as_a_module_under_the_name_of_the_command():
    command = [sys.executable, "-m", "custify_connector", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert (done.returncode, done.stdout) == (0, f"custify, version {__version__}\n")


def test_every_command_has_help_and_says_what_it_does(subtests):
    for name in main.list_commands(None):
        with subtests.test(name):
            listed = CliRunner().invoke(main, ["--help"]).output
            assert name in listed
            done = CliRunner().invoke(main, [name, "--help"])
            assert done.exit_code == 0
            assert "Usage: main" in done.output or "Usage: custify" in done.output


@pytest.mark.parametrize("name", ["read", "write", "load", "replay", "sample"])
def test_the_help_shows_a_commands_own_options_apart_from_those_of_every_command(name):
    own, found, shared = CliRunner().invoke(main, [name, "--help"]).output.partition("Credential and settings:")
    assert found
    assert "--rate-limit" in shared
    assert "--rate-limit" not in own
    assert "--param" not in shared


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("people", "there is no command 'people'; did you mean: custify read people? See: custify --help"),
        ("upsert_person", "there is no command 'upsert_person'; did you mean: custify write upsert_person?"),
        ("wirte", "there is no command 'wirte'; did you mean 'write'? See: custify --help"),
        ("read --limit 0 people", "invalid value for '--limit': 0 is not in the range x>=1. See: custify read --help"),
        ("write upsert_person", "missing argument 'FILE'. See: custify write --help"),
        ("credential shw", "no such command 'shw'"),
        ("write people -", "destination.endpoint: 'people' is a source; did you mean 'upsert_person'?"),
        ("read upsert_person", "source.endpoint: 'upsert_person' is a destination; did you mean 'people'?"),
    ],
)
def test_a_slip_is_one_line_in_the_voice_of_every_error(typed, said, monkeypatch):
    monkeypatch.setenv("CUSTIFY_API_KEY", "made-up")
    done = CliRunner().invoke(main, typed.split(), prog_name="custify", input="{}")
    assert (done.exit_code, done.stderr.splitlines()[0][: len(f"custify: {said}")]) == (2, f"custify: {said}")


def all_commands(group=main, name="custify"):
    for each in group.list_commands(None):
        command = group.get_command(None, each)
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{name} {each}")
        yield f"{name} {each}", command


def test_every_command_shows_an_example_of_itself():
    shown = {name: f"{command.help} " for name, command in all_commands()}
    assert [name for name, text in shown.items() if f"{name} " not in text and f"{name}\n" not in text] == []


def test_a_command_that_is_close_is_suggested():
    assert "there is no command 'raed'; did you mean 'read'?" in CliRunner().invoke(main, ["raed"]).output


def test_the_help_is_a_short_manual_with_commands_in_groups():
    said = CliRunner().invoke(main, ["--help"], terminal_width=80).output
    for text in ("custify demo", "custify credential add acme", "Get started:", "Move records:", "Exit codes"):
        assert text in said
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize(
    "words", [["peopel"], ["read"], ["read", "people", "--limit", "0"], ["write", "people"], ["read", "-x"]]
)
def test_bad_usage_is_exit_code_2_without_a_traceback(words):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_the_installed_command_is_this_one():
    assert COMMAND.is_file()
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == f"custify, version {__version__}\n"


# ----------------------------------------------------------------------------------------------------------- exit codes


FAULTY = (Fault("here", "is wrong"), Fault("there", "is wrong too"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError(FAULTY), 2),
        (errors.StateError(FAULTY), 2),
        (errors.ManifestError(FAULTY), 2),
        (errors.CredentialRefused("refused"), 3),
        (errors.PermissionRefused("refused"), 3),
        (errors.ServiceUnavailable("gone"), 4),
        (errors.UnexpectedReply("odd"), 4),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_has_its_sentence_and_its_exit_code(error, code):
    @click.command()
    @options.exit_codes
    def failing():
        raise error

    done = CliRunner().invoke(failing, [])
    assert done.exit_code == code
    lines = done.stderr.splitlines()
    assert lines == [f"custify: {line}" for line in (str(error) or "interrupted").splitlines()]
    assert done.stdout == ""


def test_a_reader_that_has_had_enough_is_no_error():
    code = (
        "import click, os\nfrom custify_connector.cli import options\n"
        "@click.command()\n@options.exit_codes\ndef failing():\n    raise BrokenPipeError\nfailing()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("none", None), ("100/10", {"requests": 100, "seconds": 10.0}), ("5/0.5", {"requests": 5, "seconds": 0.5})],
)
def test_a_rate_limit_is_requests_and_seconds(text, meant):
    assert options.parse_rate_limit(text) == meant


@pytest.mark.parametrize("text", ["", "100", "/10", "a/b", "100/", "1.5/2", "0/10", "-1/10", "100/0", "1/nan", "1/inf"])
def test_a_rate_limit_that_is_none_says_how_to_write_one(text):
    with pytest.raises(ConfigurationError, match=r"--rate-limit: write REQUESTS/SECONDS, such as 100/10, or none"):
        options.parse_rate_limit(text)


# ---------------------------------------------------------------------------------------------------------- the sandbox


def ready(process):
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_sandbox_says_where_it_is_serves_and_ends_when_it_is_asked(start, end):
    process = start("sandbox", "--people", "30", "--companies", "3", "--api-key", "k", "--rate-limit", "none")
    address = ready(process)
    assert address["api_key"] == "k"
    reader = start("read", "people", CUSTIFY_API_KEY="k", CUSTIFY_BASE_URL=address["base_url"])
    out, err = reader.communicate(timeout=30)
    assert (reader.returncode, len(out.splitlines())) == (0, 30), err
    assert err == "people: 30 records\n"
    process.send_signal(end)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ["--rate-limit", "often"],
        ["--rate-limit", "0/10"],
        ["--people", "-1"],
        ["--port", "70000"],
        ["--people", "many"],
    ],
    ids=" ".join,
)
def test_a_sandbox_with_a_wrong_setting_is_refused(start, words):
    process = start("sandbox", *words)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Traceback" not in err


def test_a_sandbox_on_a_port_that_is_taken_is_refused(start, sandbox):
    process = start("sandbox", "--people", "1", "--port", sandbox.base_url.rsplit(":", 1)[1])
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "Traceback" not in err


def test_a_reader_that_stops_listening_ends_the_read_quietly(start, sandbox, canary):
    process = start("read", "people", CUSTIFY_API_KEY=canary, CUSTIFY_BASE_URL=sandbox.base_url)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=20) == 0


def test_a_read_that_is_interrupted_ends_with_130_and_goes_on_later(start, tmp_path, canary, sandbox):
    sandbox.latency = 0.3
    words = ["read", "people", "-o", "people.jsonl", "--state", "people.state", "--max-in-flight", "1"]
    account = {"CUSTIFY_API_KEY": canary, "CUSTIFY_BASE_URL": sandbox.base_url}
    sandbox.quirks = Quirks(page_cap=5)
    process = start(*words, **account)
    while len(sandbox.journal) < 2:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not (tmp_path / "people.jsonl").exists()
    sandbox.latency = 0
    again = start(*words, **account)
    again.communicate(timeout=20)
    names = [json.loads(line)["id"] for line in (tmp_path / "people.jsonl").read_text().splitlines()]
    assert again.returncode == 0
    assert sorted(names) == sorted(record["id"] for record in sandbox.content.records("people"))


# ------------------------------------------------------------------------------------------------------------- the demo


def test_the_demo_does_the_main_job_and_counts_it(tmp_path):
    done = CliRunner().invoke(main, ["demo", "--people", "300", "--companies", "30", "--output", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    for text in (
        "Custify accepts this credential",
        "300 records",
        "30 records",
        "people equal the CSV, field by field",
    ):
        assert text in done.stdout
    assert "rejected: " in done.stdout
    assert len((tmp_path / "out" / "people.jsonl").read_text().splitlines()) == 300
    assert len((tmp_path / "out" / "companies.jsonl").read_text().splitlines()) == 30


def test_a_demo_whose_output_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    assert CliRunner().invoke(main, ["demo", "--output", str(tmp_path / "out")]).exit_code == 2


@pytest.mark.parametrize("closed", ["stdin", "stderr", "stdout"])
@pytest.mark.parametrize("words", [["describe", "--json"], ["read", "people", "-o", "people.jsonl"]], ids=" ".join)
def test_a_standard_stream_that_is_closed_ends_no_command(tmp_path, monkeypatch, sandbox, closed, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("CUSTIFY_API_KEY", sandbox.api_key)
    monkeypatch.setattr(sys, closed, None)
    main.main(words, standalone_mode=False)
    assert getattr(sys, closed) is None
    assert words[0] == "describe" or (tmp_path / "people.jsonl").read_bytes()


@pytest.mark.parametrize("argument", ["--output=~/people.jsonl", "--state=~/people.state"])
def test_the_home_directory_is_found_behind_an_equals_sign(tmp_path, monkeypatch, sandbox, argument):
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("CUSTIFY_API_KEY", sandbox.api_key)
    assert CliRunner().invoke(main, ["read", "people", "-o", "x.jsonl", argument]).exit_code == 0
    assert (tmp_path / "home" / argument.partition("~/")[2]).exists()
