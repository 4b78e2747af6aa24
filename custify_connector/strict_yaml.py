"""YAML as a manifest may use it: plain data, every value with its line and column.

Refused: aliases, tags, merge keys, duplicate keys, other roots than a mapping, files over a size. Only `true` and
`false` are booleans, and nothing is a date. This file does not know what the document means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

from custify_connector.errors import Fault, ManifestError

MAXIMUM_BYTES = 1_000_000
_UNPRINTABLE = re.compile("[^\t\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Place = tuple[str | int, ...]

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc] # the C loader where PyYAML was built with it
    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)\.[0-9]+", list("-0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


@dataclass(frozen=True)
class Document:
    """A parsed document: its plain value, and where each part of it stands (line and column from 1)."""

    file: str
    value: dict[str, Any]
    lines: dict[Place, tuple[int, int]]

    def where(self, place: Place) -> str:
        """Return `file:line:column` of a part, or of the nearest part around it."""
        while place and place not in self.lines:
            place = place[:-1]
        line, column = self.lines.get(place, (1, 1))
        return f"{self.file}:{line}:{column}"


def parse(text: str, file: str) -> Document:
    """Parse strict YAML; raises ManifestError with every duplicate, alias and tag, each with its line and column."""
    if len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
        raise ManifestError((Fault(file, f"is larger than {MAXIMUM_BYTES:,} bytes"),))
    _refuse(tuple(_unprintable(text, file)))
    forbidden = tuple(_forbidden(text, file))
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ManifestError(forbidden or (_syntax_fault(error, file),)) from None
    if not isinstance(root, yaml.MappingNode):
        raise ManifestError((*forbidden, Fault(f"{file}:1:1", "must be a mapping of names to values")))
    lines: dict[Place, tuple[int, int]] = {}
    _refuse((*forbidden, *_walk(root, (), lines, file, frozenset())))
    return Document(file, _Loader("").construct_document(root), lines)


def _refuse(faults: tuple[Fault, ...]) -> None:
    if faults:
        raise ManifestError(faults)


def _unprintable(text: str, file: str) -> Iterator[Fault]:
    """Yield every character that YAML does not allow: the parser would tell the first, and not where."""
    for number, line in enumerate(re.split("\r\n|[\n\r]", text), start=1):
        for found in _UNPRINTABLE.finditer(line):
            reason = f"is not valid YAML: the control character U+{ord(found[0]):04X} is not allowed"
            yield Fault(f"{file}:{number}:{found.start() + 1}", reason)


def _forbidden(text: str, file: str) -> Iterator[Fault]:
    """Look at the events, where aliases and tags still show, before anything is built from them."""
    try:
        for event in yaml.parse(text, Loader=_Loader):
            mark, tag = event.start_mark, getattr(event, "tag", None)
            place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
            if isinstance(event, yaml.AliasEvent):
                yield Fault(place, "aliases are not allowed: write the value out")
            elif getattr(event, "anchor", None):
                yield Fault(place, "anchors are not allowed: write the value out")
            elif tag:
                yield Fault(place, f"tags are not allowed: remove {tag}")
    except yaml.YAMLError as error:
        yield _syntax_fault(error, file)


def _syntax_fault(error: yaml.YAMLError, file: str) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    return Fault(place, f"is not valid YAML: {getattr(error, 'problem', None) or str(error).splitlines()[0]}")


def _walk(
    node: yaml.Node, place: Place, lines: dict[Place, tuple[int, int]], file: str, around: frozenset[int]
) -> Iterator[Fault]:
    lines[place] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in around:  # an alias made it its own part
        return
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _walk(item, (*place, index), lines, file, around | {id(node)})
    elif isinstance(node, yaml.MappingNode):
        yield from _walk_mapping(node, place, lines, file, around | {id(node)})


def _walk_mapping(
    node: yaml.MappingNode, place: Place, lines: dict[Place, tuple[int, int]], file: str, around: frozenset[int]
) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for key, value in node.value:
        at = f"{file}:{key.start_mark.line + 1}:{key.start_mark.column + 1}"
        if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            yield Fault(at, "a key must be text: put it in quotes")
            continue
        if key.value == "<<":
            yield Fault(at, "merge keys are not allowed: write the values out")
        if key.value in first:
            yield Fault(at, f"the key {key.value!r} stands already on line {first[key.value]}")
        first.setdefault(key.value, key.start_mark.line + 1)
        inner = (*place, key.value)
        yield from _walk(value, inner, lines, file, around)
        lines[inner] = (key.start_mark.line + 1, key.start_mark.column + 1)
