"""The content of a new sandbox: the same records for the same sizes and seed.

Decided here: the kinds of object there are, and that small accounts are made once and shared.
This file does not know what a record of each kind holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Record = dict[str, Any]

_NAMES = """
people companies events users tags segments calculated_metrics health_scores lifecycles playbooks playbook_runs
notes comments tasks tickets ticket_replies deals invoices subscriptions custom_data files surveys
survey_responses meetings time_tracks objectives
"""
KINDS = tuple(_NAMES.split())
_SHARED_UP_TO = 20_000


@dataclass(frozen=True)
class Seed:
    """The seeded records by kind, in the order of creation, and the types of the attributes they use."""

    records: Mapping[str, tuple[Record, ...]]
    attribute_types: Mapping[tuple[str, str], str]


def generate(people: int, companies: int, seed: int) -> Seed:
    """Return the records of an account with these numbers of people and companies."""
    return _shared(people, companies, seed) if people <= _SHARED_UP_TO else _generate(people, companies, seed)


@lru_cache(maxsize=8)
def _shared(people: int, companies: int, seed: int) -> Seed:
    return _generate(people, companies, seed)


def _generate(people: int, companies: int, seed: int) -> Seed:
    # Loaded when first needed: the words and recipes are not part of what an import should cost.
    from .account import ATTRIBUTE_TYPES, account  # noqa: PLC0415 - see above

    return Seed(MappingProxyType(account(people, companies, seed)), ATTRIBUTE_TYPES)
