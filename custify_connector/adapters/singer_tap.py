"""`tap-custify`: the connector's sources as a Singer tap, with a state after each batch.

Decides how streams, modes and states are written in Singer's messages. It knows singer-sdk and the hooks; it does not
retry, pace or store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.helpers.conform import TypeConformanceLevel

from custify_connector.adapters import offered, untyped
from custify_connector.adapters.singer_plugin import CustifyPlugin, config_schema, run
from custify_connector.checking.wording import suggestion
from custify_connector.contract import Batch
from custify_connector.contract.errors import Fault, StateError, refuse
from custify_connector.plugin import connector

_MODES = {"INCREMENTAL": "incremental", "FULL_TABLE": "full"}
_STATE = "connector_state"


class SourceStream(Stream):
    """A source: its batches become records, and its state goes into the stream's bookmark as it is."""

    # What the connector reads is JSON already; singer-sdk would drop nested fields that no schema names.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapCustify, stream: offered.Stream) -> None:
        super().__init__(tap, schema=untyped.typed(stream.schema), name=stream.name)
        self._source_tap = tap
        # Targets make columns, and some stop at a field without a type.
        self._untyped = untyped.places(stream.schema)
        self.primary_keys = stream.key
        self.replication_key = stream.cursor

    def get_replication_key_signpost(self, context: Any = None) -> None:  # noqa: ANN401 - of singer-sdk
        """Return nothing: the bookmark holds the connector's own state."""

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401, ARG002 - of singer-sdk
        """Yield every record; the messages are written batch by batch instead."""
        for batch in self._batches():
            yield from self._typed(batch)

    def _typed(self, batch: Batch) -> Iterable[dict[str, Any]]:
        places = self._untyped
        return batch.records if places is None else (untyped.as_text(record, places) for record in batch.records)

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Iterator[dict[str, Any]]:  # noqa: ANN401, ARG002 - of singer-sdk
        """Write the messages of each batch, and then the state that is valid after it."""
        written = 0
        with self.get_record_counter() as counter, self.get_sync_timer(), closing(self._batches()) as batches:
            for batch in batches:
                for record in self._typed(batch):
                    self._check_max_record_limit(current_record_index=written)
                    if write_messages:
                        self._write_record_message(record)
                    counter.increment()
                    written += 1
                    yield record
                self._keep(batch.state, write_messages=write_messages)

    def _keep(self, state: Mapping[str, Any], *, write_messages: bool) -> None:
        self.stream_state[_STATE] = dict(state)
        self.state_manager.is_flushed = False
        if write_messages:
            self._write_state_message()

    def _batches(self) -> Any:  # noqa: ANN401 - a generator of Batch, which can be closed
        batches: Iterator[Batch] = connector.read_source(
            credential=self._source_tap.credential, source=self._source(), state=self.stream_state.get(_STATE)
        )
        return batches

    def _source(self) -> dict[str, Any]:
        """Return the source for the hook; what it does not have, such as LOG_BASED, it refuses itself."""
        method = self.replication_method
        chosen = dict(self.config.get("streams", {}).get(self.name, {}))
        return {
            "endpoint": self.name,
            "mode": _MODES.get(method, method),
            "settings": dict(self.config.get("settings", {})),
            **chosen,
        }


class TapCustify(CustifyPlugin, Tap):
    """Reads Custify: people, companies, deals, tasks, tickets, surveys and the rest."""

    name = "tap-custify"
    package_name = "custify-connector"
    # The account's own fields are asked for, so the configuration must be there and right.
    dynamic_catalog = True
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    config_jsonschema: ClassVar[dict[str, Any]] = config_schema(
        streams={
            "title": "Streams",
            "description": 'Parameters and limits by stream, as {"people": {"params": {"includeSegments": true}}}.',
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"params": {"type": "object"}, "limit": {"type": "integer", "minimum": 1}},
            },
        }
    )

    def discover_streams(self) -> list[SourceStream]:
        """Return every source as a stream; with a catalog at hand its schemas serve, and nothing is asked."""
        settings = self.config.get("settings", {})
        credential = None if self.input_catalog else self.credential
        found = list(offered.streams(credential, undocumented=settings.get("undocumented", False)))
        refuse(tuple(self._unknown({stream.name for stream in found})))
        return [SourceStream(self, stream) for stream in found]

    def _unknown(self, names: set[str]) -> Iterator[Fault]:
        """Yield a fault for each stream that the catalog selects, or the configuration names, and nobody offers."""
        for name, entry in (self.input_catalog or {}).items():
            root = entry.metadata.root
            if name not in names and (root.selected or root.selected_by_default):
                yield Fault(f"catalog: stream {name}", f"is not offered{suggestion(name, names)}")
        for name in self.config.get("streams", {}):
            if name not in names:
                yield Fault(f"config.streams.{name}", f"is not offered{suggestion(name, names)}")

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the bookmarks of an earlier run; raises StateError for those of another tap."""
        bookmarks = state.get("bookmarks", {}) if isinstance(state, dict) else None
        if not isinstance(bookmarks, dict) or not all(isinstance(mark, dict) for mark in bookmarks.values()):
            raise StateError((Fault("state", "is damaged: restore it, or start without it"),))
        for name, mark in bookmarks.items():
            if mark and _STATE not in mark:
                reason = "was not written by this tap, and would be read from the start: start without it"
                raise StateError((Fault(f"state.bookmarks.{name}", reason),))
        super().load_state(state)


def main() -> None:
    """Run the tap's command."""
    run(TapCustify.cli, TapCustify.name)
