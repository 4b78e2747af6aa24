"""The configuration of `destination-custify`, read: one route a stream, from the stream to a destination of the hook.

Decides which fields a configuration has beside the credential's, and what is the same for all streams. This file does
not know messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custify_connector.adapters import airbyte_schemas as schemas
from custify_connector.adapters import protection
from custify_connector.adapters.airbyte_protocol import Output
from custify_connector.adapters.protection import Protection
from custify_connector.contract.errors import Fault, refuse

_CHECKED = ("streams", "quarantine", "dry_run", "journal", "allow_duplicates")
"""The hook checks the others."""


def fields() -> dict[str, Any]:
    """Return the fields of the configuration beside the credential's and the settings."""
    from custify_connector import manifest  # noqa: PLC0415 - as quick as it can be
    from custify_connector.manifest import resources  # noqa: PLC0415 - as above

    known = resources.schema("destination")["$defs"]
    delivery = known["template"]["properties"]["delivery"]
    route = {
        "stream": {"type": "string", "minLength": 1, "description": "Name of the stream."},
        "endpoint": {
            "type": "string",
            "minLength": 1,
            "enum": list(manifest.load().destinations),
            "description": "The destination it goes to: upsert_person, …",
        },
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
        **{name: dict(field) for name, field in protection.FIELDS.items()},
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
    protection: Protection

    def route(self, stream: str, chosen: object = None) -> Route:
        """Return where a stream goes: where the configuration says, else `chosen`, else to what has its name.

        `chosen` is the operation of `discover` that the catalog names for it.
        """
        endpoint = chosen if isinstance(chosen, str) and chosen else stream
        return self.routes.get(stream) or Route(stream, {"endpoint": endpoint, "params": {}, **self.common}, ())


def plan(config: Mapping[str, Any], output: Output) -> Plan:
    """Read a configuration; reports fields that are not known; raises ConfigurationError with all faults."""
    known = fields()
    credential, unknown = schemas.divided(config, tuple(known))
    for fault in unknown:
        output.log("WARN", str(fault))
    listed = config.get("streams", [])
    refuse(tuple(_faults(config, listed, known)))
    common: dict[str, Any] = {name: config[name] for name in ("on_reject", "dry_run", "settings") if name in config}
    if (bound := config.get("max_rejects")) is not None:
        common["max_rejects"] = int(bound) if isinstance(bound, str) and bound.isdecimal() else bound
    quarantine = config.get("quarantine")
    if quarantine is None:
        # A rejected row that is kept nowhere must not be passed by a state.
        common["on_reject"] = "stop"
    kept = Path(quarantine) if quarantine else None
    return Plan(credential, _routes(listed, common), common, kept, protection.read(config))


def _faults(config: Mapping[str, Any], listed: object, known: Mapping[str, Any]) -> Iterator[Fault]:
    from custify_connector.checking.json_schema import faults_of  # noqa: PLC0415 - spec needs none of it

    # Of an endpoint that there is not, the hook says which one may be meant.
    known["streams"]["items"]["properties"]["endpoint"].pop("enum")
    checked = {"type": "object", "properties": {name: known[name] for name in _CHECKED}}
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
