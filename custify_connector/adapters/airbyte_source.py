"""`source-custify`: the connector's sources as an Airbyte source, `spec`, `check`, `discover` and `read`.

Decides how a configured catalog and states become calls of the hooks, and when what of a read is reported. It does
not retry, pace or store; it does not know an endpoint.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector.adapters import airbyte_protocol as protocol
from custify_connector.adapters import airbyte_schemas as schemas
from custify_connector.adapters.airbyte_protocol import Output
from custify_connector.checking.wording import suggestion
from custify_connector.contract import Batch
from custify_connector.contract.errors import ConfigurationError, CredentialRefused, Fault, PermissionRefused, refuse

_MODES = {"full_refresh": "full", "incremental": "incremental"}


@dataclass(frozen=True)
class Selected:
    """A stream that is to be read: the source that the hook takes, and the state from which to resume."""

    name: str
    source: dict[str, Any]
    state: dict[str, Any] | None


def main() -> None:
    """Run the command that the command line names, and exit."""
    commands = {
        "spec": (spec, ()),
        "check": (check, ("config",)),
        "discover": (discover, ("config",)),
        "read": (read, ("config", "catalog")),
    }
    sys.exit(protocol.run("source-custify", commands))


def spec(_arguments: argparse.Namespace, output: Output) -> int:
    """Report what this source is configured with."""
    output.message("SPEC", spec=schemas.specification("Custify source", {}, supportsIncremental=True))
    return 0


def check(arguments: argparse.Namespace, output: Output) -> int:
    """Return whether the configuration can be used and Custify accepts the key, and if not, why."""
    from custify_connector.plugin import connector  # noqa: PLC0415 - spec needs none of it

    credential, settings = _config(arguments, output)
    report = connector.test_credential(credential)
    if not report.ok:
        return protocol.connection_status(output, f"{report.message} ({report.code})")
    try:
        first = next(iter(connector.describe()["sources"]))
        connector.read_source(credential, {"endpoint": first, "settings": settings}, None)
    except ConfigurationError as error:
        return protocol.connection_status(output, error)
    return protocol.connection_status(output, None)


def discover(arguments: argparse.Namespace, output: Output) -> int:
    """Report every stream, with the fields that the account defines itself where Custify reports them."""
    from custify_connector import manifest  # noqa: PLC0415 - spec needs none of it
    from custify_connector.plugin import connector  # noqa: PLC0415 - as above

    credential, settings = _config(arguments, output)
    declared = manifest.load().sources
    streams = []
    for name, source in connector.describe_account(credential)["sources"].items():
        if declared[name].undocumented and not settings.get("undocumented"):
            continue
        streams.append(schemas.catalog_stream(source, len(declared[name].key)))
        if not source.get("account_fields", {}).get("known", True):
            reason = source["account_fields"]["reason"]
            output.log("WARN", f"{name}: the account's own fields are not in its schema: {reason}")
    output.message("CATALOG", catalog={"streams": streams})
    return 0


def read(arguments: argparse.Namespace, output: Output) -> int:
    """Read the configured streams, one after another; one that fails does not stop the others.

    What is wrong with the arguments, a state among them, is reported before anything is read.
    """
    from custify_connector.plugin import connector  # noqa: PLC0415 - spec needs none of it

    credential, settings = _config(arguments, output)
    catalog = protocol.configured_streams(protocol.load_object(arguments.catalog, "catalog"))
    states = stream_states(protocol.load(arguments.state, "state") if arguments.state else None)
    chosen = selected(catalog, connector.describe()["sources"], states, settings)
    opened = [(one.name, _opened(credential, one)) for one in chosen]
    refuse(tuple(fault for _, found in opened if isinstance(found, tuple) for fault in found))
    errors: list[Exception | None] = []
    for name, batches in opened:
        if not isinstance(batches, tuple):
            errors.append(_read_one(name, batches, output))
        if errors and _is_everybodys(errors[-1]):
            break
    return protocol.FAILED if any(errors) else 0


def _opened(credential: Mapping[str, Any], one: Selected) -> Iterator[Batch] | tuple[Fault, ...]:
    """Return the batches of a stream, none of them read yet, or what is wrong with its arguments."""
    from custify_connector.plugin import connector  # noqa: PLC0415 - spec needs none of it

    try:
        return connector.read_source(credential, one.source, one.state)
    except ConfigurationError as error:
        return tuple(Fault(f"{one.name}: {fault.place}", fault.reason) for fault in error.faults)


def _is_everybodys(error: Exception | None) -> bool:
    """Say whether the key itself was refused: every other stream would be, too."""
    return isinstance(error, CredentialRefused) and not isinstance(error, PermissionRefused)


def _read_one(name: str, batches: Iterator[Batch], output: Output) -> Exception | None:
    """Read a stream to its end, or tell why it has none; also a fault of this program's own stops one stream only."""
    try:
        _read_whole(name, batches, output)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 reported to the host, with its stack where it is unexpected
        output.status(name, "INCOMPLETE")
        output.error(error, name)
        return error
    return None


def _read_whole(name: str, batches: Iterator[Batch], output: Output) -> None:
    output.status(name, "STARTED")
    running = False
    for batch in batches:
        if not running:
            output.status(name, "RUNNING")
            running = True
        output.records(name, batch.records)
        output.message("STATE", state=_state(name, batch))
    output.status(name, "COMPLETE")


def _state(name: str, batch: Batch) -> dict[str, Any]:
    return {
        "type": "STREAM",
        "stream": {"stream_descriptor": {"name": name}, "stream_state": batch.state},
        "sourceStats": {"recordCount": float(len(batch.records))},
    }


def _config(arguments: argparse.Namespace, output: Output) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the credential and the settings of the configuration; reports fields that are not known."""
    config = protocol.load_object(arguments.config, "config")
    credential, unknown = schemas.divided(config, ())
    output.hide(credential.get("api_key"))
    for fault in unknown:
        output.log("WARN", str(fault))
    settings = config.get("settings", {})
    if not isinstance(settings, dict):
        raise ConfigurationError((Fault("config.settings", "must be an object"),))
    return credential, settings


def selected(
    catalog: list[dict[str, Any]], sources: Mapping[str, Any], states: Mapping[str, Any], settings: Mapping[str, Any]
) -> list[Selected]:
    """Return what a configured catalog asks for; raises ConfigurationError with everything that cannot be read."""
    faults = []
    for configured in catalog:
        name, mode = protocol.stream_name(configured), configured.get("sync_mode")
        if name not in sources:
            faults.append(Fault(f"catalog: stream {name}", f"is not known{suggestion(name, sources)}"))
        elif not isinstance(mode, str) or mode not in _MODES:
            faults.append(
                Fault(f"catalog: stream {name}", f"sync_mode {mode!r} is not known{suggestion(str(mode), _MODES)}")
            )
    refuse(tuple(faults))
    return [_selected(one, sources[protocol.stream_name(one)], states, settings) for one in catalog]


def _selected(
    configured: Mapping[str, Any], described: Mapping[str, Any], states: Mapping[str, Any], settings: Mapping[str, Any]
) -> Selected:
    name = described["name"]
    # PyAirbyte asks every stream for an incremental read; one without a cursor is read in full.
    mode = _MODES[configured["sync_mode"]] if described["cursor"] else "full"
    source = {"endpoint": name, "mode": mode, "settings": dict(settings)}
    fields = selected_fields(configured["stream"].get("json_schema"), described)
    return Selected(name, {**source, "fields": fields} if fields else source, states.get(name))


def selected_fields(schema: object, described: Mapping[str, Any]) -> list[str]:
    """Return the fields that a catalog keeps of a stream, key and cursor always among them; none for all of them.

    A catalog with every declared field asks for all that a record has, also for what no schema declares.
    """
    kept = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(kept, dict) or not kept or set(described["schema"]["properties"]) <= set(kept):
        return []
    needed = [*described["key"], *([described["cursor"]] if described["cursor"] else [])]
    return list(dict.fromkeys([*kept, *(field.split(".")[0] for field in needed)]))


def stream_states(stored: object) -> dict[str, Any]:
    """Return the state of each stream from what a host stored; raises ConfigurationError for what is none of ours."""
    if stored is None or stored in ({}, []):
        return {}
    if not isinstance(stored, list):
        reason = "was not written by this source: reset the connection's state"
        raise ConfigurationError((Fault("state", reason),))
    return dict(_stream_state(place, message) for place, message in enumerate(stored))


def _stream_state(place: int, message: object) -> tuple[str, Any]:
    if not isinstance(message, dict) or (name := protocol.stream_of(message)) is None:
        reason = "is not the state of a stream, the only kind that this source writes: reset the connection's state"
        raise ConfigurationError((Fault(f"state[{place}]", reason),))
    return name, message["stream"].get("stream_state")
