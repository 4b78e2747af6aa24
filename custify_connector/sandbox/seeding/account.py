"""A whole seeded account: in which order its kinds are made, and what each is made from.

Decided here: the order, and the links between kinds. The look of a record is decided in the files beside this one.
"""

from __future__ import annotations

import random
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from . import activity, configuration, revenue
from .entities import company, person

if TYPE_CHECKING:
    from collections.abc import Callable

Record = dict[str, Any]

ATTRIBUTE_TYPES = MappingProxyType(
    {
        ("people", "seat_type"): "string",
        ("people", "language"): "string",
        ("people", "postcode"): "string",
        ("people", "badge"): "string",
        ("people", "score"): "number",
        ("people", "beta_tester"): "boolean",
        ("people", "last_login_at"): "date",
        ("people", "about"): "string",
        ("companies", "sites"): "number",
        ("companies", "postcode"): "string",
        ("companies", "renewal_at"): "date",
        ("companies", "arr"): "currency",
        ("companies", "strategic"): "boolean",
        ("companies", "region"): "string",
        ("companies", "account_manager"): "user",
    }
)
_PARENT_EVERY = 10
_GRANDPARENT = 20


def account(people: int, companies: int, seed: int) -> dict[str, tuple[Record, ...]]:
    """Return the records of every kind, in the order of creation."""
    made = configuration.configured(_drawer(seed, "configuration"))
    folk, firms = _entities(people, companies, seed, made)
    made |= {"people": folk, "companies": firms}
    made |= activity.activities(made, _drawer(seed, "activity"))
    made |= revenue.revenues(made, _drawer(seed, "revenue"))
    return {kind: tuple(records) for kind, records in made.items()}


def _entities(
    people: int, companies: int, seed: int, made: dict[str, list[Record]]
) -> tuple[list[Record], list[Record]]:
    draw = _drawer(seed, "companies")
    scores = [score["id"] for score in made["health_scores"][:2]]
    firms = [company(index, companies, draw(64), made["users"], scores) for index in range(companies)]
    names = [firm["id"] for firm in firms]
    tags = [tag["id"] for tag in made["tags"] if tag["category"] == "people"][:4]
    draw = _drawer(seed, "people")
    folk = [person(index, people, draw(64), names, tags) for index in range(people)]
    _link(firms, Counter(name for one in folk for name in one["companies"]))
    return folk, firms


def _link(firms: list[Record], members: Counter[str]) -> None:
    for index, firm in enumerate(firms):
        firm["metrics"]["people_count"] = members[firm["id"]]
        if index % _PARENT_EVERY == _PARENT_EVERY - 1:
            parent = firms[0 if index < _GRANDPARENT else index - _PARENT_EVERY]
            firm["parent_companies"] = [{"id": parent["id"], "company_id": parent["company_id"]}]


def _drawer(seed: int, name: str) -> Callable[[int], int]:
    return random.Random(f"{seed}/{name}").getrandbits  # noqa: S311 - repeatable, not secret
