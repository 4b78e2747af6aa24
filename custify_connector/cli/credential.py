"""`custify credential`: the keys of this machine by name, each tested before it is trusted; no key is ever shown."""

from __future__ import annotations

import shlex
from dataclasses import asdict

import click

from custify_connector.checking.secret import Secret
from custify_connector.cli import choosing, credential_tile, layout, new_key
from custify_connector.cli.choosing import budget_option
from custify_connector.cli.completing import credential_names
from custify_connector.cli.options import exit_codes, fail, json_option
from custify_connector.contract import CredentialReport
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.key_stores import Kind
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.host.vault import Entry, Vault, mapping_of, now

_RUNS_SHOWN = 5
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
@click.option(
    "--base-url",
    metavar="URL",
    help="Only for accounts in another data centre: the URL beside the key. Default: CUSTIFY_BASE_URL.",
)
@click.option(
    "--allow-host", metavar="HOST", help="Only for a proxy or test server outside Custify: repeat its host here."
)
@click.option("--store", type=click.Choice(["keyring", "file"]), help="Default: the keyring where one works.")
@click.option("--no-test", is_flag=True, help="Store the key without asking Custify whether it accepts it.")
@_stdin
@json_option
@budget_option
@exit_codes
def add(
    name: str, description: str, base_url: str | None, allow_host: str | None, store: Kind | None, no_test: bool,
    api_key_stdin: bool, as_json: bool,
) -> None:  # fmt: skip
    """Store a new credential, once Custify has accepted its key.

    \b
    custify credential add acme --description "nightly sync; owner: data team"
    custify credential add acme-eu --base-url https://eu.api.custify.com
    pass show custify | custify credential add acme --api-key-stdin
    """  # noqa: D301 - click reads \b
    vault = Vault()
    vault.refuse_taken(name)
    place = vault.store(store)
    base_url = base_url or choosing.address().get("base_url")
    key = new_key.asked(from_stdin=api_key_stdin)
    entry = Entry(name, description, base_url, allow_host, place.kind, "", now())
    new_key.refuse_malformed(mapping_of(entry, key))
    report = None if no_test else _accepted(entry, key)
    vault.add(entry, key, place)
    if report:
        vault.tested(name, report)
    if as_json:
        click.echo(layout.as_json(credential_tile.shown(vault, vault.find(name), {})))
        return
    click.echo(f"{report.message}." if report else "It was not tested.")
    click.echo(layout.prose(f"{name!r} is kept in {place.place}.", layout.width()))
    click.echo(f"Next: custify read people --limit 5 --credential {shlex.quote(name)}")


def _accepted(entry: Entry, key: Secret) -> CredentialReport:
    """Return the report on a key that Custify accepts; with any other the command ends here, and nothing is kept."""
    report = new_key.tested(mapping_of(entry, key))
    if not report.ok:
        hint = "" if report.code == "unauthorized" else "; to store the key anyway, add --no-test"
        fail(f"not kept: {report.message}{hint}", new_key.exit_code(report))
    return report


@command.command("list")
@json_option
@exit_codes
def list_(as_json: bool) -> None:
    """Show every credential: where it leads, when it was verified, what uses it.

    \b
    custify credential list
    custify credential list --json
    """  # noqa: D301 - click reads \b
    vault = Vault()
    entries, uses = vault.entries(), credential_tile.uses()
    if as_json:
        click.echo(layout.as_json([credential_tile.shown(vault, entry, uses) for entry in entries]))
        return
    if not entries:
        click.echo("No credential is stored yet. Next: custify credential add NAME")
        return
    columns = layout.width()
    for entry in entries:
        click.echo(layout.tile(entry.name, credential_tile.lines(vault, entry, uses), columns) + "\n")
    example = shlex.quote(entries[0].name)
    click.echo(f"{layout.counted(len(entries), 'credential')}. To use one: custify read people --credential {example}")


@command.command()
@_name
@json_option
@exit_codes
def show(name: str, as_json: bool) -> None:
    """Show one credential, with the runs that used it last; the key is never shown.

    \b
    custify credential show acme
    """  # noqa: D301 - click reads \b
    vault, history = Vault(), RunHistory()
    entry = vault.find(name)
    uses, runs = credential_tile.uses(), history.page(_RUNS_SHOWN, None, {"credential": name})
    if as_json:
        last_runs = [run.shown() for run in runs]
        click.echo(layout.as_json({**credential_tile.shown(vault, entry, uses), "last_runs": last_runs}))
        return
    added = [("added", f"{layout.ago(entry.added)} ({layout.clock(entry.added)})")]
    click.echo(layout.tile(entry.name, [*credential_tile.lines(vault, entry, uses), *added], layout.width()))
    for run in runs:
        click.echo(f"  run {run.id:<7} {layout.clock(run.started)}  {run.kind} {run.endpoint}: {run.status}")
    if runs:
        click.echo(f"\nall about one: custify runs show {runs[0].id}")


@command.command()
@_name
@json_option
@budget_option
@exit_codes
def test(name: str, as_json: bool) -> None:
    """Ask Custify whether it accepts a key; one request, and it changes nothing.

    \b
    custify credential test acme
    """  # noqa: D301 - click reads \b
    vault = Vault()
    report = new_key.tested(vault.credential(name))
    vault.tested(name, report)
    if as_json:
        click.echo(layout.as_json({"name": name, **asdict(report)}))
    elif report.ok:
        click.echo(f"{name}: {report.message} ({report.elapsed_ms} ms)")
    if not report.ok:
        fail(f"{name}: {report.message}", new_key.exit_code(report))


@command.command()
@_name
@_stdin
@budget_option
@exit_codes
def rotate(name: str, api_key_stdin: bool) -> None:
    """Replace the key of a credential; the old one stays until Custify has accepted the new one.

    \b
    custify credential rotate acme
    """  # noqa: D301 - click reads \b
    vault = Vault()
    entry = vault.find(name)
    key = new_key.asked(from_stdin=api_key_stdin)
    new_key.refuse_malformed(mapping_of(entry, key))
    report = new_key.tested(mapping_of(entry, key))
    if not report.ok:
        fail(f"the old key stays: {report.message}", new_key.exit_code(report))
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
        raise ConfigurationError((*needed, Fault("remove", "add --force to remove it anyway")))
    vault.remove(name)
    click.echo(f"{name!r} is removed here. Its key is valid until you delete it in Custify.")


def _need(run: Run) -> str:
    if run.status == "running":
        return f"run {run.id} ({run.kind} {run.endpoint}) uses it now"
    return f"the state {run.state_name!r} resumes with it: run {run.id}; custify runs states --remove removes the state"
