"""What a name that is not an endpoint may mean: one of the other kind, or the noun that an endpoint is about.

Decides by the description alone: a source is about the title of its schema (`people`: Person), a destination about its
name after the verb (`upsert_person`). A file of its own, because the command needs it before it chooses an endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from custify_connector.checking.wording import removes, suggestion

_LISTED = ": custify describe lists them"


def unknown(description: Mapping[str, Any], kind: str, name: str) -> str:
    """Return why a name is not a `source` or `destination` (`kind`), with what it may mean."""
    other = "destination" if kind == "source" else "source"
    of_kind = [each for each in _about(description, kind, name) if removes(each) == removes(name)]
    meant = f"; did you mean {of_kind[0]!r}?" if of_kind else ""
    if name in description.get(f"{other}s", {}):
        return f"{name!r} is a {other}{meant or f': custify {_COMMANDS[other]} {name}'}"
    return f"there is no {name!r}{meant or suggestion(name, description.get(f'{kind}s', {})) or _LISTED}"


def command_for(description: Mapping[str, Any], name: str) -> str | None:
    """Return the command that an endpoint, or what one is about, was typed in place of; None where it is neither."""
    named = ((kind, name) for kind in _COMMANDS if name in description.get(f"{kind}s", {}))
    about = ((kind, found) for kind in _COMMANDS for found in _about(description, kind, name))
    return next((f"custify {_COMMANDS[kind]} {found}" for kind, found in chain(named, about)), None)


_COMMANDS = {"source": "read", "destination": "write"}


def _about(description: Mapping[str, Any], kind: str, name: str) -> Iterator[str]:
    """Yield the endpoints of a kind that are about what a name, or the endpoint of that name, is about."""
    verb, _, noun = name.lower().partition("_")
    nouns = {noun or verb, name.lower()} | {
        _noun(other, described) for other, described in _endpoints(description) if other == name
    }
    for found, described in description.get(f"{kind}s", {}).items():
        if _noun(found, described) in nouns:
            yield found


def _endpoints(description: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind in _COMMANDS:
        yield from description.get(f"{kind}s", {}).items()


def _noun(name: str, described: Mapping[str, Any]) -> str:
    """Return what an endpoint is about; a destination is known by its verb, and has an identity."""
    if "identity" in described:
        return name.partition("_")[2]
    title = str(described.get("schema", {}).get("title", name))
    return title.lower().replace(" ", "_")
