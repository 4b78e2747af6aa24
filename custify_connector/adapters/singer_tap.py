"""`tap-custify`: the connector's sources as a Singer tap, with a state after each batch.

A full read has a version, which its records carry and its bookmark keeps until it is read to its end; only then is the
version activated, so that a target removes what is not there any more, and nothing else. Decides how streams, modes
and states are written in Singer's messages. It knows singer-sdk and the hooks; it does not
retry, pace or store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import PurePath
from typing import Any, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import Catalog

from custify_connector.adapters import offered, singer_catalog, singer_keys, untyped
from custify_connector.adapters.singer_plugin import CustifyPlugin, config_schema, run
from custify_connector.checking.wording import suggestion
from custify_connector.contract import Batch
from custify_connector.contract.errors import Fault, StateError, refuse
from custify_connector.plugin import connector

_MODES = {"INCREMENTAL": "incremental", "FULL_TABLE": "full"}
_STATE = "connector_state"
_VERSION = "version"
_READING = "is_unfinished"


class SourceStream(Stream):
    """A source: its batches become records, and its state goes into the stream's bookmark as it is."""

    # What the connector reads is JSON already; singer-sdk would drop nested fields that no schema names.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapCustify, stream: offered.Stream) -> None:
        schema = untyped.typed(stream.schema)
        self._keys = None if stream.key or not tap.config.get("add_key", True) else stream.alternatives
        if self._keys is not None:
            schema["properties"] = {**schema["properties"], singer_keys.COLUMN: singer_keys.SCHEMA}
        super().__init__(tap, schema=schema, name=stream.name)
        self._source_tap = tap
        # Targets make columns, and some stop at a field without a type.
        self._untyped = untyped.places(stream.schema)
        self.primary_keys = stream.key if self._keys is None else (singer_keys.COLUMN,)
        # A target cannot merge changes into records that have no key: those are read in full.
        self.replication_key = stream.cursor if stream.key else None
        self.forced_replication_method = None if stream.cursor and stream.key else "FULL_TABLE"

    @property
    def emit_activate_version_messages(self) -> bool:
        """Return False: singer-sdk would activate a version before its first record is there."""
        return False

    def get_replication_key_signpost(self, context: Any = None) -> None:  # noqa: ANN401 - of singer-sdk
        """Return nothing: the bookmark holds the connector's own state."""

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:  # noqa: ANN401, ARG002 - of singer-sdk
        """Yield every record; the messages are written batch by batch instead."""
        typed = self._typing()
        for batch in self._batches():
            yield from typed(batch)

    def _typing(self) -> Callable[[Batch], Iterable[dict[str, Any]]]:
        """Return what makes the records of one read fit for a target."""
        places = self._untyped
        # A catalog that an older tap wrote has no such column.
        has_key = singer_keys.COLUMN in (self.primary_keys or ())
        keys = singer_keys.Keys(self._keys or ()) if has_key else None

        def typed(batch: Batch) -> Iterable[dict[str, Any]]:
            named = batch.records if keys is None else (keys.named(record) for record in batch.records)
            return named if places is None else (untyped.as_text(record, places) for record in named)

        return typed

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Iterator[dict[str, Any]]:  # noqa: ANN401, ARG002 - of singer-sdk
        """Write the messages of each batch; a state is written when the next batch is there, the last one in the end.

        So the state that says that a full read is whole comes after its version is active.
        """
        version = self._stream_version = self._next_version()
        kept: Mapping[str, Any] | None = None
        typed, written = self._typing(), 0
        with self.get_record_counter() as counter, self.get_sync_timer(), closing(self._batches()) as batches:
            try:
                for batch in batches:
                    self._keep(kept, version, write_messages=write_messages)
                    for record in typed(batch):
                        self._check_max_record_limit(current_record_index=written)
                        if write_messages:
                            self._write_record_message(record)
                        counter.increment()
                        written += 1
                        yield record
                    kept = batch.state
            except Exception:
                self._keep(kept, version, write_messages=write_messages)
                raise
        if version is not None and write_messages:
            self._write_activate_version_message(version)
        self._keep(kept, version, write_messages=write_messages, is_whole=True)

    def _next_version(self) -> int | None:
        """Return the version of a full read: that of the read that is continued, else one above all before it.

        A target keeps it in 32 bits, so it is in seconds. A limited read has none: it would remove what it left out.
        """
        chosen = self.config.get("streams", {}).get(self.name, {})
        wanted = self.config.get("emit_activate_version_messages", True) and "limit" not in chosen
        if self.replication_method != "FULL_TABLE" or not wanted:
            return None
        last = self.stream_state.get(_VERSION)
        if self._is_unfinished():
            return int(last)
        return max(int(time.time()), (last or 0) + 1)

    def _is_unfinished(self) -> bool:
        """Say whether a full read with a version was broken off, and a target can merge what is read twice."""
        mark = self.stream_state
        return bool(mark.get(_READING) and mark.get(_VERSION) is not None and self.primary_keys)

    def _keep(
        self, state: Mapping[str, Any] | None, version: int | None, *, write_messages: bool, is_whole: bool = False
    ) -> None:
        if state is None:
            return
        self.stream_state[_STATE] = dict(state)
        self.stream_state.pop(_READING, None)
        if version is not None:
            self.stream_state.update({_VERSION: version, **({} if is_whole else {_READING: True})})
        self.state_manager.is_flushed = False
        if write_messages:
            self._write_state_message()

    def _batches(self) -> Any:  # noqa: ANN401 - a generator of Batch, which can be closed
        batches: Iterator[Batch] = connector.read_source(
            credential=self._source_tap.credential, source=self._source(), state=self._state()
        )
        return batches

    def _state(self) -> Any:  # noqa: ANN401 - the connector's own
        """Return where to resume.

        A new version is read from the start: to activate it removes what an earlier run read without it. So is what a
        target could not merge.
        """
        is_full = self.replication_method == "FULL_TABLE"
        starts = not self.primary_keys or (self._stream_version is not None and not self._is_unfinished())
        return None if is_full and starts else self.stream_state.get(_STATE)

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
        TapCapabilities.ACTIVATE_VERSION,
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
        },
        emit_activate_version_messages={
            "title": "Activate versions",
            "description": "After a full read, let the target remove records that were not read.",
            "type": "boolean",
            "default": True,
        },
        add_key={
            "title": "Add a key",
            "description": f"Give the records of streams without a key of one form a column {singer_keys.COLUMN}, by "
            "which targets merge them.",
            "type": "boolean",
            "default": True,
        },
    )

    def __init__(self, *, catalog: Any = None, state: Any = None, **options: Any) -> None:  # noqa: ANN401 - of singer-sdk
        # A text or path names a file, which singer-sdk reads.
        if catalog is not None and not isinstance(catalog, (str, PurePath, Catalog)):
            singer_catalog.check_catalog(_as_json(catalog))
        if state is not None and not isinstance(state, (str, PurePath)):
            singer_catalog.check_state(state)
        super().__init__(catalog=catalog, state=state, **options)

    def discover_streams(self) -> list[SourceStream]:
        """Return every source as a stream; with a catalog at hand its schemas serve, and nothing is asked."""
        settings = self.config.get("settings", {})
        credential = None if self.input_catalog else self.credential
        found = list(offered.streams(credential, undocumented=settings.get("undocumented", False)))
        refuse(tuple(self._unknown({stream.name for stream in found})))
        return [SourceStream(self, stream) for stream in found]

    def _unknown(self, names: set[str]) -> Iterator[Fault]:
        """Yield a fault for each stream that the catalog selects or the configuration names and that is not offered."""
        for name, entry in (self.input_catalog or {}).items():
            root = entry.metadata.root
            if name not in names and (root.selected or root.selected_by_default):
                yield Fault(f"catalog: stream {name}", f"is not offered{suggestion(name, names)}")
        for name in self.config.get("streams", {}):
            if name not in names:
                yield Fault(f"config.streams.{name}", f"is not offered{suggestion(name, names)}")

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the bookmarks of an earlier run; raises StateError for those of another tap."""
        singer_catalog.check_state(state)
        for name, mark in state.get("bookmarks", {}).items():
            if mark and _STATE not in mark:
                reason = "was not written by this tap, and would be read from the start: start without it"
                raise StateError((Fault(f"state.bookmarks.{name}", reason),))
        super().load_state(state)


def main() -> None:
    """Run the tap's command."""
    run(TapCustify.cli, TapCustify.name)


def _as_json(catalog: Any) -> Any:  # noqa: ANN401 - whatever was given
    """Return a catalog as a file of it would hold it: the SDK's own has tuples where JSON has lists."""
    if isinstance(catalog, Mapping):
        return {name: _as_json(value) for name, value in catalog.items()}
    return [_as_json(value) for value in catalog] if isinstance(catalog, (list, tuple)) else catalog
