"""All checks and mutants there are, and the connectors that they judge.

Any distribution can add checks: an entry point of the group `connector.checks` names a module that enters its checks
with `checking.check`, and their mutants with `mutating.mutant`, when it is imported.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points

from custify_connector.certification import (
    checking,
    checks,  # noqa: F401 - its modules enter theirs here
    mutants,  # noqa: F401 - the same
    mutating,
)
from custify_connector.certification.checking import Check
from custify_connector.certification.subject import Mutant, Subject, origin_of
from custify_connector.contract import NamedConnector, plugin_manager

GROUP = "connector.checks"
"""The entry-point group of modules that add checks."""


def all_checks() -> tuple[Check, ...]:
    """Return every check, in the order of groups and numbers; LookupError when one that was added cannot be loaded."""
    _load_added()
    return checking.entered()


def all_mutants() -> tuple[Mutant, ...]:
    """Return every mutant, in the order of their checks; LookupError as above."""
    _load_added()
    return mutating.entered()


def of(name: str, plugin: object) -> Subject:
    """Return a connector with all checks and mutants there are."""
    return Subject(name, plugin, all_checks(), all_mutants(), origin_of(plugin))


def installed(name: str) -> Subject:
    """Return an installed connector; LookupError, with the names there are, when none has that name."""
    manager = plugin_manager()
    NamedConnector(manager, name)
    return of(name, manager.get_plugin(name))


@lru_cache(maxsize=1)
def _load_added() -> None:
    """Import what other distributions add; a check that is left out would let a connector pass."""
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:  # noqa: PERF203 - each by its own name; there are few
            what = f"{type(error).__name__}: {' '.join(str(error).split())}"
            raise LookupError(f"the checks {point.name} ({point.value}) cannot be loaded: {what}") from error
