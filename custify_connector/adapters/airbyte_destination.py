"""`destination-custify`: the connector's destinations as an Airbyte destination, `spec`, `check` and `write`.

Decides what each of the commands reports, and which catalogs can be written. It does not retry, pace or store; it does
not know an endpoint.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from custify_connector.adapters import airbyte_protocol as protocol
from custify_connector.adapters import airbyte_schemas as schemas
from custify_connector.adapters.airbyte_protocol import Output
from custify_connector.adapters.airbyte_routes import Plan, Route, fields, plan
from custify_connector.contract.errors import ConfigurationError, Fault, refuse

_SYNC_MODES = ("append", "append_dedup")


def main() -> None:
    """Run the command that the command line names, and exit."""
    commands = {
        "spec": (spec, ()),
        "check": (check, ("config",)),
        "discover": (discover, ("config",)),
        "write": (write, ("config", "catalog")),
    }
    sys.exit(protocol.run("destination-custify", commands))


def spec(_arguments: argparse.Namespace, output: Output) -> int:
    """Report what this destination is configured with."""
    specification = schemas.specification(
        "Custify destination", fields(), supportsIncremental=True, supported_destination_sync_modes=list(_SYNC_MODES)
    )
    output.message("SPEC", spec=specification)
    return 0


def check(arguments: argparse.Namespace, output: Output) -> int:
    """Return whether the configuration can be used and Custify accepts the key, and if not, why."""
    from custify_connector.plugin import connector  # noqa: PLC0415 - spec needs none of it

    try:
        read = _plan(arguments, output)
        for route in read.routes.values():
            _usable(read, route)
        if read.quarantine:
            _quarantine(read.quarantine).close()
        report = connector.test_credential(read.credential)
    except ConfigurationError as error:
        return protocol.connection_status(output, error)
    return protocol.connection_status(output, None if report.ok else f"{report.message} ({report.code})")


def discover(arguments: argparse.Namespace, output: Output) -> int:
    """Report what can be written: an operation for each destination, with its fields and what names a record.

    An upsert has keys by which it finds its record, and is `append_dedup`; what only creates is `append`.
    """
    from custify_connector.plugin import connector  # noqa: PLC0415 - spec needs none of it

    _plan(arguments, output)
    operations = [
        {
            "object_name": name,
            "sync_mode": "append_dedup" if described["repeat"] == "always" else "append",
            "json_schema": {**schemas.table(described["schema"]), "additionalProperties": True},
            "matching_keys": [list(fields) for fields in described["identity"]],
        }
        for name, described in connector.describe()["destinations"].items()
    ]
    output.message("DESTINATION_CATALOG", destination_catalog={"operations": operations})
    return 0


def _plan(arguments: argparse.Namespace, output: Output) -> Plan:
    config = protocol.load_object(arguments.config, "config")
    output.hide(schemas.divided(config, ())[0].get("api_key"))
    return plan(config, output)


def _usable(read: Plan, route: Route) -> None:
    """Raise ConfigurationError, the stream named, when a route cannot be written to."""
    from custify_connector.adapters.once import Once  # noqa: PLC0415 - spec needs none of it
    from custify_connector.host import mapping  # noqa: PLC0415 - as above
    from custify_connector.plugin import connector  # noqa: PLC0415 - as above

    try:
        mapping.parse(route.rules)
        connector.write_destination(read.credential, route.destination, iter(()))
        Once(read.credential, read.protection).refuse_unsafe(route.destination["endpoint"])
    except ConfigurationError as error:
        raise ConfigurationError(
            tuple(replace(fault, place=f"stream {route.stream}: {fault.place}") for fault in error.faults)
        ) from None


def _quarantine(path: Path) -> Any:  # noqa: ANN401 - imported only where it is needed
    from custify_connector.host.quarantine import Quarantine  # noqa: PLC0415 - spec needs none of it

    return Quarantine(path)


def write(arguments: argparse.Namespace, output: Output) -> int:
    """Write the records of standard input; what is wrong with the arguments is reported before the first is taken."""
    from custify_connector.adapters.airbyte_delivery import Delivery  # noqa: PLC0415 - spec needs none of it
    from custify_connector.adapters.once import Once  # noqa: PLC0415 - as above
    from custify_connector.host.interruption import interruption  # noqa: PLC0415 - as above

    read = _plan(arguments, output)
    routes = routed(protocol.configured_streams(protocol.load_object(arguments.catalog, "catalog")), read)
    with ExitStack() as stack:
        quarantine = stack.enter_context(closing(_quarantine(read.quarantine))) if read.quarantine else None
        asked = stack.enter_context(interruption())
        once = stack.enter_context(closing(Once(read.credential, read.protection)))
        whole = Delivery(once, routes, quarantine, asked, output).run(sys.stdin.buffer)
    return asked.exit_code if asked else 0 if whole else protocol.FAILED


def routed(catalog: list[dict[str, Any]], read: Plan) -> dict[str, Route]:
    """Return the route of each configured stream; raises ConfigurationError with everything that cannot be written."""
    faults: list[Fault] = []
    routes = {}
    for configured in catalog:
        name, mode = protocol.stream_name(configured), configured.get("destination_sync_mode")
        routes[name] = read.route(name, configured.get("destination_object_name"))
        if mode not in _SYNC_MODES:
            reason = f"destination_sync_mode {mode!r} is not offered: choose {' or '.join(_SYNC_MODES)}"
            faults.append(Fault(f"catalog: stream {name}", reason))
        try:
            _usable(read, routes[name])
        except ConfigurationError as error:
            faults += error.faults
            if name not in read.routes:
                faults.append(Fault("config.streams", f"does not say where {name} goes"))
    refuse(tuple(faults))
    return routes
