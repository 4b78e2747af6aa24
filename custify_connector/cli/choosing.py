"""Which credential a command takes: the one that is named, a file's, the environment's, in that order.

Decides what to say when there is none. The key is never taken from the command line.
"""

from __future__ import annotations

import codecs
import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.exchange.credential import environment_url
from custify_connector.host.vault import RESERVED, CredentialMapping, OpaqueMapping, Vault

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

_NAME, _FILE, _BUDGET = "custify.credential", "custify.credential_file", "custify.budget"
RESERVED_INPUT = "standard input"
_FIELDS = ("name", "api_key", "description", "base_url", "allow_host")


def together(*options: Option) -> Option:
    """Return the decorator that adds several options, in their order."""
    return lambda command: functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


def _keep(place: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(context: click.Context, _parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401 - text or a path
        context.meta[place] = value

    return keep


def _complete_names(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    from custify_connector.cli import completing  # noqa: PLC0415 - only the shell asks

    return completing.credentials(typed)


credential_options = together(
    click.option(
        "--credential", metavar="NAME", expose_value=False, callback=_keep(_NAME), shell_complete=_complete_names,
        help="A stored credential: custify credential list. Default: CUSTIFY_API_KEY.",
    ),
    click.option(
        "--credential-file", metavar="PATH", expose_value=False, callback=_keep(_FILE),
        type=click.Path(dir_okay=False, path_type=Path),
        help="A credential as JSON with name and api_key, not readable by others; - is standard input.",
    ),
)  # fmt: skip
"""The two options that name a credential; `chosen` finds them by itself."""

NO_BUDGET = "none"
BUDGET_HELP = "A file in which processes share one rate limit, or none. Default: one for each account."

budget_option = click.option(
    "--budget", type=click.Path(dir_okay=False, path_type=Path), expose_value=False, callback=_keep(_BUDGET),
    help=BUDGET_HELP,
)  # fmt: skip
"""The option that names a budget file, for a command whose hook takes no settings; see `within_budget`."""


def share_no_budget() -> None:
    """Count the requests of this process alone."""
    from custify_connector.exchange import budget_folder  # noqa: PLC0415 - only who asks for it needs this

    budget_folder.share_below(None)


def within_budget(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the credential, whose requests count in the budget file that the command names, if it names one.

    Raises ConfigurationError when the file, or the credential, cannot be used.
    """
    path = chosen_budget()
    if path is not None and str(path) == NO_BUDGET:
        share_no_budget()
    elif path is not None:
        from custify_connector import manifest  # noqa: PLC0415 - as above
        from custify_connector.exchange import credential as credentials  # noqa: PLC0415 - only who names a file needs these
        from custify_connector.exchange import rate_budget  # noqa: PLC0415 - as above

        known = manifest.load()
        rate_budget.current_budget(credentials.check(credential, known).account, known.rate_limit).share(path)
    return credential


def chosen_budget() -> Path | None:
    """Return the budget file that this command names."""
    context = click.get_current_context(silent=True)
    found: Path | None = context.meta.get(_BUDGET) if context else None
    return found


def chosen(connector: str = "") -> Mapping[str, Any]:
    """Return the credential of this command; raises ConfigurationError when there is none, or it cannot be used.

    What is stored, and the environment, are for this installation's own connector; another one, by its name, takes a
    file, or standard input.
    """
    context = click.get_current_context(silent=True)
    named, file = (context.meta.get(place) if context else None for place in (_NAME, _FILE))
    if named is not None and file is not None:
        raise ConfigurationError((Fault("--credential", "cannot be combined with --credential-file: use one of them"),))
    if connector:
        return _foreign(connector, named, file)
    if file is not None:
        return of_file(file)
    return of_environment() if named is None else _stored(named)


def name_credential(name: str) -> None:
    """Take a stored credential, where the command line names none."""
    context = click.get_current_context()
    if context.meta.get(_NAME) is None and context.meta.get(_FILE) is None:
        context.meta[_NAME] = name


def named_words() -> tuple[str, ...]:
    """Return the words that name the credential of this command, for another command."""
    context = click.get_current_context(silent=True)
    places = (("--credential", _NAME), ("--credential-file", _FILE))
    return tuple(word for option, at in places if context is not None and context.meta.get(at) is not None
                 for word in (option, str(context.meta[at])))  # fmt: skip


def from_standard_input() -> bool:
    """Say whether the credential comes from standard input, which then can give nothing else."""
    context = click.get_current_context(silent=True)
    return context is not None and str(context.meta.get(_FILE)) == "-"


def _foreign(connector: str, named: str | None, file: Path | None) -> Mapping[str, Any]:
    """Return the credential of another connector, whatever fields that has; its hooks judge them."""
    if file is None:
        place = "--credential-file" if named is None else "--credential"
        reason = f"{connector} takes its credential from --credential-file, as JSON; only Custify's are stored here"
        raise ConfigurationError((Fault(place, reason),))
    content = _json(file)
    if not isinstance(content, dict):
        raise ConfigurationError((Fault(str(file), f"must hold the credential of {connector} as a JSON object"),))
    return OpaqueMapping(content)


def _stored(name: str) -> Mapping[str, Any]:
    vault = Vault()
    found = vault.credential(name)
    vault.used(name)
    return found


def of_file(path: Path) -> Mapping[str, Any]:
    """Return the credential in a file; its content is checked like any other credential."""
    content = _json(path)
    if not isinstance(content, dict) or not isinstance(content.get("api_key"), str):
        reason = 'must hold {"name": …, "api_key": …} as JSON: see schemas/credential.json'
        raise ConfigurationError((Fault(str(path), reason),))
    name = RESERVED_INPUT if str(path) == "-" else path.stem
    return CredentialMapping({"name": name, **content})


def _json(path: Path) -> Any:  # noqa: ANN401 - whatever is in it
    """Return what a file, or standard input, holds as JSON; None where it is none."""
    import orjson  # noqa: PLC0415 - only this way needs it

    from custify_connector.host import private_file  # noqa: PLC0415 - as above

    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else private_file.read_mounted(path)
        return orjson.loads(content.removeprefix(codecs.BOM_UTF8))  # editors on Windows write the mark
    except orjson.JSONDecodeError:
        return None


def of_environment() -> Mapping[str, Any]:
    """Return the credential that the environment holds; raises ConfigurationError that names the stored ones."""
    key = os.environ.get("CUSTIFY_API_KEY")
    if not key:
        raise ConfigurationError((Fault("CUSTIFY_API_KEY", f"is not set: {_what_to_do()}"),))
    found = {"name": RESERVED, "api_key": key}
    return CredentialMapping({**found, **address()})


def address() -> dict[str, str]:
    """Return the field of a credential that the environment sets, if it does: where the account is."""
    base_url = environment_url(os.environ)
    return {"base_url": base_url} if base_url else {}


def _what_to_do() -> str:
    names = [entry.name for entry in Vault().entries()]
    if not names:
        return "put the API key in this environment variable, or keep it with: custify credential add NAME"
    return f"put the API key in it, or add --credential NAME (stored: {', '.join(names)})"
