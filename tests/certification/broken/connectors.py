"""Eight connectors of the notes service, each whole, registered and described, and each wrong in one way.

They are certified as anybody's would be; nothing here knows of a check.
"""

from dataclasses import replace

from custify_connector.contract import Receipt, hookimpl
from tests.certification.tiny.connector import FIELDS, Connector


class SameKey(Connector):
    """Every record has the same primary key."""

    @hookimpl
    def read_source(self, credential, source, state):
        """Deliver every note as the first."""
        return _each(super().read_source(credential, source, state), lambda note: {**note, "id": 1})


class NoKey(Connector):
    """The primary key is absent from the records."""

    @hookimpl
    def read_source(self, credential, source, state):
        """Deliver the texts alone."""
        return _each(super().read_source(credential, source, state), lambda note: {"text": note["text"]})


class KeyNotInSchema(Connector):
    """The declared key is not in the schema."""

    @hookimpl
    def describe(self):
        """Describe a key that no record has."""
        return _described(super().describe(), key=["note_id"])


class FieldsNeverDelivered(Connector):
    """Most fields of the schema are never delivered."""

    @hookimpl
    def describe(self):
        """Describe four fields more than there are."""
        more = {name: {"type": ["string", "null"]} for name in ("author", "title", "colour", "folder")}
        return _described(
            super().describe(), schema={"type": "object", "required": ["id"], "properties": FIELDS | more}
        )

    @hookimpl
    def read_source(self, credential, source, state):
        """Deliver the ids alone."""
        return _each(super().read_source(credential, source, state), lambda note: {"id": note["id"]})


class OtherFields(Connector):
    """The schema describes other fields than those that come."""

    @hookimpl
    def describe(self):
        """Describe the fields of some other service."""
        other = {name: {"type": ["string", "null"]} for name in ("first_name", "last_name")}
        schema = {"type": "object", "required": ["id"], "properties": {"id": FIELDS["id"], **other}}
        return _described(super().describe(), schema=schema)


class WrongType(Connector):
    """An integer is sent where a boolean is declared."""

    @hookimpl
    def describe(self):
        """Describe that the id is true or false."""
        schema = {"type": "object", "required": ["id"], "properties": {**FIELDS, "id": {"type": "boolean"}}}
        return _described(super().describe(), schema=schema)


class FirstPagesSkipped(Connector):
    """The first page is never read."""

    @hookimpl
    def read_source(self, credential, source, state):
        """Begin with the sixth note."""
        return super().read_source(credential, source, state or {"version": 1, "after": 5})


class EveryRowDropped(Connector):
    """Every record has a receipt that says sent, and nothing is."""

    @hookimpl
    def write_destination(self, credential, destination, records):  # noqa: ARG002 - the hook's arguments are fixed
        """Say that all went well."""
        return (Receipt(index, "sent") for index, _ in enumerate(records))


BROKEN = (
    SameKey,
    NoKey,
    KeyNotInSchema,
    FieldsNeverDelivered,
    OtherFields,
    WrongType,
    FirstPagesSkipped,
    EveryRowDropped,
)


def _each(batches, change):
    return (replace(batch, records=[change(record) for record in batch.records]) for batch in batches)


def _described(description, **words):
    notes = {**description["sources"]["notes"], **words}
    return {**description, "sources": {"notes": notes}}
