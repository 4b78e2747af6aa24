"""What a record acts on, by the word `touches` of its plan, and whether two records may act on the same thing.

Pure. Two records with a value in common may act on one thing; so may two that name a thing of one kind in different
ways, because nothing here knows which e-mail address belongs to which id. This file does not know how records are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from custify_connector.checking.identity import field_value
from custify_connector.checking.texts import Json
from custify_connector.manifest import Alternatives, Touch

Name = str
"""A kind of thing, the fields that name one, and their values, as one text: its hash is made once."""

Way = tuple[str, str]
"""A kind of thing, and the fields by which the service looks for one."""

_BETWEEN = "\0"


@dataclass(frozen=True)
class Touched:
    """What records act on: `changed` is what they change, `named` that and what they only refer to.

    `ways` is how the service looks for what they change; a reference needs a thing that is made under the same field.
    The sets grow with `include`: a copy for each record of a batch would cost as much as all the rest of its way.
    """

    changed: set[Name] = field(default_factory=set)
    named: set[Name] = field(default_factory=set)
    ways: set[Way] = field(default_factory=set)

    def include(self, other: Touched) -> None:
        """Add what other records act on."""
        self.changed.update(other.changed)
        self.named.update(other.named)
        self.ways.update(other.ways)

    def meets(self, other: Touched) -> bool:
        """Return whether the order of these two can matter: one changes what the other may name."""
        shared = not (self.changed.isdisjoint(other.named) and self.named.isdisjoint(other.changed))
        return shared or self.differs(other)

    def differs(self, other: Touched) -> bool:
        """Return whether a kind of thing is looked for in one way here, and in another there."""
        if self.ways == other.ways:
            return False
        return any(kind == same and by != way for kind, by in self.ways for same, way in other.ways)


@dataclass(frozen=True)
class _Rule:
    """One touch, made ready for many records: for each alternative its way, how its names begin, and its fields."""

    items: str | None
    alternatives: tuple[tuple[Way, Name, tuple[str, ...]], ...]
    refers: bool


def namer(touches: Iterable[Touch]) -> Callable[[Mapping[str, Json]], Touched]:
    """Return the function that says what a record acts on."""
    return partial(_touched, tuple(map(_rule, touches)))


def _rule(touch: Touch) -> _Rule:
    ways = [(touch.kind, ",".join(map(_label, fields))) for fields in touch.by]
    alternatives = [(way, _BETWEEN.join((*way, "")), fields) for way, fields in zip(ways, touch.by, strict=True)]
    return _Rule(_list_of(touch.by), tuple(alternatives), touch.refers)


def _label(name: str) -> str:
    """Return the name of a field as it is inside a list: an item's id is an id."""
    return name.rpartition("[].")[2]


def _list_of(alternatives: Alternatives) -> str | None:
    first = (name.partition(".")[0] for fields in alternatives for name in fields)
    return next((name for name in first if name.endswith("[]")), None)


def _touched(rules: tuple[_Rule, ...], record: Mapping[str, Json]) -> Touched:
    found = Touched()
    for rule in rules:
        for thing in _things(record, rule.items):
            _name(found, rule, thing)
    return found


def _things(record: Mapping[str, Json], items: str | None) -> Iterable[Mapping[str, Json]]:
    """Return the record once for each thing of a kind: as it is, or with one item of its list in place of all."""
    if items is None:
        return (record,)
    listed = record.get(items.removesuffix("[]"))
    return [{**record, items: item} for item in listed] if isinstance(listed, list) else ()


def _name(found: Touched, rule: _Rule, thing: Mapping[str, Json]) -> None:
    """Add the names of a thing, and the way in which the service looks for it: by the first field that is there."""
    ways: list[Way] = []
    for way, begin, fields in rule.alternatives:
        values = [field_value(thing, name) for name in fields]
        if None in values or "" in values:
            continue
        name = begin + _BETWEEN.join(map(_folded, values))
        found.named.add(name)
        if not rule.refers:
            found.changed.add(name)
            ways.append(way)
    found.ways.update(ways[:1])


def _folded(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value so that two that the service may take for one are equal; it may fold the case of an address."""
    return str(value).strip().casefold()
