"""How names and types are said to a person: what was meant, and what a value is in the words of JSON.

This file does not know what is wrong, or where.
"""

from __future__ import annotations

from collections.abc import Iterable

_REMOVALS = ("delete", "remove", "unlink")


def removes(name: str) -> bool:
    """Return whether an operation of a name removes something; so does one whose verb has a slip."""
    import difflib  # noqa: PLC0415 - only who mistyped a name waits for it

    verb = name.lower().partition("_")[0]
    return any(word in name.lower() for word in _REMOVALS) or bool(difflib.get_close_matches(verb, _REMOVALS, 1, 0.7))


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'people'?` when a known name is close, else the list of them when it is short.

    An operation that removes is never meant by a name that does not.
    """
    import difflib  # noqa: PLC0415 - only who mistyped a name waits for it

    names = sorted(known)
    meant = [each for each in names if not each.startswith(_REMOVALS) or removes(name)]
    folded = {each.casefold(): each for each in meant}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    return f" (known: {', '.join(names)})" if names and len(names) <= 12 else ""  # noqa: PLR2004 - a line's worth


_TYPE_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def type_name(value: object) -> str:
    """Return the JSON name of a value's type, as a person would say it."""
    return _TYPE_NAMES.get(type(value), type(value).__name__)
