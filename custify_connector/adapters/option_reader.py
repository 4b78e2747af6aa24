"""Options as Spark hands them over: texts under names, read one by one as what they must be.

Decides what is wrong with an option, also that it looks like a key; no fault shows a value. This file does not know
which options there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import Fault, refuse

_SPARKS_OWN = frozenset({"path", "checkpointlocation", "queryname"})
_SECRET = re.compile(r"key|token|secret|password", re.IGNORECASE)


class OptionReader:
    """Reads options one by one and gathers what is wrong with them; names count without their case."""

    def __init__(self, options: Mapping[str, str], known: frozenset[str]) -> None:
        self._given = {name.lower(): str(value) for name, value in options.items()}
        self._faults: list[Fault] = []
        for name in sorted(set(self._given) - set(known) - _SPARKS_OWN):
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

    def required(self, name: str) -> str | None:
        """Return an option that must be there."""
        if self.text(name) is None:
            self.fault(name, "is required")
        return self.text(name)

    def matching(self, name: str, pattern: str) -> str | None:
        """Return an option of a certain form."""
        text = self.text(name)
        if text is not None and not re.fullmatch(pattern, text):
            self.fault(name, f"must match {pattern}")
        return text

    def one_of(self, name: str, words: tuple[str, ...]) -> str | None:
        """Return an option that is one of some words."""
        text = self.text(name)
        if text is not None and text not in words:
            self.fault(name, f"must be one of {', '.join(words)}")
        return text

    def number(self, name: str) -> int | None:
        """Return a whole number from 1 on."""
        found: int | None = self._read(name, r"[1-9][0-9]{0,8}", int, "must be a whole number from 1 on")
        return found

    def seconds(self, name: str) -> float | None:
        """Return a number of seconds."""
        found: float | None = self._read(name, r"[0-9]{1,6}([.][0-9]{1,6})?", float, "must be a number of seconds")
        return found

    def switch(self, name: str) -> bool:
        """Return whether an option is switched on."""
        return (
            self._read(name, r"true|false|True|False", lambda text: text.lower() == "true", "is true or false") or False
        )

    def limit(self, name: str) -> tuple[int, float] | tuple[()] | None:
        """Return a limit written as `100/10`, or `none`."""
        if self.text(name) == "none":
            return ()
        form = r"[1-9][0-9]{0,8}/0*[1-9][0-9]{0,5}([.][0-9]{1,6})?"
        text = self._read(name, form, str, "is written REQUESTS/SECONDS, such as 100/10, or none")
        requests, _, seconds = (text or "").partition("/")
        return (int(requests), float(seconds)) if text else None

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a JSON object."""
        value = _parsed(self.text(name) or "{}")
        if not isinstance(value, dict):
            self.fault(name, "must be a JSON object")
            return {}
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """Return names, from a JSON list or with commas between them."""
        text = (self.text(name) or "").strip()
        value = _parsed(text) if text.startswith("[") else [part.strip() for part in text.split(",") if part.strip()]
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            self.fault(name, "must be names with commas between them, or a JSON list of them")
            return ()
        if len(set(value)) < len(value):
            self.fault(name, "names something twice")
        return tuple(value)

    def _read(self, name: str, form: str, make: Callable[[str], Any], reason: str) -> Any:  # noqa: ANN401 - what `make` makes
        text = self.text(name)
        if text is None:
            return None
        if not re.fullmatch(form, text):
            self.fault(name, reason)
            return None
        return make(text)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _why_unknown(name: str, known: frozenset[str]) -> str:
    if _SECRET.search(name):
        return (
            "looks like a key, and options are shown in plans and logs: give the credential's name, keep the key in"
            " each worker's environment or credential_file, and change the key that stood here"
        )
    return f"is not known{suggestion(name, known)}"
