"""The types that a rule of `--map` can ask for, and how each is made of text, exactly or not at all.

Pure. It does not know rules, columns or what a destination accepts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson


class Conversion(NamedTuple):
    """How a value is made of text, raising ValueError where it cannot be, and what such a value is called."""

    convert: Callable[[str], Any]
    name: str


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(text)
    return int(text, 10)


def _number(text: str) -> int | float:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        raise ValueError(text)
    number = float(text) if set(text) & set(".eE") else int(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _boolean(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


CONVERSIONS = {
    "string": Conversion(str, "text"),
    "integer": Conversion(_integer, "a whole number"),
    "number": Conversion(_number, "a number"),
    "boolean": Conversion(_boolean, "true or false"),
    "json": Conversion(orjson.loads, "JSON"),
}
"""By the name of the type."""
