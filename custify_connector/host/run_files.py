"""The files of one run: none of them is used for two purposes, and none of them by two runs at once.

It knows paths; it does not know what the files hold.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.storage import locks

STANDARD = "-"


@dataclass(frozen=True)
class Used:
    """A file of a run: `role` is what the user calls it (`--quarantine`); `descriptor` is set for a standard stream."""

    role: str
    path: str
    descriptor: int | None = None


def refuse_shared(used: Iterable[Used]) -> None:
    """Raise ConfigurationError where two of these are one file, also by a link or another spelling."""
    faults = tuple(
        Fault(other.role, f"is the same file as {one.role} ({one.path}): name another")
        for one, other in combinations(used, 2)
        if one.role != other.role and _is_one(one, other)
    )
    if faults:
        raise ConfigurationError(faults)


def _is_one(one: Used, other: Used) -> bool:
    found = [_found(each) for each in (one, other)]
    if found[0] is not None and found[1] is not None:
        # A device or a pipe takes what several write, and gives nothing of it back.
        return os.path.samestat(found[0], found[1]) and stat.S_ISREG(found[0].st_mode)
    return one.descriptor is other.descriptor is None and _real(one.path) == _real(other.path)


def _found(used: Used) -> os.stat_result | None:
    try:
        return os.stat(used.path) if used.descriptor is None else os.fstat(used.descriptor)  # noqa: PTH116 - "" as well
    except (OSError, ValueError):
        return None


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


@contextmanager
def held(paths: Iterable[Path]) -> Iterator[None]:
    """Keep other runs from writing these files meanwhile; raises ConfigurationError, which names who does."""
    with ExitStack() as stack:
        for path in paths:
            real = Path(_real(str(path)))
            if not real.exists() or real.is_file():
                stack.enter_context(locks.held(real.with_name(real.name + ".run"), str(path)))
        yield
