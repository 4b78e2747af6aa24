"""`target-custify`: the connector's destinations as a Singer target, which continues past bad rows.

Decides which destination a stream is for, and that a state is reported only when all before it is decided. It knows
singer-sdk, the hooks and the quarantine; it does not retry, pace or judge a record.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Iterable
from contextlib import ExitStack, closing
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk import BatchSink, Target
from singer_sdk.exceptions import InvalidRecord
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities

from custify_connector import manifest
from custify_connector.adapters import protection
from custify_connector.adapters.once import Once
from custify_connector.adapters.singer_messages import Reader
from custify_connector.adapters.singer_plugin import CustifyPlugin, config_schema, run
from custify_connector.adapters.undelivered import Undelivered
from custify_connector.contract.errors import ConnectorError
from custify_connector.host import runs, words
from custify_connector.host.feed import Safekeeping, Shape
from custify_connector.host.ordering import safe_order
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.rows import Row, Table
from custify_connector.plugin import connector

_ROWS = 1000
_DESTINATION = {
    "type": "object",
    "description": "A destination of the connector, as its hook takes it.",
    "properties": {"endpoint": {"type": "string", "enum": list(manifest.load().destinations)}},
}


class DestinationSink(BatchSink):
    """The records of one stream, passed batch by batch to one destination."""

    def __init__(self, target: TargetCustify, stream_name: str, schema: dict[str, Any], key_properties: Any) -> None:  # noqa: ANN401 - of singer-sdk
        super().__init__(target, stream_name, schema, key_properties)
        self._custify = target
        self._read = 0
        self._fault: str | None = None
        self.destination = target.destination_of(stream_name)

    def setup(self) -> None:
        """Refuse a wrong destination at once, before there is a record for it."""
        self._write([])

    @property
    def is_full(self) -> bool:
        """Never: the target drains all streams together, so that their order holds."""
        return False

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        """Note what the stream's own schema has against a record; no value is changed."""
        self._fault = None
        if self._validator is not None:
            try:
                self._validator.validate(record)
            except InvalidRecord as error:
                self._fault = f"does not meet the schema of its stream: {error.error_message}"
            except Exception as error:  # noqa: BLE001 - a schema that cannot be followed, in words of many libraries
                self._fault = f"cannot be checked by the schema of its stream: {error}"
        return record

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Keep a record for the batch, under its number in the stream."""
        self._read += 1
        context.setdefault("records", []).append(Row(self._read, record, self._fault))

    def process_batch(self, context: dict[str, Any]) -> None:
        """Write a batch; raises ConnectorError when some of it was not decided, so that no state is reported."""
        count, undelivered, reason = runs.WriteCount(), Undelivered(), None
        for line in self._write([self._row(each) for each in context.get("records", [])]):
            count.outcomes[line.receipt.outcome] += 1
            undelivered.add(line.line, line.receipt)
            reason = line.receipt.reason
        outcomes = words.outcomes(count.outcomes)
        self.logger.info("%s: %s", self.destination.get("endpoint", self.stream_name), outcomes or "nothing to do")
        for text in undelivered.texts():
            self.logger.warning("%s: %s", self.stream_name, text)
        if count.outcomes["not_tried"]:
            raise ConnectorError(f"{self.stream_name}: {outcomes}; {reason}")

    def _row(self, record: Any) -> Row:  # noqa: ANN401 - a row, or a record of a BATCH message
        if isinstance(record, Row):
            return record
        self._read += 1
        return Row(self._read, record)

    def _write(self, rows: list[Row]) -> Iterable[Any]:
        described = self._custify.described.get(str(self.destination.get("endpoint")), {})
        quarantine = None if self.destination.get("dry_run") else self._custify.quarantine
        safe = Safekeeping(quarantine=quarantine, repeat=described.get("repeat", "never"))
        table = Table(self.stream_name, None, iter(rows))
        shape = Shape(empty=self.config.get("empty", "text"))
        return self._custify.sender.write(self.destination, table, shape, safe)


class TargetCustify(CustifyPlugin, Target):
    """Writes to Custify: people, companies, events, deals, tasks, tickets, scores and the rest."""

    name = "target-custify"
    package_name = "custify-connector"
    default_sink_class = DestinationSink
    message_reader_class = Reader
    capabilities: ClassVar[list[Any]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]
    config_jsonschema: ClassVar[dict[str, Any]] = config_schema(
        destinations={
            "title": "Destinations",
            "description": 'Destination by stream, as {"signups": {"endpoint": "upsert_person"}}; a stream that is '
            "not named goes to the destination of its own name.",
            "type": "object",
            "additionalProperties": _DESTINATION,
        },
        destination={**_DESTINATION, "title": "Destination", "description": "Where all other streams go."},
        dry_run={
            "title": "Dry run",
            "description": "Send nothing, and report what would be sent. No state is emitted: the next run starts "
            "where this one did.",
            "type": "boolean",
            "default": False,
        },
        **protection.FIELDS,
        quarantine={
            "title": "Quarantine",
            "description": "A file for the records that were rejected, each with its reason; see custify replay.",
            "type": "string",
            "minLength": 1,
            "default": "custify-quarantine.jsonl",
        },
        empty={
            "title": "Empty text",
            "description": "What an empty text means, as a CSV has it: a text, null, or that the field is not there.",
            "type": "string",
            "enum": ["text", "null", "absent"],
            "default": "text",
        },
    )

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - of singer-sdk
        super().__init__(**options)
        self._undecided = 0
        self._held = ExitStack()
        # What ends the target early ends it by an exception, with which the SDK does not call it again.
        atexit.register(self._held.close)

    @property
    def max_parallelism(self) -> int:
        """One: the connector sends side by side itself, and what others point to must come first."""
        return 1

    @cached_property
    def quarantine(self) -> Quarantine:
        """Open the quarantine; raises ConfigurationError when it cannot be written."""
        return self._held.enter_context(
            closing(Quarantine(Path(self.config.get("quarantine", "custify-quarantine.jsonl"))))
        )

    @cached_property
    def sender(self) -> Once:
        """Return what sends rows, and keeps them from being sent again by a later run."""
        return self._held.enter_context(closing(Once(self.credential, protection.read(self.config))))

    @cached_property
    def is_dry(self) -> bool:
        """Say whether some stream is only rehearsed: then no state may be emitted."""
        chosen = (self.config.get("destination"), *self.config.get("destinations", {}).values())
        return bool(self.config.get("dry_run")) or any(one.get("dry_run") for one in chosen if one)

    @cached_property
    def described(self) -> dict[str, Any]:
        """Return the description of every destination, by name."""
        found: dict[str, Any] = connector.describe()["destinations"]
        return found

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Offer the settings of every target, but for the load method: the destination says what a write does."""
        super().append_builtin_config(config_jsonschema)
        config_jsonschema["properties"].pop("load_method", None)

    def destination_of(self, stream_name: str) -> dict[str, Any]:
        """Return the destination for a stream: the one that is named for it, else the one for all others."""
        chosen = self.config.get("destinations", {}).get(stream_name) or self.config.get("destination")
        found = {"settings": dict(self.config.get("settings", {})), **(chosen or {"endpoint": stream_name})}
        return {**found, "dry_run": True} if self.config.get("dry_run") else found

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        super()._process_record_message(message_dict)
        self._undecided += 1
        if self._undecided >= (self.config.get("batch_size_rows") or _ROWS):
            self.drain_all()
            self._undecided = 0

    def _drain_all(self, sink_list: Iterable[DestinationSink], parallelism: int) -> None:
        """Drain the streams in an order in which what others point to comes first."""
        sinks = list(sink_list)
        after = {name: each["after"] for name, each in self.described.items()}
        order = safe_order([str(sink.destination.get("endpoint")) for sink in sinks], after)
        super()._drain_all([sinks[place] for place in order], parallelism)

    def _write_state_message(self, state: dict[str, Any]) -> None:
        """Emit a state, except in a dry run: the next run would pass over rows that were never sent."""
        if self.is_dry:
            self.logger.info("dry run: nothing was sent and no state is emitted")
            return
        super()._write_state_message(state)

    def process_endofpipe(self) -> None:
        """Write what is left, and close the files."""
        with self._held:
            super().process_endofpipe()

    def _handle_termination(self, signum: int, frame: Any) -> None:  # noqa: ANN401, ARG002 - of singer-sdk
        """End without another state: what is under way is not decided, and the next run sends it again."""
        sys.exit(128 + signum)


def main() -> None:
    """Run the target's command."""
    run(TargetCustify.cli, TargetCustify.name)
