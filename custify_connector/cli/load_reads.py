"""The reads of a plan, each as the command `custify read`, and what a plan says in place of options.

In a file of its own: `load` writes files, and knows nothing of sources.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from custify_connector.cli import main
from custify_connector.cli.choosing import from_standard_input, name_credential, named_words
from custify_connector.cli.options import placing
from custify_connector.console.commands import parameters
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import named_states
from custify_connector.host.run_files import STANDARD

_ADDRESS = re.compile(r"[a-z]+:", re.IGNORECASE)
_OPTIONS = ("delivery", "on_reject", "max_rejects", "quarantine", "skip_unchanged", "undocumented")
_OPTION = re.compile(r"--([a-z-]+)(?: (.*))?", re.DOTALL)
_GIVEN = re.compile(r"(?:source|destination)\.(.+)", re.DOTALL)
_KEYS = {"param": "params", "field": "fields"}
_FLAGS = ("dry_run", "undocumented", "verbose", "same_account")
_PACE = {"rate_limit": "--rate-limit", "max_in_flight": "--max-in-flight", "timeout": "--timeout", "budget": "--budget"}


def said_in_the_plan(plan: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a plan gives and the command line does not; a credential is taken at once."""
    context = click.get_current_context()
    if "credential" in document:
        name_credential(document["credential"])
    given = [name for name in _OPTIONS if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    found = {name: document[name] for name in _OPTIONS if name in document and name not in given}
    if "quarantine" in found:
        found["quarantine"] = Path(beside(plan, found["quarantine"]))
    if "max_rejects" in found:
        found["max_rejects"] = str(found["max_rejects"])
    return found


def run(plan: Path, document: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """Run the reads of a plan, up to the first that does not end well; returns its exit code."""
    pace = [
        word for name, option in _PACE.items() if options[name] is not None for word in (option, str(options[name]))
    ]
    flags = [f"--{name.replace('_', '-')}" for name in _FLAGS if options[name]]
    if document.get("reads") and from_standard_input():
        reason = "standard input can be read once, and each read of the plan needs the credential: name a file"
        raise ConfigurationError((Fault("--credential-file", reason),))
    for number, entry in enumerate(document.get("reads", ())):
        with placing(partial(in_plan, plan, f"reads[{number}]")):
            code = command_line(("read", *_words(plan, entry), *named_words(), *pace, *flags))
        if code:
            return code
    return 0


def in_plan(plan: Path, entry: str, fault: Fault) -> Fault:
    """Return a fault of an option, or of what a hook was given, at the key of the plan that it comes from."""
    option, given = _OPTION.fullmatch(fault.place), _GIVEN.fullmatch(fault.place)
    if option:
        name = option[1].replace("-", "_")
        rest = f": {option[2]}" if option[2] else ""
        return Fault(f"{plan}: {entry}.{_KEYS.get(name, name)}{rest}", fault.reason)
    if given:
        key = "endpoints" if given[0] == "source.endpoint" else given[1]
        return Fault(f"{plan}: {entry}.{key}", fault.reason)
    return fault


def command_line(words: tuple[str, ...]) -> int:
    """Run a command of ours in this process; returns its exit code."""
    code: object = 0
    try:
        main.main(list(words), prog_name="custify")
    except SystemExit as error:
        code = error.code
    return code if isinstance(code, int) else int(code is not None)


def _words(plan: Path, entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words of a read; its places are relative to the plan, unless they are addresses."""
    yield from entry.get("endpoints", ("--all",))
    for name in entry.get("except", ()):
        yield from ("--except", name)
    yield from ("--output", _beside(plan, entry["output"]))
    for name in ("format", "mode", "limit"):
        if name in entry:
            yield from (f"--{name}", str(entry[name]))
    if "state" in entry:
        state = entry["state"]
        yield from ("--state", state if named_states.is_name(state) else _beside(plan, state))
    for name in entry.get("fields", ()):
        yield from ("--field", name)
    yield from parameters(entry.get("params", {}))
    yield from ("--overwrite",) * entry.get("overwrite", False)


def beside(plan: Path, place: str) -> str:
    """Return a path that a plan names, relative to its folder, without `..` where that is the same file."""
    whole = os.path.join(plan.parent, place)  # noqa: PTH118 - a folder keeps the stroke at its end
    short = os.path.normpath(whole) + "/" * place.endswith("/")
    return short if os.path.realpath(short) == os.path.realpath(whole) else whole


def _beside(plan: Path, place: str) -> str:
    return place if place == STANDARD or _ADDRESS.match(place) else beside(plan, place)
