"""From the columns of a row to the fields of a record: renamed, typed, composed, or constant.

Pure. One rule is `TARGET[:TYPE]=SOURCE`. This file does not know files, or what a destination accepts.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from custify_connector.checking.identity import field_value
from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.conversions import CONVERSIONS, PLAIN, Notation, NotExact, text_of
from custify_connector.host.headings import heading

Empty = Literal["absent", "null", "text"]

_LITERAL = "\\"
"""Before a column whose name would mean something else: a constant, or a text with columns."""
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_TARGET = re.compile(r"^[^.\[\]]+(\[\])?(\.[^.\[\]]+(\[\])?)*$")


@dataclass(frozen=True)
class Rule:
    """One field of the record: where it goes, as which type, and from what.

    `columns` are those it needs; `template` composes them (`{firstname} {lastname}`), or is the constant itself. `text`
    is what it was made of.
    """

    target: tuple[str, ...]
    columns: tuple[str, ...]
    template: str | None
    type: str | None
    text: str = field(default="", compare=False)


class NotConvertible(ValueError):
    """A value that is not of the type its rule asks for; the text says which column and why.

    `record` has the fields that could be made, `missing` names those that could not.
    """

    def __init__(self, reason: str, record: Mapping[str, Any] | None = None, missing: Iterable[str] = ()) -> None:
        super().__init__(reason)
        self.record = record or {}
        self.missing = frozenset(missing)


def parse(texts: Iterable[str]) -> tuple[Rule, ...]:
    r"""Parse rules such as `user_id=id`, `name={first} {last}`, `plan==Gold`, `metadata.total:number=total`,
    `companies[].company_id=company`, `note=\=Gold` for a column that is called `=Gold`.

    Raises ConfigurationError with every rule that cannot be used.
    """  # noqa: D205 - the examples are the summary
    texts = tuple(texts)
    faults = tuple(Fault(f"--map {text}", reason) for text in texts for reason in _rule_faults(text))
    rules = () if faults else tuple(replace(_rule(text), text=text) for text in texts)
    faults += tuple(_target_faults(texts, rules))
    if faults:
        raise ConfigurationError(faults)
    return rules


def _target_faults(texts: tuple[str, ...], rules: tuple[Rule, ...]) -> Iterable[Fault]:
    """Yield the rules whose field another one before fills already, or has as another kind of thing."""
    for index, rule in enumerate(rules):
        before = [earlier.target for earlier in rules[:index]]
        place = f"--map {texts[index]}"
        if rule.target in before:
            yield Fault(place, "maps to a field that another rule maps to already")
        elif any(_clash(rule.target, target) for target in before):
            yield Fault(place, "maps to a field that is a value, an object or a list for another rule")


def _clash(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Say whether two fields cannot be in one record: one is inside the other, or a list where it is an object."""
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared in {len(one), len(other)} or "[]" in {one[shared], other[shared]}


def _rule_faults(text: str) -> Iterable[str]:
    target, equals, source = text.partition("=")
    name, _type = _typed(target)
    if not equals:
        yield "has no '=': write TARGET=COLUMN"
    elif not _TARGET.match(name):
        yield f"has the target {name!r}: write names joined by dots, with [] for a list, as in companies[].company_id"
    elif not source.removeprefix(_LITERAL):
        yield "has nothing after '=': write a column, a text with {column}, or =constant"


def _typed(target: str) -> tuple[str, str | None]:
    name, colon, type_name = target.rpartition(":")
    return (name, type_name) if colon and type_name in CONVERSIONS else (target, None)


def _rule(text: str) -> Rule:
    target, _, source = text.partition("=")
    name, type_name = _typed(target)
    path = _path(name.replace("[]", ".[]"))
    if source.startswith(_LITERAL):
        return Rule(path, (source.removeprefix(_LITERAL),), None, type_name)
    if source.startswith("="):
        return Rule(path, (), source[1:], type_name)
    placeholders = tuple(_PLACEHOLDER.findall(source))
    return Rule(path, placeholders or (source,), source if placeholders else None, type_name)


def is_target(name: str) -> bool:
    """Say whether a rule can fill a field of this name."""
    return bool(_TARGET.match(name)) and "=" not in name


def of_column(name: str) -> str:
    """Return how a rule names a column, whatever that is called."""
    is_plain = not name.startswith(("=", _LITERAL)) and not _PLACEHOLDER.search(name)
    return name if is_plain else f"{_LITERAL}{name}"


def _path(name: str) -> tuple[str, ...]:
    """Return where a dotted name leads; a dot beside a blank, as in `Rev. 2026`, is one of the name itself."""
    return tuple(re.split(r"(?<!\s)\.(?!\s|$)", name))


def columns_of(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return the columns that rules need, each once."""
    return tuple(dict.fromkeys(column for rule in rules for column in rule.columns))


def resolved(rules: tuple[Rule, ...], columns: Iterable[str]) -> tuple[Rule, ...]:
    """Return rules whose columns are named as the file does, where it differs in what no reader sees."""
    columns = tuple(columns)
    seen = {heading(column): column for column in columns}
    found = {name: seen.get(heading(name), name) for name in columns_of(rules) if name not in columns}
    changed = {name: column for name, column in found.items() if name != column}
    return tuple(_renamed(rule, changed) for rule in rules) if changed else rules


def _renamed(rule: Rule, names: Mapping[str, str]) -> Rule:
    columns = tuple(names.get(column, column) for column in rule.columns)
    template = rule.template
    if template is not None and rule.columns:
        template = _PLACEHOLDER.sub(lambda match: f"{{{names.get(match[1], match[1])}}}", template)
    return replace(rule, columns=columns, template=template, text=_renamed_text(rule, names))


def _renamed_text(rule: Rule, names: Mapping[str, str]) -> str:
    """Return the rule as text with the names that the file has, so that what is kept of it fits the file."""
    target, _, source = rule.text.partition("=")
    if rule.template is not None:
        return f"{target}={_PLACEHOLDER.sub(lambda match: f'{{{names.get(match[1], match[1])}}}', source)}"
    return f"{target}={of_column(names.get(rule.columns[0], rule.columns[0]))}"


def check_columns(rules: tuple[Rule, ...], columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns that no rule uses; raises ConfigurationError for a column that is not there, or there twice.

    A dotted name leads into a column that holds objects.
    """
    used, faults = columns_of(rules), []
    for name in used:
        if columns.count(name) > 1:
            faults.append(Fault("--map", f"there is more than one column {name!r}: rename all but one of them"))
        elif holder(name, columns) is None:
            faults.append(Fault("--map", f"there is no column {name!r}{suggestion(name, columns)}"))
    if faults:
        raise ConfigurationError(tuple(faults))
    taken = {holder(name, columns) for name in used}
    return tuple(column for column in columns if column and column not in taken)


def holder(name: str, columns: Iterable[str]) -> str | None:
    """Return the column that a name means, or into which its dots lead; None when there is none."""
    if not name or name in columns:
        return name or None
    return next((name[:at] for at, character in enumerate(name) if character == "." and name[:at] in columns), None)


def unmapped(row: Mapping[str, Any], empty: Empty, *, flat: bool = False) -> dict[str, Any]:
    """Return a record from a row without rules: dotted column names become nested fields.

    Values that are not text stay where they are, because JSON nests by itself; a `flat` row has no other way to nest.
    """
    record: dict[str, Any] = {}
    for column, value in row.items():
        nested = (flat or isinstance(value, str)) and "." in column and _TARGET.match(column)
        own = value if isinstance(value, str) else copy.deepcopy(value)  # text, as nearly all, cannot be changed
        if not nested and own != "" and column not in record:
            record[column] = own
        else:
            _put(record, _path(column) if nested else (column,), own, empty)
    return record


def apply(rules: tuple[Rule, ...], row: Mapping[str, Any], empty: Empty, notation: Notation = PLAIN) -> dict[str, Any]:
    """Return the record that the rules make of a row; raises NotConvertible with each value that is not of its type.

    A rule whose columns the row has none of makes no field: what is absent keeps its value, null clears it.
    """
    record: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for rule in rules:
        if _applies(rule, row):
            try:
                _put(record, rule.target, _value(rule, row, notation), empty)
            except NotConvertible as error:
                faults[".".join(rule.target)] = str(error)
    if faults:
        raise NotConvertible("; ".join(faults.values()), record, faults)
    return record


def _applies(rule: Rule, row: Mapping[str, Any]) -> bool:
    if not rule.columns or rule.columns[0] in row:  # nearly all
        return True
    return any(has(row, column) for column in rule.columns)


def has(row: Mapping[str, Any], column: str) -> bool:
    """Say whether a row has a column, by its name or as a dotted path, whatever its value."""
    if column in row or "." not in column:
        return column in row
    holder: Any = row
    *outer, last = column.split(".")
    for name in outer:
        holder = holder.get(name) if isinstance(holder, Mapping) else None
    return isinstance(holder, Mapping) and last in holder


def _value(rule: Rule, row: Mapping[str, Any], notation: Notation) -> Any:  # noqa: ANN401 - any JSON value
    if not rule.columns:
        return _converted(rule, rule.template, PLAIN)
    if rule.template is None:
        return _converted(rule, value_of(row, rule.columns[0]), notation)
    values = {column: value_of(row, column) for column in rule.columns}
    if all(value in (None, "") for value in values.values()):
        return ""
    texts = {column: _text(column, value) for column, value in values.items()}
    return _converted(rule, _PLACEHOLDER.sub(lambda match: texts[match[1]], rule.template).strip(), notation)


def value_of(row: Mapping[str, Any], column: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a row has in a column, by its name or as a dotted path; None when it has nothing."""
    return row[column] if column in row else field_value(row, column)


def _text(source: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    try:
        return text_of(value)
    except ValueError as error:
        raise NotConvertible(f"{source} is {error}: give it as text") from None


def _converted(rule: Rule, value: Any, notation: Notation) -> Any:  # noqa: ANN401 - any JSON value
    if rule.type is None or value is None or value == "":
        return value
    source = " and ".join(rule.columns) or "constant"
    if _is_already(rule.type, value):
        return value
    text, conversion = _text(source, value), CONVERSIONS[rule.type]
    try:
        # The notation is that of the file's text; a number that a file holds as such has none.
        return conversion.convert(text, notation if isinstance(value, str) or rule.type == "date" else PLAIN)
    except NotExact as error:
        raise NotConvertible(f"{source} is {text[:40]!r}, which {error}") from None
    except ValueError:
        raise NotConvertible(f"{source} is {text[:40]!r}, which is not {conversion.name_in(notation)}") from None


def _is_already(wanted: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether a value needs no text between: a number's own digits are all it has."""
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return (wanted == "number" and is_number) or (wanted == "json" and not isinstance(value, str))


def _put(record: dict[str, Any], path: tuple[str, ...], value: Any, empty: Empty) -> None:  # noqa: ANN401
    """Set a value at its place; an empty one is left out, null, or kept as text, as `empty` says."""
    if value == "" and empty != "text":
        if empty == "absent":
            return
        value = None
    holder: Any = record
    for name, following in pairwise(path):
        holder = _inside(holder, name, [] if following == "[]" else {})
    if not isinstance(holder, (dict, list)) or (isinstance(holder, dict) and path[-1] in holder):
        raise NotConvertible(f"{'.'.join(path)} is a field, and inside another field that is a value")
    if isinstance(holder, list):
        holder.append(value)
    else:
        holder[path[-1]] = value


def _inside(holder: Any, name: str, fresh: Any) -> Any:  # noqa: ANN401 - an object or a list of one
    if name != "[]":
        return holder.setdefault(name, fresh)
    if not holder:
        holder.append(fresh)
    return holder[0]
