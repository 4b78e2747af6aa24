"""What the adapters of reading hosts offer: streams, each with its schema, key and cursor, and a setting of its own.

Decides which sources are offered, and when a key is promised. It knows the hooks' description; it knows no host.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector import manifest
from custify_connector.checking.json_schema import Schema
from custify_connector.manifest import Alternatives, resources
from custify_connector.plugin import connector

_LEFT_OUT = frozenset({"$schema", "title", "examples"})


@dataclass(frozen=True)
class Stream:
    """A source as a host offers it: `key` names each record, empty where not every record has one.

    `alternatives` are all the ways in which its records are named, the first that a record has whole counts.
    """

    name: str
    summary: str
    schema: dict[str, Any]
    key: tuple[str, ...]
    cursor: str | None
    alternatives: Alternatives = ()


def streams(credential: Mapping[str, Any] | None = None, *, undocumented: bool = False) -> Iterator[Stream]:
    """Yield the sources, with the account's own fields when a credential is given.

    `undocumented` adds those that Custify's documents do not have. Raises ConfigurationError for a wrong credential.
    """
    known = manifest.load().sources
    described = connector.describe_account(credential) if credential else connector.describe()
    for name, source in described["sources"].items():
        if undocumented or not known[name].undocumented:
            # A record that lacks the first of several keys is named by another: no key holds for all of them.
            key = known[name].key[0] if len(known[name].key) == 1 else ()
            schema = {word: value for word, value in source["schema"].items() if word not in _LEFT_OUT}
            yield Stream(name, source["summary"], schema, key, source["cursor"], known[name].key)


def credential_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a host's configuration that is the credential."""
    return {name: config[name] for name in resources.schema("credential")["properties"] if name in config}


def settings_schema() -> Schema:
    """Return the schema of `settings`: the account's rate limit, and how requests are made."""
    schema: Schema = resources.schema("source")["$defs"]["settings"]
    return schema
