"""Options as Spark hands them over: texts under names, read one by one as what they must be.

Decides what is wrong with an option, also that it looks like a key; no fault shows a value. This file does not know
which options there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from custify_connector.checking.typed_text import json_of, rate_of
from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import Fault, refuse

Made = TypeVar("Made")

_SPARKS_OWN = frozenset(
    {
        *("path", "paths", "checkpointlocation", "queryname", "serialization.format"),
        *("provider", "location", "is_managed_location", "owner", "external", "comment", "collation", "table_type"),
    }
)
TABLE_PREFIX = "option."
_SPARKS_PREFIXES = (TABLE_PREFIX, "spark.", "transient_")
"""`CREATE TABLE … USING custify OPTIONS (…)` passes the table's own properties, and each option a second time."""
_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)


class OptionReader:
    """Reads options one by one and gathers what is wrong with them; names count without their case."""

    def __init__(self, options: Mapping[str, str], known: frozenset[str]) -> None:
        self._given = {name.lower(): str(value) for name, value in options.items()}
        self._faults: list[Fault] = []
        for name in sorted(set(self._given) - set(known) - _SPARKS_OWN):
            if name.startswith(_SPARKS_PREFIXES):
                continue
            self.fault(name, _why_unknown(name, known))

    def fault(self, name: str, reason: str) -> None:
        """Note what is wrong with an option."""
        self._faults.append(Fault(f"option {name}", reason))

    def settle(self) -> None:
        """Raise ConfigurationError when something was wrong."""
        refuse(tuple(self._faults))

    def text(self, name: str) -> str | None:
        """Return an option that is not empty."""
        return self._given.get(name) or None

    def required(self, name: str, hint: str) -> str | None:
        """Return an option that must be there; the hint says where it may have got lost."""
        if self.text(name) is None:
            self.fault(name, f"is required ({hint})")
        return self.text(name)

    def matching(self, name: str, pattern: str) -> str | None:
        """Return an option of a certain form."""
        return self._read(name, lambda text: _matched(text, pattern, f"must match {pattern}"))

    def one_of(self, name: str, words: tuple[str, ...]) -> str | None:
        """Return an option that is one of some words."""
        return self._read(name, lambda text: _matched(text, "|".join(words), f"must be one of {', '.join(words)}"))

    def number(self, name: str) -> int | None:
        """Return an integer of at least 1."""
        reason = "must be an integer of at least 1"
        return self._read(name, lambda text: int(_matched(text, r"[1-9][0-9]{0,8}", reason)))

    def seconds(self, name: str) -> float | None:
        """Return a number of seconds."""
        form, reason = r"[0-9]{1,6}([.][0-9]{1,6})?", "must be a number of seconds"
        return self._read(name, lambda text: float(_matched(text, form, reason)))

    def switch(self, name: str) -> bool:
        """Return whether an option is switched on."""
        found = self._read(name, lambda text: _matched(text, "true|false|True|False", "is true or false"))
        return (found or "").lower() == "true"

    def limit(self, name: str) -> tuple[int, float] | tuple[()] | None:
        """Return a limit written as `100/10`; () for `none`."""
        return self._read(name, lambda text: rate_of(text) or ())

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a JSON object."""
        return self._read(name, _mapping) or {}

    def names(self, name: str) -> tuple[str, ...]:
        """Return names, from a JSON list or with commas between them."""
        return self._read(name, _names) or ()

    def _read(self, name: str, make: Callable[[str], Made]) -> Made | None:
        text = self.text(name)
        try:
            return None if text is None else make(text)
        except ValueError as error:
            self.fault(name, str(error))
            return None


def _matched(text: str, form: str, otherwise: str) -> str:
    if not re.fullmatch(form, text):
        raise ValueError(otherwise)
    return text


def _mapping(text: str) -> dict[str, Any]:
    value = json_of(text, "must be a JSON object")
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 - what is wrong with a text, not with a call
    return value


def _names(text: str) -> tuple[str, ...]:
    text, reason = text.strip(), "must be names with commas between them, or a JSON list of them"
    listed = text.startswith("[")
    value = json_of(text, reason) if listed else [part.strip() for part in text.split(",") if part.strip()]
    if not all(isinstance(each, str) and each for each in value):
        raise ValueError(reason)
    if len(set(value)) < len(value):
        raise ValueError("names something twice")
    return tuple(value)


def _why_unknown(name: str, known: frozenset[str]) -> str:
    if _SECRET.search(name):
        return (
            "looks like a key, and options are shown in plans and logs: give the credential's name, and keep the key in"
            " each worker's environment, in credential_file, or in the option secret, which Spark redacts; change the"
            " key that stood here"
        )
    return f"is not known{suggestion(name, known)}"
