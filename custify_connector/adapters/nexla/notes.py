"""What a person must know of a body: one sentence for each word that Nexla has no key for.

Decides what is said, and when. This file does not know how a body is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from custify_connector.adapters.nexla.addresses import Address
from custify_connector.manifest import DestinationEndpoint

UNTRIED_BATCH = "body.transform.function was never run on Nexla: test it with a few records first"

SOURCE_NOTES = {
    "add": "Nexla does not add {} to the records: a record has it only where Custify's reply does",
    "flatten": "what is inside {} stays there: lift it in a transform of the Nexset",
    "fallback_path": "some accounts answer under {} instead: if this one is not found, change the URL",
}
RECORD_NOTES = {
    "clear": "a null clears nothing here: name the field in the record's $unset instead",
}
CALL_NOTES = {
    "copy": "Custify reads {} in the body too: add it to the Nexset",
    "find_first": "Nexla looks nothing up: a record that exists is created once more, where the connector updates it",
    "fallback_path": SOURCE_NOTES["fallback_path"],
    "repeat": "Nexla's docs do not say when it repeats a call, and repeating this one can do it twice",
}
_WITHOUT_LOSS = (None, "null", "always")
"""Values that say nothing beyond what Nexla does anyway."""


def notes(manual: Mapping[str, Any], sentences: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each word of a manual configuration that Nexla has no key for."""
    for word, sentence in sentences.items():
        value = manual.get(word)
        if value and value not in _WITHOUT_LOSS:
            yield sentence.format(value if isinstance(value, str) else ", ".join(value))
    if manual.get("envelope") == "page_or_record":
        yield "where there is only one record, Custify answers with it alone, outside of the list, and Nexla misses it"


def id_notes(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what must still be put into a body."""
    for name in ("data_credentials_id", "data_set_id"):
        if body.get(name) == 0:
            yield f"{name} is 0: put in the id that Nexla gave"


def address_notes(manual: Mapping[str, Any], address: Address) -> Iterator[str]:
    """Yield what must hold of the records, so that each goes to one address."""
    names = ", ".join(address.names)
    if manual["request"]["method"] == "DELETE":
        yield f"leave records without {names} out of the Nexset: an address with a gap may delete more than one record"
    elif names:
        yield f"the body is the whole record, {names} included: exclude what belongs in the address only"
    if manual["request"]["routes"] or manual["request"]["query"]:
        named = f"by {names} in the address" if names else "in the body"
        yield f"every record must be named {named}; export again with --param NAME={{record.NAME}} to name it otherwise"


def delete_notes(endpoint: DestinationEndpoint) -> Iterator[str]:
    """Yield what must be known of a destination that deletes."""
    if endpoint.destructive:
        yield "deletes are permanent, and Nexla has no bound on their number"
