"""What the commands share: options, the credential, and the exit code of each error."""

from __future__ import annotations

import functools
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from custify_connector.checking.json_schema import Schema
from custify_connector.checking.secret import Secret
from custify_connector.checking.typed_text import rate_of, types_of, value_of
from custify_connector.cli import layout
from custify_connector.cli.choosing import BUDGET_HELP, NO_BUDGET, chosen, credential_options, share_no_budget, together
from custify_connector.contract.errors import (
    ConfigurationError,
    ConnectorError,
    CredentialRefused,
    Fault,
    IncompleteRead,
    Interrupted,
    ManifestError,
)
from custify_connector.host.interruption import Interruption, interruption

if TYPE_CHECKING:
    from custify_connector.host.account import Account
    from custify_connector.host.connectors import Chosen

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")

SOME_REJECTED, BAD_USAGE, KEY_REFUSED, UNAVAILABLE, INTERRUPTED = 1, 2, 3, 4, 130


settings_options = together(
    credential_options,
    click.option("--rate-limit", metavar="N/S", help="Requests in any S seconds, or none. Default: 100/10."),
    click.option(
        "--max-in-flight", type=click.IntRange(1, 64), help="Requests under way at once, at most. Default: 32."
    ),
    click.option(
        "--timeout", type=click.FloatRange(0, 600, min_open=True), help="Seconds for one request. Default: 30."
    ),
    click.option("--budget", metavar="PATH", help=BUDGET_HELP),
    click.option("--undocumented", is_flag=True, help="Allow endpoints that Custify's documentation does not have."),
    click.option("-v", "--verbose", is_flag=True, help="Log retries and waits to standard error."),
    click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="How the log is written."),
)
"""The options of every command that talks to Custify."""

_COMMON = frozenset(
    [
        "credential",
        "credential_file",
        "rate_limit",
        "max_in_flight",
        "timeout",
        "budget",
        "undocumented",
        "verbose",
        "log_format",
    ]
)


class WithSettings(click.Command):
    """A command whose help shows its own options first, then those that it shares with the others."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, in two sections."""
        options = [
            (parameter.name in _COMMON, parameter.get_help_record(context)) for parameter in self.get_params(context)
        ]
        for title, is_common in (("Options", False), ("Credential and settings", True)):
            with formatter.section(title):
                formatter.write_dl([record for common, record in options if record and common is is_common])


_FLAGS = ("undocumented", "allow_incomplete", "trust_parents")
"""The settings that an option of the same name turns on."""

_FLAG = re.compile(rf"\b(set |(?:(?:source|destination)\.)?settings\.)({'|'.join(_FLAGS)})\b")


def in_options(error: ConnectorError) -> str:
    """Return the text of an error, which names settings, with the options that stand for them."""
    return _FLAG.sub(lambda found: f"{'add ' * (found[1] == 'set ')}--{found[2].replace('_', '-')}", str(error))


def settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `settings` that the options of `settings_options` ask for."""
    named = {"max_in_flight": "max_in_flight", "timeout": "timeout_seconds", "budget": "budget"}
    chosen = {word: options[name] for name, word in named.items() if options[name] is not None}
    if chosen.get("budget") == NO_BUDGET:
        share_no_budget()
        del chosen["budget"]
    for word in _FLAGS:
        if options.get(word):
            chosen[word] = True
    if options.get("any_ids"):
        chosen["check_ids"] = False
    limit = options["rate_limit"]
    return chosen if limit is None else {**chosen, "rate_limit": parse_rate_limit(limit)}


def typed_params(texts: Iterable[str], schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """Return the parameters `NAME=VALUE`, each with the type of its schema; one without a schema is text."""
    return dict(_param(text, schemas) for text in texts)


def _param(text: str, schemas: Mapping[str, Schema]) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError((Fault(f"--param {text}", "write NAME=VALUE"),))
    schema = schemas.get(name, {})
    try:
        return name, value_of(schema, value)
    except ValueError:
        raise ConfigurationError((Fault(f"--param {name}", f"must be JSON of type {min(types_of(schema))}"),)) from None


def parse_rate_limit(text: str) -> dict[str, float] | None:
    """Return the limit that `100/10` stands for; None for `none`."""
    try:
        rate = rate_of(text)
    except ValueError:
        raise ConfigurationError((Fault("--rate-limit", "write REQUESTS/SECONDS, such as 100/10, or none"),)) from None
    return rate and {"requests": rate[0], "seconds": rate[1]}


def credential(connector: str = "") -> Mapping[str, Any]:
    """Return the credential of this command; raises ConfigurationError when there is none, or it cannot be used.

    `connector` names the one that it is for, where that is not this installation's own.
    """
    return chosen(connector)


def account_of(known: Mapping[str, Any], connector: Chosen) -> Account:
    """Return the account of a credential, as it is written beside what a run keeps."""
    from custify_connector.host import account  # noqa: PLC0415 - only what keeps something needs it

    secrets = connector.secrets(known)
    return account.account_of(connector.description, known, secrets, getattr(known, "stored", None))


def start_logging(*, verbose: bool, form: str = "text") -> None:
    """Send the connector's log to standard error; it never holds a key."""
    handler = _OnStandardError()
    handler.setFormatter(_JsonLines() if form == "json" else _Prose("%(levelname)s %(message)s"))
    handler.setLevel(logging.DEBUG if verbose else logging.WARNING)
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    if verbose:
        logging.getLogger("custify_connector").setLevel(logging.DEBUG)


class _OnStandardError(logging.Handler):
    """Prints to what is standard error at that time: above the bars, while there are bars."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line; what cannot be printed stops no run."""
        try:
            # Not by click, which writes below whatever has taken the place of standard error.
            sys.stderr.write(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001 - as every handler of the standard library has it
            self.handleError(record)


class _Prose(logging.Formatter):
    """A sentence; on a terminal it is broken between its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the sentence of one record."""
        text = super().format(record)
        return layout.prose(text, layout.width(), "  ") if sys.stderr.isatty() and not record.exc_info else text


class _JsonLines(logging.Formatter):
    """One JSON object a line: `time` in UTC, `level`, `logger`, `message`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record."""
        when = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        line = {"time": when, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        return json.dumps(line, ensure_ascii=False)


def exit_codes(command: Command) -> Command:
    """Turn each error into its sentence on standard error, and its exit code."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever click passes
        try:
            return command(*arguments, **options)
        except ConnectorError as error:
            fail(in_options(_placed(error)), exit_code(error))
        except KeyboardInterrupt:
            _end_at_once()
        except BrokenPipeError:
            # Who read our output has had enough; Python would complain once more while closing it.
            _close_output()
            sys.exit(0)
        except OSError as error:
            if error.filename is None:  # it was written, not opened; Python would try again while closing it
                _close_output()
            place = error.filename or "standard output, or a file"
            fail(f"{place}: cannot be used: {error.strerror or error}", BAD_USAGE)

    return wrapped  # type: ignore[return-value] # the same signature, by functools.wraps


def _close_output() -> None:
    """Let the rest of the output go nowhere: Python would complain once more when it closes it."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end_at_once() -> NoReturn:
    """Exit, also while threads still wait for Custify: an ordinary exit would wait for them."""
    if any(thread.name.startswith("custify-") for thread in threading.enumerate()):
        click.echo("custify: interrupted", err=True)
        os._exit(INTERRUPTED)
    fail("interrupted", INTERRUPTED)


@contextmanager
def ended_as_asked() -> Iterator[Interruption]:
    """Listen for the signals by which a run is asked to end, and exit as they ask where one ends what is under way."""
    with interruption() as asked:
        try:
            yield asked
        except Interrupted as error:
            fail(str(error), asked.exit_code)


def exit_code(error: ConnectorError) -> int:
    """Return the exit code that an error stands for."""
    if isinstance(error, (ConfigurationError, ManifestError)):
        return BAD_USAGE
    if isinstance(error, IncompleteRead):
        return SOME_REJECTED
    return KEY_REFUSED if isinstance(error, CredentialRefused) else UNAVAILABLE


def without_key(text: str) -> str:
    """Return a text without the key of the environment, should it have been typed where it does not belong."""
    key = os.environ.get("CUSTIFY_API_KEY", "").strip()
    return Secret(key).redact(text) if key else text


Placing = Callable[[Fault], Fault]

_placing: ContextVar[Placing | None] = ContextVar("placing", default=None)


@contextmanager
def placing(place: Placing) -> Iterator[None]:
    """Say where a setting stands that is refused inside, also by a command that runs inside."""
    outer = _placing.set(place)
    try:
        yield
    except ConfigurationError as error:
        raise _placed(error) from None
    finally:
        _placing.reset(outer)


def _placed(error: ConnectorError) -> ConnectorError:
    place = _placing.get()
    if place is None or not isinstance(error, ConfigurationError):
        return error
    return type(error)(tuple(map(place, error.faults)))


_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


@contextmanager
def hearing() -> Iterator[list[str]]:
    """Give a list that gets why each command inside fails, in the words that it prints."""
    heard: list[str] = []
    outer = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(outer)


def said(message: str) -> str:
    """Return why a command fails as it may be printed, and let a caller that listens hear it."""
    text = without_key(message)
    if (heard := _heard.get()) is not None:
        heard.append(text)
    return text


def fail(message: str, code: int) -> NoReturn:
    """Print a sentence to standard error, on a terminal broken between its words, and exit."""
    for line in said(message).splitlines():
        whole = f"custify: {line}"
        click.echo(layout.prose(whole, layout.width(), "  ") if sys.stderr.isatty() else whole, err=True)
    sys.exit(code)
