"""What the commands share: settings, parameters, and how an error reaches a person."""

import errno
import io
import logging
import sys

import pytest
from click.testing import CliRunner

from custify_connector.cli import main, options
from custify_connector.contract.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialRefused,
    Fault,
    IncompleteRead,
    ManifestError,
    PermissionRefused,
    ServiceUnavailable,
    UnexpectedReply,
)

NOTHING = dict.fromkeys(("max_in_flight", "timeout", "budget", "rate_limit")) | {"undocumented": False}


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ({}, {}),
        ({"max_in_flight": 4, "timeout": 2.5}, {"max_in_flight": 4, "timeout_seconds": 2.5}),
        ({"rate_limit": "300/60"}, {"rate_limit": {"requests": 300, "seconds": 60.0}}),
        ({"rate_limit": "none"}, {"rate_limit": None}),
        ({"budget": "b", "undocumented": True}, {"budget": "b", "undocumented": True}),
    ],
)
def test_only_the_options_that_were_given_are_settings(given, settings):
    assert options.settings({**NOTHING, **given}) == settings


@pytest.mark.parametrize("text", ["", "100", "0/10", "100/0", "100/0.0", "-1/10", "1e3/10", "a/b", "100/10/2"])
def test_a_rate_limit_that_cannot_be_read_says_how_to_write_it(text):
    with pytest.raises(ConfigurationError, match="write REQUESTS/SECONDS, such as 100/10, or none"):
        options.parse_rate_limit(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("email=a=b", {"email": "a=b"}),
        ("page=7", {"page": 7}),
        ('sorting={"a": 1}', {"sorting": {"a": 1}}),
        ("unheard=007", {"unheard": "007"}),
    ],
)
def test_a_parameter_has_the_type_of_its_endpoint_and_text_stays_text(text, value):
    schemas = {"email": {"type": ["string", "null"]}, "page": {"type": "integer"}, "sorting": {"type": "object"}}
    assert options.typed_params([text], schemas) == value


@pytest.mark.parametrize(("text", "said"), [("email", "write NAME=VALUE"), ("page=x", "must be JSON of type integer")])
def test_a_parameter_that_cannot_be_read_is_refused(text, said):
    with pytest.raises(ConfigurationError, match=said):
        options.typed_params([text], {"page": {"type": "integer"}})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError((Fault("a", "b"),)), 2),
        (ManifestError((Fault("a", "b"),)), 2),
        (CredentialRefused("no"), 3),
        (PermissionRefused("no"), 3),
        (ServiceUnavailable("gone"), 4),
        (UnexpectedReply("odd"), 4),
    ],
)
def test_each_error_is_a_sentence_and_a_code(error, code, capsys):
    @options.exit_codes
    def command():
        raise error

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == code
    assert capsys.readouterr().err == f"custify: {error}\n"


def test_a_line_of_the_log_goes_where_standard_error_is_by_then(monkeypatch):
    handler = options._OnStandardError()  # noqa: SLF001 - a bar takes standard error's place after it is made
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    handler.handle(
        logging.LogRecord("custify_connector", logging.WARNING, "", 1, "asking without %s", ("order",), None)
    )
    assert shown.getvalue() == "asking without order\n"


def test_on_a_terminal_a_message_breaks_between_its_words(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(SystemExit):
        options.fail("source.endpoint: there is no 'upsert_persn'; did you mean 'upsert_person'?", 2)
    assert terminal.getvalue().splitlines() == [
        "custify: source.endpoint: there is no",
        "  'upsert_persn'; did you mean",
        "  'upsert_person'?",
    ]


@pytest.mark.parametrize(("terminal", "lines"), [(True, 2), (False, 1)])
def test_a_warning_is_broken_between_its_words_on_a_terminal_alone(monkeypatch, terminal, lines):
    shown = io.StringIO()
    shown.isatty = lambda: terminal
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stderr", shown)
    record = logging.LogRecord("custify_connector", logging.WARNING, "", 1, "word " * 20, (), None)
    text = options._Prose("%(levelname)s %(message)s").format(record)  # noqa: SLF001 - what start_logging installs
    assert len(text.splitlines()) == lines
    assert all(len(line) <= 60 for line in text.splitlines()) == terminal


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (IncompleteRead("or set allow_incomplete to keep what came"), "or add --allow-incomplete to keep what came"),
        (ConfigurationError((Fault("source.settings.undocumented", "set this"),)), "--undocumented: set this"),
        (ConnectorError("settings.trust_parents reads it"), "--trust-parents reads it"),
        (ConnectorError("the account's settings.other"), "the account's settings.other"),
    ],
    ids=["set", "place", "setting", "another"],
)
def test_an_error_that_names_a_setting_names_its_option_in_the_command(error, said):
    assert options.in_options(error) == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "standard output, or a file: cannot be used: No space left"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "there/x.csv"),
            "there/x.csv: cannot be used: No",
        ),
    ],
    ids=["a full disk", "a folder that is missing"],
)
def test_what_the_system_refuses_is_a_sentence_and_bad_usage(error, said, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # pytest's own is not to be closed

    @options.exit_codes
    def command():
        raise error

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == options.BAD_USAGE
    assert capsys.readouterr().err.startswith(f"custify: {said}")


@pytest.mark.parametrize(
    "words",
    [
        ("write", "upsert_person", "people.csv", "--param", "KEY"),
        ("write", "upsert_person", "people.csv", "--param", "KEY=1", "--dry-run"),
        ("write", "upsert_person", "people.csv", "--map", "KEY"),
        ("write", "upsert_person", "people.csv", "--delivery", "KEY"),
        ("read", "people", "--param", "KEY=1"),
        ("read", "KEY"),
        ("KEY",),
    ],
    ids=" ".join,
)
def test_a_key_that_is_typed_in_a_wrong_place_is_not_shown_again(words, canary, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    (tmp_path / "people.csv").write_text("user_id\nu-1\n", "utf-8")
    done = CliRunner().invoke(main, [word.replace("KEY", canary) for word in words])
    assert done.exit_code == options.BAD_USAGE, done.output
    assert canary not in done.output
    assert "•••" in done.output
