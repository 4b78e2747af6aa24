"""`custify describe`: the endpoints as a table, one endpoint in full, or everything as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from custify_connector.checking.wording import suggestion
from custify_connector.cli import completing
from custify_connector.cli.choosing import budget_option, chosen, credential_options, within_budget
from custify_connector.cli.connector_option import connector_option, named
from custify_connector.cli.options import exit_codes
from custify_connector.contract.errors import ConfigurationError, Fault


@click.command()
@click.argument("endpoint", required=False, shell_complete=completing.endpoints)
@click.option("--account", is_flag=True, help="Ask the account for its own attributes; needs a credential.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as a host gets it.")
@connector_option
@credential_options
@budget_option
@exit_codes
def command(endpoint: str | None, account: bool, as_json: bool, connector_name: str | None) -> None:
    """Show the endpoints, or all that is known of one.

    \b
    custify describe
    custify describe people --account
    custify describe --json
    """  # noqa: D301 - click reads \b
    asked = named(connector_name)
    description = asked.hooks.describe_account(within_budget(chosen(asked.label))) if account else asked.description
    if endpoint is not None:
        description = _one(description, endpoint)
    if as_json:
        import orjson  # noqa: PLC0415 - only this way of printing needs it

        click.echo(orjson.dumps(description, option=orjson.OPT_INDENT_2).decode())
    elif endpoint is None:
        _print_all(description)
    else:
        _print_one(description)


def _one(description: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    known = {**description.get("sources", {}), **description.get("destinations", {})}
    if endpoint not in known:
        raise ConfigurationError((Fault("endpoint", f"there is no {endpoint!r}{suggestion(endpoint, known)}"),))
    return {"name": endpoint, "schema": {}, **known[endpoint]}


def _print_all(description: Mapping[str, Any]) -> None:
    title = description.get("title", description.get("name", ""))
    click.echo(_with(f"{title} {description.get('version', '')}".strip(), description))
    for kind in ("sources", "destinations"):
        click.echo(f"\n{kind}")
        known = description.get(kind, {})
        width = max(map(len, known), default=0)
        for name, endpoint in known.items():
            mark = " (undocumented)" if endpoint.get("undocumented") else ""
            click.echo(f"  {name:<{width}}  {endpoint.get('summary', endpoint.get('title', ''))}{mark}".rstrip())


def _with(name: str, described: Mapping[str, Any]) -> str:
    return f"{name}: {described['summary']}" if described.get("summary") else name


def _print_one(endpoint: Mapping[str, Any]) -> None:
    click.echo(_with(endpoint["name"], endpoint))
    if endpoint.get("undocumented"):
        click.echo("  undocumented: it may change or not exist; add --undocumented to use it")
    for word in ("key", "modes", "cursor", "identity", "repeat", "clear", "deliveries"):
        if endpoint.get(word):
            click.echo(f"  {word}: {_words(endpoint[word])}")
    _print_fields("parameters", endpoint.get("parameters", {}))
    _print_fields("fields", endpoint["schema"])
    own = endpoint["schema"].get("properties", {}).get("custom_attributes", {})
    _print_fields("custom attributes of this account", own if "account_fields" in endpoint else {})
    if not endpoint.get("account_fields", {"known": True})["known"]:
        click.echo(f"\n  the account's own attributes: {endpoint['account_fields']['reason']}")


def _words(value: Any) -> str:  # noqa: ANN401 - text, or lists of it
    if isinstance(value, list):
        return ", ".join(" with ".join(item) if isinstance(item, list) else item for item in value)
    return str(value)


def _print_fields(title: str, schema: dict[str, Any]) -> None:
    properties = schema.get("properties", {})
    if not properties:
        return
    click.echo(f"\n  {title}")
    width = max(map(len, properties))
    for name, field in properties.items():
        kinds = field.get("type", "any")
        shown = kinds if isinstance(kinds, str) else " or ".join(kinds)
        click.echo(f"    {name:<{width}}  {shown}; {field.get('description', '')}")
