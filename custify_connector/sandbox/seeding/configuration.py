"""Seeded objects that an account is configured with, from users and tags to lifecycles and surveys.

Decided here: how many there are and what each holds. Source: Custify's docs, the section of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import words
from .clock import created_ms, identifier, stamps

if TYPE_CHECKING:
    from collections.abc import Callable

Record = dict[str, Any]
_NAMES = ("Dan Ene", "Priya Nair", "Søren Holm", "Chloé Petit", "李 Min", "José Prado", "Ana Pop", "Kofi Mensah")
ACCOUNT = "65f0000000000000000000aa"


def configured(draw: Callable[[int], int]) -> dict[str, list[Record]]:
    """Return the records of every kind of configuration, in the order of creation."""
    recipes: dict[str, tuple[int, Callable[[int], Record]]] = {
        "users": (len(_NAMES), _user),
        "tags": (130, _tag),
        "segments": (64, _segment),
        "calculated_metrics": (58, _metric),
        "health_scores": (53, _score),
        "lifecycles": (26, _lifecycle),
        "playbooks": (48, _playbook),
        "surveys": (4, _survey),
    }
    made = {kind: _made(order, *recipes[kind], draw) for order, kind in enumerate(recipes)}
    made["surveys"] = [{k: v for k, v in one.items() if k != "updated_at"} for one in made["surveys"]]
    return made


def _made(order: int, count: int, recipe: Callable[[int], Record], draw: Callable[[int], int]) -> list[Record]:
    records = []
    for index in range(count):
        bits = draw(64)
        key = identifier(0x100 + order, created_ms(index, count, bits), index)
        records.append({"id": key, **recipe(index), **stamps(index, count, bits)})
    return records


def _user(index: int) -> Record:
    return {"name": _NAMES[index], "email": f"user{index}@vendor.example"}


def _tag(index: int) -> Record:
    category = words.TAG_CATEGORIES[index % len(words.TAG_CATEGORIES)]
    return {
        "name": f"{words.TOPICS[index % 8]}-{index}",
        "category": category,
        "description": "" if index % 3 else f"Marks {category} by {words.TOPICS[index % 8]}",
        "color": f"#{index * 4099 % 0xFFFFFF:06x}",
        "color_text": "#ffffff",
        "position": (index * 37) % 130,
    }


def _segment(index: int) -> Record:
    kind = "company" if index % 2 else "people"
    return {
        "name": f"{kind.title()} {words.TOPICS[index % 8]} {index}",
        "goal": words.SENTENCES[index % 8],
        "type": kind,
        "tags": [],
    }


def _metric(index: int) -> Record:
    kind = "people" if index % 10 == 0 else "company"
    topic = words.TOPICS[index % 8]
    return {
        "name": f"{topic.title()}s, last {index + 1} days",
        "description": None,
        "type": kind,
        "frequency": 24,
        "tags": [],
    }


def _score(index: int) -> Record:
    return {
        "name": f"{words.TOPICS[index % 8].title()} score {index}",
        "description": words.SENTENCES[index % 8],
        "kpiType": ("event", "attribute", "manual")[index % 3],
        "globalHealthScoreImpact": words.PRIORITIES[index % 3],
        "tags": [],
    }


def _lifecycle(index: int) -> Record:
    return {
        "name": f"First {10 * (index + 1)} days",
        "description": words.SENTENCES[index % 8],
        "status": "inactive" if index % 4 == 3 else "active",  # noqa: PLR2004 - every fourth
        "position": (index * 7) % 26,
        "startCondition": "enters segment",
        "startConditionEntity": f"{0x102:014x}{index:010x}",
        "startConditionEntityName": f"Company {words.TOPICS[index % 8]} {index}",
        "endCondition": "all tasks are done",
        "endConditionEntity": None,
        "endConditionEntityName": None,
        "daysToComplete": str(10 * (index + 1)),
        "daysToStuck": "10",
        "goals": [{"id": f"{index:024x}", "name": "Three logins", "criteria": None, "segment": None}],
        "tasks": [{"name": "Welcome call"}],
        "settings": {},
        "showInC360": index % 2 == 0,
        "tags": [],
    }


def _playbook(index: int) -> Record:
    return {
        "name": f"{words.TOPICS[index % 8].title()} {30 * (index + 1)} days",
        "description": words.SENTENCES[index % 8],
        "type": "people" if index % 4 == 0 else "companies",
        "status": "inactive" if index % 5 == 4 else "active",  # noqa: PLR2004 - every fifth
        "position": (index * 11) % 48,
        "settings": {"scheduled": index % 3 == 0},
        "tags": [],
        "company_counts": {
            "in_progress": index,
            "completed": 3 * index,
            "completed_manual": index,
            "completed_end": index,
            "completed_exit": index,
        },
    }


def _survey(index: int) -> Record:
    kind = "csat" if index % 2 else "nps"
    return {"name": f"{words.TOPICS[index].title()} {kind}", "type": kind}
