"""The command `custify`: argv to calls, and what a person reads. Each command is a module, imported when it is used."""

from __future__ import annotations

import gc
import importlib

import click

from custify_connector import __version__

# Pages of records are freed by count; looking for cycles among them costs a tenth of a read.
gc.set_threshold(50_000, 20, 100)

_COMMANDS = {
    "demo": "The main job on the embedded sandbox: test, read everything, write, show the outcome.",
    "sandbox": "Serve an emulated Custify on loopback.",
    "describe": "Show the endpoints, or all that is known of one.",
    "sample": "Show an endpoint's first records, or the requests that rows would become.",
    "read": "Read an endpoint's records as JSON lines.",
    "write": "Write the rows of a file to an endpoint.",
    "load": "Write several files to several destinations, in a safe order.",
    "replay": "Send the records of a quarantine file again.",
    "certify": "Judge a connector by its testbed: every check, its evidence, the rung reached.",
    "export": "Print the configuration that another host takes.",
}


class _LazyGroup(click.Group):
    """Imports a command when it is asked for, so that `--help` and `--version` stay quick."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"custify_connector.cli.{name}").command
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="custify")
def main() -> None:
    """Read and write Custify, with one outcome for every row.

    The API key comes from CUSTIFY_API_KEY, never from the command line; CUSTIFY_BASE_URL is for accounts in another
    data centre. Records go to standard output, everything for people to standard error.

    Exit codes: 0 all well, 1 some records were rejected or failed, 2 bad usage, 3 the key was refused,
    4 Custify could not be reached, 130 interrupted.
    """
