"""JSON read and written exactly: no number is rounded, and a field that is given twice can be refused.

Integers are exact at any length. A number that a float cannot hold, such as 1e400 or one with more digits than a float
keeps, is a `Decimal`, which `dumps` writes as the same number. This file does not know where the bytes come from.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

import orjson

from custify_connector.checking.texts import Json


def loads(content: bytes | str, *, unique_names: bool = False) -> Json:
    """Return a JSON value exactly; NaN and Infinity, which are not JSON, are read as floats.

    Of a field that is given twice the last value counts, as in JavaScript. Raises ValueError for what is not JSON, and
    for such a field with `unique_names`.
    """
    content = content.encode() if isinstance(content, str) else content
    pairs = _unique if unique_names else None
    try:
        if unique_names or _is_delicate(content):
            return json.loads(content, parse_float=_number, object_pairs_hook=pairs)
        return _quickly(content)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def sequence(text: str) -> Iterator[tuple[int, Json | ValueError]]:
    """Yield the place and value of each item of one array, or of each of several documents.

    An object that has a field twice is a ValueError in its place. Raises ValueError where the text is not JSON.
    """
    place, is_array = _after_blanks(text, 0), text.lstrip().startswith("[")
    place = _after_blanks(text, place + is_array)
    while place < len(text) and not (is_array and text[place] == "]"):
        value, end = _next_value(text, place)
        yield place, value
        place = _after_blanks(text, end)
        if is_array and text[place : place + 1] not in {",", "]"}:
            raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
        if is_array and text[place] == ",":
            place = _after_blanks(text, place + 1)
            if text[place : place + 1] == "]":
                raise json.JSONDecodeError("Expecting value", text, place)
    if is_array and _after_blanks(text, place + 1) < len(text):
        raise json.JSONDecodeError("Extra data", text, place + 1)
    if is_array and place >= len(text):
        raise json.JSONDecodeError("Expecting value", text, place)


def _next_value(text: str, place: int) -> tuple[Json | ValueError, int]:
    try:
        return _STRICT.raw_decode(text, place)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        return error, _LENIENT.raw_decode(text, place)[1]


def _after_blanks(text: str, place: int) -> int:
    while text[place : place + 1] in {" ", "\t", "\n", "\r"}:
        place += 1
    return place


def dumps(value: object, *, sort: bool = False, newline: bool = False, indent: bool = False) -> bytes:
    """Return a value as JSON; one of JSON's own comes back from `loads` equal, except NaN and infinities: null.

    A value that orjson cannot write (see below) is not indented. Raises TypeError for what JSON has no form for.
    """
    options = orjson.OPT_SORT_KEYS * sort | orjson.OPT_APPEND_NEWLINE * newline | orjson.OPT_INDENT_2 * indent
    try:
        return orjson.dumps(value, _decimal, options)
    except TypeError:  # more than 64 bits, half a character, or deeper than orjson goes
        return (_written(value, sort=sort) + "\n" * newline).encode()


def lines(values: Sequence[object]) -> bytes:
    """Return values as JSON lines, each as `dumps` writes it."""
    try:
        return b"".join([orjson.dumps(value, _decimal, orjson.OPT_APPEND_NEWLINE) for value in values])
    except TypeError:
        return b"".join([dumps(value, newline=True) for value in values])


_KEPT = b'0123456789.eE:,[]{}"'
_SHAPE = bytes.maketrans(b"0123456789.eE,[]{}", b"00000000000ee:::::")
_REST = bytes(set(range(256)) - set(_KEPT))
_LONG = b":" + b"0" * 16
_FAR = re.compile(b"e000+:")


def _is_delicate(content: bytes) -> bool:
    """Return whether there may be a number that orjson rounds: one of 16 digits, or an exponent of three.

    Looks at the outline of the text alone, which takes a quarter of the time that the slow reader takes longer.
    """
    outline = b":%b:" % content.translate(_SHAPE, _REST)
    return _LONG in outline or _FAR.search(outline) is not None


def _quickly(content: bytes) -> Json:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:  # lone surrogates and NaN, which orjson is too strict for
        return json.loads(content, parse_float=_number)


def _number(text: str) -> float | Decimal:
    number = float(text)
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]} is too large for a number") from None
    return number if Decimal(repr(number)) == exact else exact


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"has the field {next(name for name in names if names.count(name) > 1)!r} twice")
    return found


def _decimal(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(_written(value))
    raise TypeError(f"{type(value).__name__} cannot be represented in JSON")


def _written(value: object, *, sort: bool = False) -> str:
    written: list[str] = []
    left: list[object] = [value]  # not a recursion, which Python would end at some three hundred levels
    while left:
        item = left.pop()
        parts = _parts(item, sort=sort)
        if parts is None:
            written.append(_scalar(item))
        else:
            left += reversed(parts)
    return "".join(written)


class _Mark(str):
    """A piece of JSON that is written as it stands."""

    __slots__ = ()


def _parts(value: object, *, sort: bool) -> list[object] | None:
    """Return the marks and values that an object or array consists of; None for any other value."""
    if isinstance(value, Mapping):
        fields = sorted(value.items()) if sort else value.items()
        pairs = (part for name, each in fields for part in (_Mark(f",{_name(name)}:"), each))
        return [_Mark("{"), *_without_comma(pairs), _Mark("}")]
    if isinstance(value, (list, tuple)):
        return [_Mark("["), *_without_comma(part for each in value for part in (_Mark(","), each)), _Mark("]")]
    return None


def _without_comma(parts: Iterable[object]) -> Iterator[object]:
    rest = iter(parts)
    for first in rest:
        yield _Mark(str(first).removeprefix(","))
        yield from rest


def _scalar(value: object) -> str:
    if isinstance(value, _Mark):
        return value
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else "null"
    return "null" if isinstance(value, float) and not math.isfinite(value) else json.dumps(value)


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError("the name of a field must be text")
    return json.dumps(name)


_STRICT = json.JSONDecoder(parse_float=_number, object_pairs_hook=_unique)
_LENIENT = json.JSONDecoder(parse_float=lambda _text: 0.0)
