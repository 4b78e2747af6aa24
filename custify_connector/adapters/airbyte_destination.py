"""`destination-custify`: the connector's destinations as an Airbyte destination, `spec`, `check` and `write`.

Decides how a configuration becomes one destination a stream, and when a STATE goes back: once every record before it is
decided, and those that were rejected are kept. It does not retry, pace or store; it does not know an endpoint.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from custify_connector.adapters import airbyte_protocol as protocol
from custify_connector.adapters import airbyte_schemas as schemas
from custify_connector.adapters.airbyte_protocol import Output
from custify_connector.errors import ConfigurationError, Fault, refuse

_SYNC_MODES = ("append", "append_dedup")


def main() -> None:
    """Run the command that the command line names, and exit."""
    commands = {"spec": (spec, ()), "check": (check, ("config",)), "write": (write, ("config", "catalog"))}
    sys.exit(protocol.run("destination-custify", commands))


def spec(_arguments: argparse.Namespace, output: Output) -> int:
    """Tell what this destination is configured with."""
    told = schemas.specification(
        "Custify destination", _fields(), supportsIncremental=True, supported_destination_sync_modes=list(_SYNC_MODES)
    )
    output.message("SPEC", spec=told)
    return 0


def _fields() -> dict[str, Any]:
    """Return the fields of the configuration beside the credential's and the settings."""
    from custify_connector import resources  # noqa: PLC0415 - as quick as it can be

    known = resources.schema("destination")["$defs"]
    delivery = known["template"]["properties"]["delivery"]
    route = {
        "stream": {"type": "string", "minLength": 1, "description": "Name of the stream."},
        "endpoint": {"type": "string", "minLength": 1, "description": "The destination it goes to: upsert_person, …"},
        "map": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "description": "Rules such as user_id=id, name={first} {last}, plan==Gold; none: fields keep their names.",
        },
        "delivery": {"type": "string", **delivery},
        "params": {
            "type": "object",
            "description": "Parameters of the destination, and fields that are the same in every record.",
            "properties": {"max_deletes": {"type": "integer", "description": "Deletes are for good: so many at most."}},
        },
    }
    routes = {"type": "object", "required": ["stream", "endpoint"], "properties": route}
    kept = "A file for the rows that were rejected, with their reasons; without it, the first of them ends the sync."
    return {
        "streams": {
            "title": "Streams",
            "type": "array",
            "items": routes,
            "description": "Where each stream goes; one that is not listed goes to the destination of its own name.",
        },
        "quarantine": {"title": "Quarantine file", "type": "string", "minLength": 1, "description": kept},
        "on_reject": {"type": "string", **known["on_reject"]},
        "max_rejects": {**known["max_rejects"], "type": "string", "pattern": "^[0-9]+([.][0-9]+)?%?$"},
        "dry_run": known["dry_run"],
    }


@dataclass(frozen=True)
class Route:
    """Where a stream goes: the destination that the hook takes, and the rules that make its records."""

    stream: str
    destination: dict[str, Any]
    rules: tuple[str, ...]

    @property
    def counts_one_run(self) -> bool:
        """Whether the destination has a bound that holds within one call of the hook."""
        return "max_rejects" in self.destination or "max_deletes" in self.destination["params"]


@dataclass(frozen=True)
class Plan:
    """A configuration, read: the credential, the routes that it lists, and what is the same for all of them."""

    credential: dict[str, Any]
    routes: dict[str, Route]
    common: dict[str, Any]
    quarantine: Path | None

    def route(self, stream: str) -> Route:
        """Return where a stream goes: where the configuration says, or to the destination of its own name."""
        return self.routes.get(stream) or Route(stream, {"endpoint": stream, "params": {}, **self.common}, ())


def plan(config: Mapping[str, Any], output: Output) -> Plan:
    """Read a configuration; tells of fields that are not known; raises ConfigurationError with all faults."""
    fields = _fields()
    credential, unknown = schemas.divided(config, tuple(fields))
    for fault in unknown:
        output.log("WARN", str(fault))
    listed = config.get("streams", [])
    refuse(tuple(_faults(config, listed, fields)))
    common: dict[str, Any] = {name: config[name] for name in ("on_reject", "dry_run", "settings") if name in config}
    if (bound := config.get("max_rejects")) is not None:
        common["max_rejects"] = int(bound) if isinstance(bound, str) and bound.isdecimal() else bound
    quarantine = config.get("quarantine")
    if quarantine is None:
        # A rejected row that is kept nowhere must not be passed by a state.
        common["on_reject"] = "stop"
    return Plan(credential, _routes(listed, common), common, Path(quarantine) if quarantine else None)


def _faults(config: Mapping[str, Any], listed: object, fields: Mapping[str, Any]) -> Iterator[Fault]:
    from custify_connector.validation import faults_of  # noqa: PLC0415 - spec needs none of it

    checked = {"type": "object", "properties": {name: fields[name] for name in ("streams", "quarantine", "dry_run")}}
    faults = faults_of({name: value for name, value in config.items() if value is not None}, checked, "config")
    yield from faults
    if not faults and isinstance(listed, list):
        names = [route["stream"] for route in listed]
        yield from (
            Fault("config.streams", f"{name} is listed twice") for name in sorted({*names}) if names.count(name) > 1
        )


def _routes(listed: list[dict[str, Any]], common: Mapping[str, Any]) -> dict[str, Route]:
    return {
        route["stream"]: Route(
            route["stream"],
            {
                "endpoint": route["endpoint"],
                "params": route.get("params") or {},
                "delivery": route.get("delivery", "single"),
                **common,
            },
            tuple(route.get("map") or ()),
        )
        for route in listed
    }


def check(arguments: argparse.Namespace, output: Output) -> int:
    """Tell whether the configuration can be used and Custify accepts the key, and if not, why."""
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


def _plan(arguments: argparse.Namespace, output: Output) -> Plan:
    config = protocol.load_object(arguments.config, "config")
    output.hide(config.get("api_key"))
    return plan(config, output)


def _usable(read: Plan, route: Route) -> None:
    """Raise ConfigurationError, the stream named, when a route cannot be written to."""
    from custify_connector.host import mapping  # noqa: PLC0415 - spec needs none of it
    from custify_connector.plugin import connector  # noqa: PLC0415 - the same

    try:
        mapping.parse(route.rules)
        connector.write_destination(read.credential, route.destination, iter(()))
    except ConfigurationError as error:
        raise ConfigurationError(
            tuple(replace(fault, place=f"stream {route.stream}: {fault.place}") for fault in error.faults)
        ) from None


def _quarantine(path: Path) -> Any:  # noqa: ANN401 - imported only where it is needed
    from custify_connector.host.quarantine import Quarantine  # noqa: PLC0415 - spec needs none of it

    return Quarantine(path)


def write(arguments: argparse.Namespace, output: Output) -> int:
    """Write the records of standard input; what is wrong with the arguments is told before the first is taken."""
    from custify_connector.adapters.airbyte_delivery import Delivery  # noqa: PLC0415 - spec needs none of it
    from custify_connector.host.interruption import interruption  # noqa: PLC0415 - the same

    read = _plan(arguments, output)
    routes = routed(protocol.configured_streams(protocol.load_object(arguments.catalog, "catalog")), read)
    with ExitStack() as stack:
        quarantine = stack.enter_context(closing(_quarantine(read.quarantine))) if read.quarantine else None
        asked = stack.enter_context(interruption())
        whole = Delivery(read.credential, routes, quarantine, asked, output).run(sys.stdin.buffer)
    return asked.exit_code if asked else 0 if whole else protocol.FAILED


def routed(catalog: list[dict[str, Any]], read: Plan) -> dict[str, Route]:
    """Return the route of each configured stream; raises ConfigurationError with everything that cannot be written."""
    faults: list[Fault] = []
    routes = {}
    for configured in catalog:
        name, mode = protocol.stream_name(configured), configured.get("destination_sync_mode")
        routes[name] = read.route(name)
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
