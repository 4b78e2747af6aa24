"""`custify credential`: the keys of this machine by name, each tested before it is trusted; no key is ever shown."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from custify_connector.cli import layout
from custify_connector.cli.completing import credential_names
from custify_connector.cli.options import BAD_USAGE, KEY_REFUSED, UNAVAILABLE, exit_codes, fail
from custify_connector.contract import CredentialReport
from custify_connector.errors import ConfigurationError, Fault
from custify_connector.host.key_stores import Kind
from custify_connector.host.run_history import Run, RunHistory
from custify_connector.host.vault import Entry, Vault, mapping_of, now
from custify_connector.secret import Secret

_REFUSED = ("unauthorized", "forbidden")
_RUNS_SHOWN = 5
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
_stdin = click.option("--api-key-stdin", is_flag=True, help="Read the API key from standard input, not from a prompt.")
_name = click.argument("name", shell_complete=credential_names)


@click.group()
def command() -> None:
    """Keep the keys of Custify accounts, by name, and see which of them work.

    A key is kept in the system's keyring where one works, else in a file that only you may read. It comes from a
    prompt or from standard input, never from the command line, and no command shows it.

    \b
    custify credential add acme
    custify credential list
    custify read people --credential acme
    """  # noqa: D301 - click reads \b


@command.command()
@click.argument("name")
@click.option("--description", default="", help="Whose key it is, which account it opens, and what for.")
@click.option("--base-url", metavar="URL", help="Only for accounts in another data centre: the URL beside the key.")
@click.option("--allow-host", metavar="HOST", help="Only for a proxy or test server outside Custify: its host again.")
@click.option("--store", type=click.Choice(["keyring", "file"]), help="Default: the keyring where one works.")
@click.option("--no-test", is_flag=True, help="Keep the key without asking Custify whether it accepts it.")
@_stdin
@_json
@exit_codes
def add(
    name: str, description: str, base_url: str | None, allow_host: str | None, store: Kind | None, no_test: bool,
    api_key_stdin: bool, as_json: bool,
) -> None:  # fmt: skip
    """Keep a new credential, once Custify has accepted its key.

    \b
    custify credential add acme --description "nightly sync; owner: data team"
    custify credential add acme-eu --base-url https://eu.api.custify.com
    pass show custify | custify credential add acme --api-key-stdin
    """  # noqa: D301 - click reads \b
    vault = Vault()
    vault.refuse_taken(name)
    place = vault.store(store)
    key = _asked_key(api_key_stdin)
    entry = Entry(name, description, base_url, allow_host, place.kind, "", now())
    _refuse_malformed(entry, key)
    report = None if no_test else _tested(entry, key)
    if report and not report.ok:
        hint = "" if report.code in _REFUSED[:1] else "; to keep the key all the same: --no-test"
        fail(f"not kept: {report.message}{hint}", _code(report))
    added = vault.add(entry, key, place)
    if report:
        vault.tested(name, report)
    if as_json:
        _print_json(_shown(vault, vault.find(added.name), {}))
        return
    click.echo(f"{report.message}." if report else "It was not tested.")
    click.echo(layout.prose(f"{name!r} is kept in {place.place}.", layout.width()))
    click.echo(f"Next: custify read people --limit 5 --credential {_quoted(name)}")


@command.command("list")
@_json
@exit_codes
def list_(as_json: bool) -> None:
    """Show every credential: where it leads, when it was verified, what uses it.

    \b
    custify credential list
    custify credential list --json
    """  # noqa: D301 - click reads \b
    vault = Vault()
    entries, uses = vault.entries(), _uses()
    if as_json:
        _print_json([_shown(vault, entry, uses) for entry in entries])
        return
    if not entries:
        click.echo("No credential is kept here yet. Next: custify credential add NAME")
        return
    columns = layout.width()
    for entry in entries:
        click.echo(layout.tile(entry.name, _lines(vault, entry, uses), columns) + "\n")
    example = _quoted(entries[0].name)
    click.echo(f"{layout.counted(len(entries), 'credential')}. To use one: custify read people --credential {example}")


@command.command()
@_name
@_json
@exit_codes
def show(name: str, as_json: bool) -> None:
    """Show one credential, with the runs that used it last; the key is never shown.

    \b
    custify credential show acme
    """  # noqa: D301 - click reads \b
    vault, history = Vault(), RunHistory()
    entry = vault.find(name)
    runs = history.page(_RUNS_SHOWN, None, {"credential": name})
    if as_json:
        _print_json({**_shown(vault, entry, _uses()), "last_runs": [run.shown() for run in runs]})
        return
    added = [("added", f"{layout.ago(entry.added)} ({layout.clock(entry.added)})")]
    click.echo(layout.tile(entry.name, [*_lines(vault, entry, _uses()), *added], layout.width()))
    for run in runs:
        click.echo(f"  run {run.id:<7} {layout.clock(run.started)}  {run.kind} {run.endpoint}: {run.status}")
    if runs:
        click.echo(f"\nall about one: custify runs show {runs[0].id}")


@command.command()
@_name
@_json
@exit_codes
def test(name: str, as_json: bool) -> None:
    """Ask Custify whether it accepts a key; one request, and it changes nothing.

    \b
    custify credential test acme
    """  # noqa: D301 - click reads \b
    vault = Vault()
    report = _ask(vault.credential(name))
    vault.tested(name, report)
    if as_json:
        _print_json({"name": name, **asdict(report)})
    elif report.ok:
        click.echo(f"{name}: {report.message} ({report.elapsed_ms} ms)")
    if not report.ok:
        fail(f"{name}: {report.message}", _code(report))


@command.command()
@_name
@_stdin
@exit_codes
def rotate(name: str, api_key_stdin: bool) -> None:
    """Replace the key of a credential; the old one stays until Custify has accepted the new one.

    \b
    custify credential rotate acme
    """  # noqa: D301 - click reads \b
    vault = Vault()
    entry = vault.find(name)
    key = _asked_key(api_key_stdin)
    _refuse_malformed(entry, key)
    report = _tested(entry, key)
    if not report.ok:
        fail(f"the old key stays: {report.message}", _code(report))
    vault.rotate(name, key, report)
    click.echo(f"{report.message}. {name!r} has the new key; delete the old one in Custify.")


@command.command()
@_name
@click.argument("new")
@exit_codes
def rename(name: str, new: str) -> None:
    """Give a credential another name; its runs and states follow.

    \b
    custify credential rename acme acme-production
    """  # noqa: D301 - click reads \b
    Vault().rename(name, new)
    RunHistory().renamed(name, new)
    click.echo(f"{name!r} is {new!r} now.")


@command.command()
@_name
@click.option("--force", is_flag=True, help="Also while a run or a stored state needs it.")
@exit_codes
def remove(name: str, force: bool) -> None:
    """Forget a credential and its key. The key itself stays valid until it is deleted in Custify.

    \b
    custify credential remove acme
    """  # noqa: D301 - click reads \b
    vault = Vault()
    vault.find(name)
    needed = () if force else tuple(Fault(f"credential {name}", _need(run)) for run in RunHistory().needing(name))
    if needed:
        raise ConfigurationError((*needed, Fault("remove", "say --force to remove it all the same")))
    vault.remove(name)
    click.echo(f"{name!r} is forgotten here. Its key is valid until you delete it in Custify.")


def _need(run: Run) -> str:
    if run.status == "running":
        return f"run {run.id} ({run.kind} {run.endpoint}) uses it now"
    return f"the state {run.state_name!r} goes on with it: run {run.id}; custify runs states --remove forgets the state"


def _asked_key(from_stdin: bool) -> Secret:
    """Return the key that was typed, unseen, or came from standard input."""
    if from_stdin:
        return Secret(sys.stdin.readline().strip("\r\n"))
    if not sys.stdin.isatty():
        reason = "standard input is no terminal, so nobody can be asked: pipe the key in, and say --api-key-stdin"
        raise ConfigurationError((Fault("API key", reason),))
    from custify_connector import resources  # noqa: PLC0415 - only the prompt needs it

    form = resources.schema("credential")["properties"]["api_key"]
    click.echo(layout.tile(form["title"], [("", form["description"])], layout.width()) + "\n", err=True)
    return Secret(click.prompt("Paste it here (not shown while you type or paste)", hide_input=True, err=True))


def _refuse_malformed(entry: Entry, key: Secret) -> None:
    from custify_connector import credential, manifest  # noqa: PLC0415 - 100 ms that only a new key costs

    credential.check(mapping_of(entry, key), manifest.load())


def _tested(entry: Entry, key: Secret) -> CredentialReport:
    return _ask(mapping_of(entry, key))


def _ask(credential: Any) -> CredentialReport:  # noqa: ANN401 - a mapping, as the hook takes it
    from custify_connector.plugin import connector  # noqa: PLC0415 - only a test needs it

    return connector.test_credential(credential)


def _code(report: CredentialReport) -> int:
    if report.code == "invalid_credential":
        return BAD_USAGE
    return KEY_REFUSED if report.code in _REFUSED else UNAVAILABLE


def _uses() -> dict[str, tuple[int, str]]:
    """Return what used each credential; a history that cannot be read is told, and hides no credential."""
    try:
        return RunHistory().uses()
    except ConfigurationError as error:
        click.echo(f"custify: {error}", err=True)
        return {}


def _lines(vault: Vault, entry: Entry, uses: dict[str, tuple[int, str]]) -> list[tuple[str, str]]:
    runs, last = uses.get(entry.name, (0, None))
    return [
        ("", entry.description),
        ("host", _host(entry)),
        ("verified", _verified(entry)),
        ("used by", f"{layout.counted(runs, 'run')}, the last {layout.ago(last)}" if runs else "no run yet"),
        ("key in", vault.place_of(entry)),
    ]


def _host(entry: Entry) -> str:
    if entry.base_url is None:
        return "Custify's own (api.custify.com)"
    return entry.base_url.removeprefix("https://").rstrip("/")


def _verified(entry: Entry) -> str:
    if entry.tested_at is None or entry.tested_code is None:
        return f"never; to ask Custify: custify credential test {_quoted(entry.name)}"
    if entry.tested_code == "ok":
        return f"{layout.ago(entry.verified_at)} ({layout.clock(entry.tested_at)}), Custify accepted it"
    before = f"accepted {layout.ago(entry.verified_at)}" if entry.verified_at else "never accepted before"
    return f"NOT: the test {layout.ago(entry.tested_at)} said {entry.tested_code}; {before}"


def _quoted(name: str) -> str:
    import shlex  # noqa: PLC0415 - only names with blanks need it

    return shlex.quote(name)


def _shown(vault: Vault, entry: Entry, uses: dict[str, tuple[int, str]]) -> dict[str, Any]:
    runs, last = uses.get(entry.name, (0, None))
    content = {name: value for name, value in asdict(entry).items() if name != "handle"}
    return {**content, "place": vault.place_of(entry), "runs": runs, "last_run": last}


def _print_json(content: Any) -> None:  # noqa: ANN401 - JSON
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))
