"""Seeded activity around companies and people, from notes and tasks to meetings and objectives.

Decided here: what each holds and around what it stands. How many a parent has is decided in `scenes`.
Source: Custify's docs, the section of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custify_connector.sandbox.dates import iso

from . import words
from .clock import DAY_MS
from .configuration import ACCOUNT
from .scenes import placed, scenes_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .scenes import Scene

Record = dict[str, Any]


def activities(made: dict[str, list[Record]], draw: Callable[[int], int]) -> dict[str, list[Record]]:
    """Return the records of every kind of activity, for the companies, people and surveys made so far."""
    made = dict(made)
    plan: tuple[tuple[str, str, int, Callable[[Scene], Record]], ...] = (
        ("notes", "companies", 60, _note),
        ("comments", "notes", 60, _comment),
        ("tasks", "companies", 70, _task),
        ("tickets", "companies", 230, _ticket),
        ("ticket_replies", "tickets", 4, _reply),
        ("files", "companies", 60, _file),
        ("survey_responses", "surveys", 120, _response),
        ("meetings", "companies", 60, _meeting),
        ("time_tracks", "companies", 60, _time_track),
        ("objectives", "companies", 70, _objective),
    )
    for order, (kind, parents, crowd, recipe) in enumerate(plan):
        scenes = scenes_of(parents, crowd, draw, made)
        made[kind] = [placed(order, scene, recipe(scene)) for scene in scenes]
    return {kind: made[kind] for kind, *_ in plan}


def _note(scene: Scene) -> Record:
    company = scene.parent
    return {
        "text": f"<p>{words.SENTENCES[scene.bits >> 3 & 7]}</p>",
        "entity": company["id"],
        "entityModel": "Company",
        "entityName": company["name"],
        "company": [company["id"]],
        "people": [],
        "tags": scene.tags("note"),
        "files": [],
        "sticky": scene.index % 11 == 0,
        "showInPortal": False,
        "createdBy": scene.user()["id"],
        "createdByType": "user",
    }


def _comment(scene: Scene) -> Record:
    return {
        "text": f"{words.SENTENCES[scene.bits >> 3 & 7]} ({scene.index})",
        "createdBy": scene.user()["id"],
        "entity": scene.parent["id"],
        "entityModel": "Note",
    }


def _task(scene: Scene) -> Record:
    user, company = scene.user(), scene.parent
    return {
        "name": f"Prepare {words.TOPICS[scene.bits >> 3 & 7]} {scene.index}",
        "priority": words.PRIORITIES[scene.bits >> 7 & 1],
        "status": ("open", "done", "not relevant", "open")[scene.bits >> 9 & 3],
        "description": f"<p>{words.SENTENCES[scene.bits >> 11 & 7]}</p>",
        "dueDate": iso(scene.at + 30 * DAY_MS),
        "company": company["id"],
        "company_id": company["company_id"],
        "assignedTo": user["id"],
        "assignedToName": user["name"],
        "assignedToEmail": user["email"],
        "assignedToCustomer": False,
        "collaborators": [],
        "checklist": [{"name": "Draft", "completed": scene.index % 2 == 0}],
        "externalId": f"task-{scene.index}" if scene.index % 3 else None,
        "files": [],
        "tags": scene.tags("task"),
        "showInPortal": False,
        "createdBy": user["id"],
        "createdByType": "user",
    }


def _ticket(scene: Scene) -> Record:
    company, person = scene.parent, scene.person()
    return {
        "externalId": f"T-{scene.index}",
        "title": f"{words.TOPICS[scene.bits >> 3 & 7].title()} fails {scene.index}",
        "description": words.SENTENCES[scene.bits >> 11 & 7],
        "ticketStatus": words.TICKET_STATUSES[scene.bits >> 7 & 3],
        "priority": words.PRIORITIES[scene.bits >> 14 & 1],
        "status": "active" if scene.bits >> 7 & 3 < 2 else "inactive",  # noqa: PLR2004 - the first two are open
        "provider": "zendesk" if scene.index % 3 == 0 else "api",
        "assignedTo": None,
        "assignedToName": scene.user()["name"],
        "company": [company["id"]],
        "companyNames": [{"id": company["id"], "name": company["name"]}],
        "people": [{"id": person["id"]}] if person else [],
        "peopleNames": [person["name"]] if person else [],
        "tags": [],
        "openedAt": iso(scene.at - 60_000),
        "lastModifiedAt": iso(scene.at + 3_600_000),
    }


def _reply(scene: Scene) -> Record:
    return {
        "ticket": scene.parent["id"],
        "externalId": scene.parent["externalId"],
        "type": ("note", "incoming", "outgoing")[scene.index % 3],
        "from": scene.user()["name"],
        "body": words.SENTENCES[scene.bits >> 3 & 7],
        "submittedAt": iso(scene.at),
    }


def _file(scene: Scene) -> Record:
    return {
        "account": ACCOUNT,
        "name": f"{words.TOPICS[scene.bits >> 3 & 7]}-plan-{scene.index}.pdf",
        "extension": "pdf",
        "mimeType": "application/pdf",
        "size": 1000 + (scene.bits >> 9 & 0xFFFFF),
        "companies": [scene.parent["id"]],
        "peoples": [],
        "showInPortal": scene.index % 5 == 0,
    }


def _response(scene: Scene) -> Record:
    person = scene.person() or {}
    nps = scene.parent["type"] == "nps"
    return {
        "survey": scene.parent["id"],
        "score": scene.bits % 11 if nps else 1 + scene.bits % 5,
        "comment": words.SENTENCES[scene.bits >> 3 & 7] if scene.index % 2 else None,
        "email": person.get("email"),
        "name": person.get("name"),
        "people": person.get("id"),
        "company": (person.get("companies") or [None])[0],
        "responseDate": iso(scene.at),
        "extraQuestions": [{"question": "Favourite area?", "answer": ["Reports"]}] if scene.index % 4 == 0 else [],
    }


def _meeting(scene: Scene) -> Record:
    user, person = scene.user(), scene.person()
    guests = [person] if person else []
    return {
        "title": f"{words.TOPICS[scene.bits >> 3 & 7].title()} review",
        "startAt": iso(scene.at),
        "endAt": iso(scene.at + 3_600_000),
        "duration": 3600,
        "recurring": scene.index % 4 == 0,
        "organizer": {"name": user["name"], "email": user["email"]},
        "participants": [
            {"name": guest["name"], "email": guest["email"], "people": guest["id"], "status": "accepted"}
            for guest in guests
        ],
        "company": [scene.parent["id"]],
        "people": [guest["id"] for guest in guests],
        "tags": [],
    }


def _time_track(scene: Scene) -> Record:
    return {
        "name": f"{words.TOPICS[scene.bits >> 3 & 7].title()} {scene.index}",
        "duration": 900 * (1 + scene.bits % 12),
        "startDate": iso(scene.at),
        "company": [scene.parent["id"]],
        "people": [],
        "tags": [],
        "user": scene.user()["id"],
    }


def _objective(scene: Scene) -> Record:
    user = scene.user()
    return {
        "company": scene.parent["id"],
        "name": f"Adopt {words.TOPICS[scene.bits >> 3 & 7]} {scene.index}",
        "description": None,
        "importance": words.PRIORITIES[scene.bits % 3],
        "risk": words.PRIORITIES[(scene.bits >> 4) % 3],
        "health": scene.bits % 6,
        "completionPercentage": scene.bits % 101,
        "completionType": "manual",
        "completionAttribute": None,
        "valueBaseline": "0",
        "valueTarget": "100",
        "valueCurrent": str(scene.bits % 101),
        "objectiveStatus": words.OBJECTIVE_STATUSES[scene.bits % 6],
        "startAt": iso(scene.at),
        "dueAt": iso(scene.at + 90 * DAY_MS),
        "completedAt": None,
        "tags": [],
        "assignedTo": user["id"],
        "assignedToName": user["name"],
        "collaborators": [],
    }
