"""`custify read --output dlt:DESTINATION`: streams into a destination of dlt, in dlt's own ways.

Decides which options have a meaning there. dlt keeps the states, stages the records and names the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from custify_connector.cli import layout, recording
from custify_connector.cli.options import account_of, typed_params
from custify_connector.cli.wanted import Wanted, names
from custify_connector.contract.errors import ConfigurationError, Fault, refuse
from custify_connector.host import resuming
from custify_connector.host.installation import unusable

START = "dlt:"

_ALIEN = {
    "form": "--format", "state": "--state", "fields": "--field", "limit": "--limit", "source": "--source",
    "writable": "--writable", "overwrite": "--overwrite", "for_excel": "--for-excel", "connector_name": "--connector",
    "dry_run": "--dry-run", "names": "--names", "duckdb_version": "--duckdb-version", "same_account": "--same-account",
}  # fmt: skip


def check() -> None:
    """Raise ConfigurationError for options that have no meaning in dlt."""
    context = click.get_current_context()
    said = [
        option for name, option in _ALIEN.items()
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]  # fmt: skip
    refuse(
        tuple(
            Fault(option, "cannot be combined with --output dlt:, which has its own configuration") for option in said
        )
    )


def read(wanted: Wanted, known: Mapping[str, Any], settings: Mapping[str, Any], *, as_json: bool) -> None:
    """Load the streams, and print how many records each had."""
    chosen = names(wanted, undocumented=bool(settings.get("undocumented")))
    if wanted.several and wanted.params:
        refuse((Fault("--param", "applies to one endpoint only"),))
    described = wanted.connector.description.get("sources", {})
    schemas = described.get(chosen[0], {}).get("parameters", {}).get("properties", {})
    params = {chosen[0]: typed_params(wanted.params, schemas)} if wanted.params else {}
    try:
        from custify_connector.adapters.dlt_loading import load  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError((Fault("dlt", unusable("dlt", error)),)) from None
    account = account_of(known, wanted.connector)
    asked = {"endpoints": chosen, "mode": wanted.mode or "incremental", "params": params, "settings": settings}
    run = recording.reading(known, {**asked, "endpoint": ", ".join(chosen)}, wanted.output, None)
    with recording.recorded(run, wanted.connector.secrets(known)) as record:
        place = resuming.short(f"{account.place} {account.stored or account.key}")
        counts = load(wanted.output.removeprefix(START), place, known, asked)
        record.count(sum(counts.values()), 0)
    if as_json:
        streams = [{"stream": name, "records": count} for name, count in counts.items()]
        click.echo(layout.as_json({"output": wanted.output, "streams": streams}))
    for name, count in counts.items():
        click.echo(f"{name}: {layout.counted(count, 'record')} in {wanted.output}", err=True)
