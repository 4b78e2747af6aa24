"""What a check is, and the list of them: one function, one truth; its name the title, its docstring the message.

This file does not know how checks are run, nor what any of them looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, Literal

from custify_connector.certification.findings import Finding

Rung = Literal["declared", "rehearsed", "hardened", "recorded", "live"]
RUNGS: tuple[Rung, ...] = ("declared", "rehearsed", "hardened", "recorded", "live")

MEANING: dict[Rung, str] = {
    "declared": "The connector's description of itself is true.",
    "rehearsed": "It reads and writes an emulated service correctly, without faults.",
    "hardened": "Faults, limits, kills and drift lose nothing.",
    "recorded": "Real replies, kept in files, give the expected records.",
    "live": "It works on a real account.",
}
"""What each rung says of a connector that reached it."""

ADDED = "X"
"""The group of checks that other distributions add; they may also stand in any other group."""

GROUPS = {
    "A": "Credential schema",
    "B": "Testing a credential",
    "C": "Discovery",
    "D": "Reading",
    "E": "State",
    "F": "Faults and limits",
    "G": "Writing",
    "H": "Input contract",
    "J": "Package and people",
    "K": "The certifier itself",
    ADDED: "Checks of other packages",
}

Look = Callable[[Any], Iterable[Finding]]
"""What looks at a connector; it is given a `bench.Bench`."""


@dataclass(frozen=True)
class Check:
    """One truth: its id (`D1`), the rung that needs it, the function that looks, and the seconds it may take."""

    id: str
    rung: Rung
    look: Look
    seconds: float

    @property
    def group(self) -> str:
        """The letter of its group."""
        return self.id[0]

    @property
    def title(self) -> str:
        """The function's name as a sentence."""
        return self.look.__name__.replace("_", " ").capitalize()

    @property
    def message(self) -> str:
        """Why it matters, and what to do when it fails: the function's docstring."""
        return getdoc(self.look) or ""

    @property
    def place(self) -> tuple[str, int]:
        """Where it stands among the others."""
        return self.group, int(self.id[1:])


_CHECKS: dict[str, Check] = {}


def check(name: str, rung: Rung, *, seconds: float = 30.0) -> Callable[[Look], Look]:
    """Enter the decorated function in the list of checks; ValueError when the id is taken or its group unknown."""

    def enter(look: Look) -> Look:
        if name in _CHECKS or name[0] not in GROUPS:
            raise ValueError(f"check {name} is there already, or its group is none of {', '.join(GROUPS)}")
        _CHECKS[name] = Check(name, rung, look, seconds)
        return look

    return enter


def entered() -> tuple[Check, ...]:
    """Return the checks that were entered so far, in the order of groups and numbers."""
    return tuple(sorted(_CHECKS.values(), key=lambda one: one.place))
