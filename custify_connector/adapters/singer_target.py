"""`target-custify`: the connector's destinations as a Singer target, which goes on past bad rows.

Decides which destination a stream is for, and that a state is told only when all before it is decided. It knows
singer-sdk, the hooks and the quarantine; it does not retry, pace or judge a record.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk import BatchSink, Target
from singer_sdk.exceptions import InvalidRecord
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities

from custify_connector.adapters.singer_plugin import CustifyPlugin, config_schema, run
from custify_connector.contract.errors import ConnectorError
from custify_connector.host import runs, words
from custify_connector.host.feed import Safekeeping, Shape
from custify_connector.host.ordering import safe_order
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.rows import Row, Table
from custify_connector.plugin import connector

_ROWS = 1000
_DESTINATION = {"type": "object", "description": "A destination of the connector, as its hook takes it."}


class DestinationSink(BatchSink):
    """The records of one stream, handed over batch by batch to one destination."""

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
        return record

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Keep a record for the batch, under its number in the stream."""
        self._read += 1
        context.setdefault("records", []).append(Row(self._read, record, self._fault))

    def process_batch(self, context: dict[str, Any]) -> None:
        """Write a batch; raises ConnectorError when some of it was not decided, so that no state is told."""
        count = runs.WriteCount()
        for line in self._write([self._row(each) for each in context.get("records", [])]):
            count.outcomes[line.receipt.outcome] += 1
            reason = line.receipt.reason
        told = words.outcomes(count.outcomes)
        self.logger.info("%s: %s", self.destination.get("endpoint", self.stream_name), told or "nothing to do")
        if count.outcomes["not_tried"]:
            raise ConnectorError(f"{self.stream_name}: {told}; {reason}")

    def _row(self, record: Any) -> Row:  # noqa: ANN401 - a row, or a record of a BATCH message
        if isinstance(record, Row):
            return record
        self._read += 1
        return Row(self._read, record)

    def _write(self, rows: list[Row]) -> Iterable[Any]:
        described = self._custify.described.get(str(self.destination.get("endpoint")), {})
        safe = Safekeeping(quarantine=self._custify.quarantine, repeat=described.get("repeat", "never"))
        table = Table(self.stream_name, None, iter(rows))
        shape = Shape(empty=self.config.get("empty", "text"))
        return runs.write(connector, self._custify.credential, self.destination, table, shape, safe)


class TargetCustify(CustifyPlugin, Target):
    """Writes to Custify: people, companies, events, deals, tasks, tickets, scores and the rest."""

    name = "target-custify"
    package_name = "custify-connector"
    default_sink_class = DestinationSink
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

    @property
    def max_parallelism(self) -> int:
        """One: the connector sends side by side itself, and what others point to must come first."""
        return 1

    @cached_property
    def quarantine(self) -> Quarantine:
        """Open the quarantine; raises ConfigurationError when it cannot be written."""
        return Quarantine(Path(self.config.get("quarantine", "custify-quarantine.jsonl")))

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
        return {"settings": dict(self.config.get("settings", {})), **(chosen or {"endpoint": stream_name})}

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

    def _handle_termination(self, signum: int, frame: Any) -> None:  # noqa: ANN401, ARG002 - of singer-sdk
        """End without another state: what is under way is not decided, and the next run sends it again."""
        sys.exit(128 + signum)


def main() -> None:
    """Run the target's command."""
    run(TargetCustify.cli, TargetCustify.name)
