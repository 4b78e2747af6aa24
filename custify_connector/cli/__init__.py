"""The command `custify`: argv to calls, and what a person reads. Each command is a module, imported when it is used."""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import click

from custify_connector import __version__

__all__ = ["ARGUMENTS", "main"]

# Pages of records are freed by count: to look for cycles among them, and among all that was loaded when the process
# ends, costs a sixth of the processor seconds of a read.
gc.set_threshold(200_000, 20, 100)
atexit.register(gc.freeze)

_GROUPS = {
    "Get started": {
        "demo": "The main job on the embedded sandbox: test, read everything, write, show the outcome.",
        "sandbox": "Serve an emulated Custify on loopback.",
        "credential": "Keep the keys of accounts, by name: add, list, show, test, rotate, rename, remove.",
        "doctor": "Check everything a run needs, and report what to fix.",
        "console": "Do all of this in a browser, on this machine.",
    },
    "Look before a run": {
        "describe": "Show the endpoints, or all that is known of one.",
        "sample": "Show an endpoint's first records, or the requests that rows would become.",
    },
    "Move records": {
        "read": "Read endpoints into files, a folder or a database.",
        "write": "Write the rows of a file to an endpoint.",
        "load": "Read and write by a plan: several files to several destinations, in a safe order.",
        "sync": "Run plans of reads and writes by a name, now or by a schedule.",
        "rejected": "Group rejected records, change many at once, or correct them in a spreadsheet.",
        "replay": "Send the records of a quarantine file again.",
    },
    "Look back, and elsewhere": {
        "certify": "Judge a connector by its testbed: every check, its evidence, the rung reached.",
        "runs": "List what was read and written, how it ended, and what to type next.",
        "export": "Print the configuration that another host takes.",
        "completion": "Print what makes your shell complete commands, endpoints and names.",
    },
}
_COMMANDS = {name: text for group in _GROUPS.values() for name, text in group.items()}

ARGUMENTS = "custify.arguments"
"""Under this key of click's `meta` is what was typed."""


class _LazyGroup(click.Group):
    """Imports a command when it is asked for, so that `--help` and `--version` stay quick."""

    def main(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as click has it
        with _open_streams():
            return super().main(*arguments, **options)

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        args = [_with_home(each) for each in args]
        context.meta[ARGUMENTS] = tuple(args)
        if args[:1] == ["help"]:
            args = [*args[1:2], "--help"]
        elif args == ["version"]:
            args = ["--version"]
        return super().parse_args(context, args)

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"custify_connector.cli.{name}").command
        return command

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:  # noqa: ANN401 - as click has it
        with _one_voice():
            return super().make_context(*arguments, **options)

    def invoke(self, context: click.Context) -> Any:  # noqa: ANN401 - as click has it
        _write_utf8(sys.stdout)
        with _one_voice():
            return super().invoke(context)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            from custify_connector.checking.wording import suggestion  # noqa: PLC0415 - only a slip needs it

            context.fail(f"there is no command {name!r}{_endpoint(name) or suggestion(name, _COMMANDS)}")
        return super().resolve_command(context, args)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        room = max(map(len, _COMMANDS))
        for title, group in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{room}}", text) for name, text in group.items()])


@contextmanager
def _open_streams() -> Iterator[None]:
    """Put the null device in place of a closed standard input or standard error, as with `<&-` and `2>&-`.

    Standard output stays closed: what it should have taken is refused where it is written.
    """
    with ExitStack() as stack:
        if sys.stdin is None:
            sys.stdin = stack.enter_context(Path(os.devnull).open(encoding="utf-8"))
            stack.callback(setattr, sys, "stdin", None)
        if sys.stderr is None:
            sys.stderr = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            stack.callback(setattr, sys, "stderr", None)
        yield


def _with_home(argument: str) -> str:
    """Return `--option=~/path` with the home directory: a shell puts it only where a word begins."""
    option, equals, value = argument.partition("=")
    is_path = option.startswith("--") and value[:2] in {"~", "~/"}
    return f"{option}{equals}{os.path.expanduser(value)}" if is_path else argument  # noqa: PTH111 - a path drops the slash at its end


class _BadUsage(click.ClickException):
    """Bad usage, said as every other error is: one line, which names the command whose help has the answer."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        from custify_connector.cli.options import said  # noqa: PLC0415 - only a slip needs it

        click.echo(f"custify: {said(self.message)}", file=file or sys.stderr)


@contextmanager
def _one_voice() -> Iterator[None]:
    """Turn click's own errors of usage, of two paragraphs, into one line."""
    try:
        yield
    except click.UsageError as error:
        if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # since click 8.2; it is the help
            raise
        reason = error.format_message().rstrip(".")
        ends = "" if reason.endswith("?") else "."
        help_ = f"{ends} See: {error.ctx.command_path} --help" if error.ctx else ""
        raise _BadUsage(f"{reason[:1].lower()}{reason[1:]}{help_}") from None


def _endpoint(name: str) -> str:
    """Return what to type where the name of an endpoint stands in place of a command; empty where it is not one."""
    from custify_connector.cli.connector_option import own  # noqa: PLC0415 - only a slip needs it
    from custify_connector.host.endpoint_names import command_for  # noqa: PLC0415 - as above

    meant = command_for(own().description, name)
    return f"; did you mean: {meant}?" if meant else ""


def _write_utf8(stream: Any) -> None:  # noqa: ANN401 - a text stream, or what a test puts in its place
    """Let pipes and files get UTF-8 in every locale; a terminal keeps its encoding, and sees escapes beyond it."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="custify")
def main() -> None:
    """Read and write Custify, with one outcome for every row.

    Try it without an account:

    \b
      custify demo

    With an account, keep its key once, then use it by name:

    \b
      custify credential add acme
      custify doctor --credential acme
      custify describe people
      custify read people --credential acme --output people.jsonl
      custify write upsert_person people.csv --map user_id=id --dry-run

    An API key comes from a prompt, from standard input, from a file or from CUSTIFY_API_KEY, never from the command
    line; CUSTIFY_BASE_URL is for accounts in another data centre. What is kept here lies below CUSTIFY_HOME, or the
    platform's data directory. Records go to standard output, everything for people to standard error.

    Exit codes: 0 all well, 1 some records were rejected or failed, 2 bad usage, 3 the key was refused,
    4 Custify could not be reached, 130 interrupted.

    Each command has examples: custify COMMAND --help
    """  # noqa: D301 - click reads \b
    from custify_connector.exchange import budget_folder  # noqa: PLC0415 - --help and --version stay quick
    from custify_connector.host import home  # noqa: PLC0415 - as above

    budget_folder.share_below(lambda: home.made("budgets"))
