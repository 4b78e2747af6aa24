"""What a record acts on, by the word `touches` of its plan, and whether two records may act on the same thing.

Pure. Two records with a value in common may act on one thing; so may two that name a thing of one kind in different
ways, because nothing here knows which e-mail address belongs to which id. This file does not know how records are sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from custify_connector.checking.identity import field_value
from custify_connector.checking.texts import Json
from custify_connector.manifest import Touch

Name = tuple[str, tuple[str, ...], tuple[str, ...]]
"""A kind of thing, the fields that name one, and their values."""

Way = tuple[str, tuple[str, ...]]
"""A kind of thing, and the fields by which the service looks for one."""


@dataclass(frozen=True)
class Touched:
    """What records act on: `changed` is what they change, `named` that and what they only refer to.

    `ways` is how the service looks for what they change, `named_ways` for all of it.
    """

    changed: frozenset[Name] = frozenset()
    named: frozenset[Name] = frozenset()
    ways: frozenset[Way] = frozenset()
    named_ways: frozenset[Way] = frozenset()

    def __or__(self, other: Touched) -> Touched:
        """Return what both act on."""
        return Touched(
            self.changed | other.changed,
            self.named | other.named,
            self.ways | other.ways,
            self.named_ways | other.named_ways,
        )

    def meets(self, other: Touched) -> bool:
        """Return whether the order of these two can matter: one changes what the other may name."""
        if not (self.changed.isdisjoint(other.named) and self.named.isdisjoint(other.changed)):
            return True
        return _differ(self.ways, other.named_ways) or _differ(other.ways, self.named_ways)


def _differ(some: frozenset[Way], others: frozenset[Way]) -> bool:
    """Return whether a kind is looked for in one way here, and in another there."""
    return some != others and any(kind == same and by != way for kind, by in some for same, way in others)


def touched(record: Mapping[str, Json], touches: Iterable[Touch]) -> Touched:
    """Return what a record acts on."""
    changed: set[Name] = set()
    named: set[Name] = set()
    ways: set[Way] = set()
    named_ways: set[Way] = set()
    for touch in touches:
        for thing in _things(record, touch):
            names = [*_names(thing, touch)]
            # The service looks by the first field that a record has; the others may be changed to their values.
            way = {(touch.kind, names[0][1])} if names else set()
            named.update(names)
            named_ways |= way
            if not touch.refers:
                changed.update(names)
                ways |= way
    return Touched(frozenset(changed), frozenset(named), frozenset(ways), frozenset(named_ways))


def _things(record: Mapping[str, Json], touch: Touch) -> Iterator[Mapping[str, Json]]:
    """Yield the record once for each thing of a kind: as it is, or with one item of its list in place of all."""
    items = _list_of(touch.by)
    if items is None:
        yield record
        return
    listed = record.get(items.removesuffix("[]"))
    for item in listed if isinstance(listed, list) else ():
        yield {**record, items: item}


@lru_cache(maxsize=128)
def _list_of(alternatives: tuple[tuple[str, ...], ...]) -> str | None:
    first = (field.partition(".")[0] for fields in alternatives for field in fields)
    return next((name for name in first if name.endswith("[]")), None)


def _names(thing: Mapping[str, Json], touch: Touch) -> Iterator[Name]:
    for fields in touch.by:
        values = [field_value(thing, field) for field in fields]
        if all(value is not None and value != "" for value in values):
            yield touch.kind, tuple(field.rpartition("[].")[2] for field in fields), tuple(map(_folded, values))


def _folded(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value so that two that the service may take for one are equal; it may fold the case of an address."""
    return str(value).strip().casefold()
