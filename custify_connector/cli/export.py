"""`custify export`: the configuration that another host takes, as JSON or YAML; nothing is sent, and no key is read."""

from __future__ import annotations

import os
import time
from typing import Literal

import click
import orjson

from custify_connector import manifest
from custify_connector.adapters import nexla as adapter
from custify_connector.checking.json_schema import Schema
from custify_connector.cli.options import exit_codes, typed_params
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.exchange import credential
from custify_connector.host.outputs.stream import Names

_WITH_ENDPOINT = ("source", "destination", "sample")


@click.group()
def command() -> None:
    """Print the configuration that another host takes.

    \b
    custify export nexla source people --credential-id 5001
    custify export dbt
    """  # noqa: D301 - click reads \b


@command.command()
@click.argument("kind", type=click.Choice(list(adapter.PUBLISHED)))
@click.argument("endpoint", required=False, default="")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the endpoint; repeatable.")
@click.option("--name", help="The name in Nexla; default: made from the endpoint's title.")
@click.option("--credential-id", type=click.IntRange(min=1), help="Nexla's id of the credential.")
@click.option("--nexset-id", type=click.IntRange(min=1), help="Nexla's id of the Nexset that a destination takes from.")
@click.option("--delivery", type=click.Choice(["single", "batch"]), default="single", show_default=True)
@click.option("--unverified", is_flag=True, help="Use Nexla's own Custify connector, whose names are only inferred.")
@click.option("--undocumented", is_flag=True, help="Allow endpoints that Custify's documentation does not have.")
@exit_codes
def nexla(
    kind: adapter.Kind,
    endpoint: str,
    params: tuple[str, ...],
    name: str | None,
    credential_id: int | None,
    nexset_id: int | None,
    delivery: Literal["single", "batch"],
    unverified: bool,
    undocumented: bool,
) -> None:
    """Print the JSON body for Nexla's API; the API key in it is ${CUSTIFY_API_KEY}, to be put in when it is posted.

    Credential, source and destination are what their POST takes; sample and quarantine are the bodies of its probes.

    \b
    custify export nexla credential
    custify export nexla source people --credential-id 5001
    custify export nexla source comments --param entityModel=Note
    custify export nexla destination upsert_person --delivery batch
    custify export nexla destination delete_person --param user_id={record.user_id}
    """  # noqa: D301 - click reads \b
    _check(kind, endpoint, unverified=unverified)
    ask = adapter.Ask(
        base_url=_base_url(),
        endpoint=endpoint,
        params=typed_params(params, _schemas(kind, endpoint)),
        name=name,
        credential_id=credential_id or 0,
        nexset_id=nexset_id or 0,
        delivery=delivery,
        undocumented=undocumented,
        now_ms=time.time_ns() // 1_000_000,
    )
    payload = (adapter.UNVERIFIED if unverified else adapter.PUBLISHED)[kind](manifest.load(), ask)
    click.echo(orjson.dumps(payload.body, option=orjson.OPT_INDENT_2).decode())
    for note in payload.notes:
        click.echo(f"note: {note}", err=True)


@command.command()
@click.option("--schema", default="main", show_default=True, help="The database schema that holds the tables.")
@click.option("--names", type=click.Choice(["dotted", "snake"]), default="dotted", show_default=True, help="As read.")
@click.option("--undocumented", is_flag=True, help="Take endpoints as well that Custify's documentation does not have.")
@exit_codes
def dbt(schema: str, names: Names, undocumented: bool) -> None:
    """Print a sources.yml for dbt: the tables of `custify read --all`, with descriptions, tests and freshness.

    \b
    custify export dbt > models/sources.yml
    """  # noqa: D301 - click reads \b
    import yaml  # noqa: PLC0415 - 20 ms that no other export needs

    from custify_connector.adapters import dbt_sources  # noqa: PLC0415 - as above
    from custify_connector.plugin import connector  # noqa: PLC0415 - as above

    content = dbt_sources.sources(connector.describe(), schema, names, undocumented=undocumented)
    click.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), nl=False)


def _check(kind: adapter.Kind, endpoint: str, *, unverified: bool) -> None:
    needed = kind in _WITH_ENDPOINT
    if needed != bool(endpoint):
        reason = f"is required for a {kind}" if needed else f"cannot be combined with {kind}: leave it out"
        raise ConfigurationError((Fault("endpoint", reason),))
    if unverified and kind not in adapter.UNVERIFIED:
        raise ConfigurationError((Fault("--unverified", f"has no effect on a {kind}: leave it out"),))


def _base_url() -> str:
    """Return the API's address, checked as a credential's is; the key beside it is made up and goes nowhere."""
    base_url = credential.environment_url(os.environ) or manifest.load().base_url
    made_up = {"name": "export", "api_key": "not-a-key", "base_url": base_url}
    return credential.check(made_up, manifest.load()).base_url


def _schemas(kind: adapter.Kind, endpoint: str) -> dict[str, Schema]:
    found = manifest.load().sources.get(endpoint) if kind in {"source", "sample"} else None
    return {name: {"type": parameter.type} for name, parameter in found.parameters.items()} if found else {}
