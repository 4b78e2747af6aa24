"""YAML as a manifest may use it: plain data, every value with its line and column.

Refused: aliases, tags, merge keys, duplicate keys, other roots than a mapping, files over a size. Only `true` and
`false` are booleans, and nothing is a date. This file does not know what the document means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import yaml

from custify_connector.contract.errors import Fault, ManifestError

MAXIMUM_BYTES = 1_000_000
_MARKED = re.compile("(?:^|[\\s,\\[{:?\ufeff-])[&*!]")
"""Whether there may be an anchor, an alias or a tag: nothing else of YAML's begins so, and text seldom does."""
_UNPRINTABLE: re.Pattern[str] = yaml.reader.Reader.NON_PRINTABLE

Place = tuple[str | int, ...]

_Mark: TypeAlias = Any
"""A place in a text: the C parser has a class of its own for it, with the same `line` and `column`."""

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc] # the C loader where PyYAML was built with it
    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"-?(0|[1-9][0-9]{0,99})", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]{0,99})\.[0-9]{1,99}", list("-0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


_TEXT = "tag:yaml.org,2002:str"
_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:null": lambda _text: None,
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
}


@dataclass(frozen=True)
class Document:
    """A parsed document: its plain value, and the tree from which the place of each part is found."""

    file: str
    value: dict[str, Any]
    root: yaml.Node

    def where(self, place: Place) -> str:
        """Return `file:line:column` (from 1) of a part, or of the nearest part around it."""
        mark, node = self.root.start_mark, self.root
        for part in place:
            found = _part(node, part)
            if found is None:
                break
            mark, node = found
        return _at(self.file, mark)


def _part(node: yaml.Node, name: str | int) -> tuple[_Mark, yaml.Node] | None:
    """Return where a part of a node begins, and the part: a field begins with its key."""
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark, value) for key, value in node.value if key.value == name), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(name, int) and name < len(node.value):
        return node.value[name].start_mark, node.value[name]
    return None


def _at(file: str, mark: _Mark | None) -> str:
    return f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file


def parse(text: str, file: str) -> Document:
    """Parse strict YAML; raises ManifestError with every duplicate, alias and tag, each with its line and column."""
    if len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
        raise ManifestError((Fault(file, f"is larger than {MAXIMUM_BYTES:,} bytes"),))
    _refuse(tuple(_unprintable(text, file)))
    forbidden = tuple(_forbidden(text, file)) if _MARKED.search(text) else ()
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ManifestError(forbidden or (_syntax_fault(error, file),)) from None
    if not isinstance(root, yaml.MappingNode):
        raise ManifestError((*forbidden, Fault(f"{file}:1:1", "must be a mapping of names to values")))
    faults = list(forbidden)
    value = _value(root, file, faults, ())
    _refuse(tuple(faults))
    return Document(file, value, root)


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
            place, tag = _at(file, event.start_mark), getattr(event, "tag", None)
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
    return Fault(_at(file, mark), f"is not valid YAML: {getattr(error, 'problem', None) or str(error).splitlines()[0]}")


def _value(node: yaml.Node, file: str, faults: list[Fault], around: tuple[yaml.Node, ...]) -> Any:  # noqa: ANN401 - plain data
    """Return what a node means; what is wrong with its keys joins the faults."""
    if isinstance(node, yaml.ScalarNode):
        return _SCALARS.get(node.tag, str)(node.value)
    if node in around:  # an alias made it its own part
        return None
    inside = (*around, node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, file, faults, inside) for item in node.value]
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - there is no fourth kind
    faults.extend(_key_faults(node, file))
    return {key.value: _value(value, file, faults, inside) for key, value in node.value if _is_text(key)}


def _is_text(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.tag == _TEXT


def _key_faults(node: yaml.MappingNode, file: str) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not _is_text(key):
            yield Fault(_at(file, key.start_mark), "a key must be text: put it in quotes")
            continue
        if key.value == "<<":
            yield Fault(_at(file, key.start_mark), "merge keys are not allowed: write the values out")
        if key.value in first:
            reason = f"the key {key.value!r} is already on line {first[key.value]}"
            yield Fault(_at(file, key.start_mark), reason)
        first.setdefault(key.value, key.start_mark.line + 1)
