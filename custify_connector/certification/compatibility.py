"""What a new release takes away from those who use the last one, read from two descriptions.

Pure. What goes in (credentials) may grow laxer, what comes out (records) may grow richer, and never the other way.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def types_of(schema: Schema) -> set[str]:
    """Return the JSON types that a schema allows; empty where it does not say."""
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)


def input_breaks(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """Yield what was valid to hand in, and is not any more: a property, a type, a value of an enum, a free choice."""
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{place}.{name} is newly required"
    yield from _narrowed(old, new, place)
    for name, before, after in _both(old, new):
        yield from [f"{place}.{name} is gone"] if after is None else input_breaks(before, after, f"{place}.{name}")


def output_breaks(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """Yield what records had and no longer have, or have in another type."""
    if old.get("type") is not None and not _types(new) <= _types(old):
        yield f"{place} changed its type from {_words(old)} to {_words(new)}"
    for name, before, after in _both(old, new):
        yield from [f"{place}.{name} is gone"] if after is None else output_breaks(before, after, f"{place}.{name}")


def catalogue_breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield every stream, destination, field, key, cursor or mode of the last release that is gone or different."""
    for kind in ("sources", "destinations"):
        for name, before in old.get(kind, {}).items():
            after = new.get(kind, {}).get(name)
            if after is None:
                yield f"{kind}.{name} is gone"
            else:
                yield from _endpoint_breaks(kind, name, before, after)


def old_configs(schema: Schema, count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield sample values of a schema's object: the required fields, and some of the others; always the same ones."""
    choose = random.Random(seed)  # noqa: S311 - samples, no secrets
    examples: list[dict[str, Any]] = list(schema.get("examples", ()))
    for number in range(count):
        chosen = {
            name: _sample(name, one, number, examples)
            for name, one in schema.get("properties", {}).items()
            if name in schema.get("required", ()) or choose.random() < 0.5  # noqa: PLR2004 - a coin
        }
        yield chosen


def _endpoint_breaks(kind: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    place = f"{kind}.{name}"
    for word in ("key", "cursor", "identity"):
        if old.get(word) != new.get(word):
            yield f"{place} changed its {word} from {old.get(word)!r} to {new.get(word)!r}"
    for mode in sorted(set(old.get("modes", ())) - set(new.get("modes", ()))):
        yield f"{place} no longer has the mode {mode}"
    breaks = output_breaks if kind == "sources" else input_breaks
    yield from breaks(old.get("schema", {}), new.get("schema", {}), place)
    yield from input_breaks(old.get("parameters", {}), new.get("parameters", {}), f"{place}?")


def _narrowed(old: Schema, new: Schema, place: str) -> Iterator[str]:
    if new.get("type") is not None and not _types(old) <= _types(new):
        yield f"{place} changed its type from {_words(old)} to {_words(new)}"
    lost = [one for one in old.get("enum", ()) if "enum" in new and one not in new["enum"]]
    if lost or ("enum" in new and "enum" not in old):
        yield f"{place} takes fewer values than it did"


def _types(schema: Schema) -> set[str]:
    named = types_of(schema)
    return named | ({"integer"} if "number" in named else set())


def _words(schema: Schema) -> str:
    return " or ".join(sorted(_types(schema))) or "anything"


def _both(old: Schema, new: Schema) -> Iterator[tuple[str, Schema, Schema | None]]:
    after = new.get("properties", {})
    for name, before in old.get("properties", {}).items():
        yield name, before, after.get(name)


def _sample(name: str, schema: Schema, number: int, examples: list[dict[str, Any]]) -> object:
    known = [example[name] for example in examples if name in example]
    if known or "default" in schema or schema.get("enum"):
        choices = [*known, *([schema["default"]] if "default" in schema else ()), *schema.get("enum", ())]
        return choices[number % len(choices)]
    plain: dict[str, object] = {"integer": number, "number": number, "boolean": True, "object": {}, "array": []}
    kinds = sorted(_types(schema) & plain.keys())
    return plain[kinds[0]] if kinds and "string" not in _types(schema) else f"sample-{number}"
