"""The scores that become responses to surveys.

Decided here: that a score of the same person, survey and time replaces the one before, and that a company's score is
the rounded mean of its people's newest. Source: Custify's docs, Surveys, NPS, CSAT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.dates import now
from custify_connector.sandbox.links import find_person
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import Rule, checked, fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

RANGES = {"nps": (0, 10), "csat": (1, 5)}
_RULES = {**fields("score:integer! comment submittedAt:date"), "surveyId": Rule(nullable=False)}


def submit_score(kind: str) -> Callable[[Call], Reply]:
    """Return the operation that takes a score of this kind: `nps` or `csat`."""

    def submit(call: Call) -> Reply:
        sent = _judged(kind, call.body())
        person, survey = _person(call), _survey(call, kind, sent)
        response = _stored(call.content, survey, person, sent)
        for key in person["companies"]:
            _rate_company(call.content, kind, key)
        return json_reply(call.content.table("survey_responses").public(response))

    return submit


def _judged(kind: str, body: Record) -> Record:
    sent = checked(body, _RULES)
    least, most = RANGES[kind]
    if not least <= sent["score"] <= most:
        raise malformed(f"score must be from {least} to {most}")
    return sent


def _person(call: Call) -> Record:
    key, user_id, email = call.arguments.get("id"), call.text("user_id"), call.text("email")
    if key is None and user_id is None and email is None:
        raise malformed("one of user_id and email is required")
    person = find_person(call.content, key, user_id, email)
    if person is None:
        raise missing("person")
    return person


def _survey(call: Call, kind: str, sent: Record) -> Record:
    """Return the survey that query or body names, or else the first of this kind."""
    named = call.text("surveyId") or sent.get("surveyId")
    of_kind = call.content.table("surveys").find("type", kind)
    survey = next((one for one in of_kind if named in (None, one["id"])), None)
    if survey is None:
        raise missing("survey")
    return survey


def _stored(content: Content, survey: Record, person: Record, sent: Record) -> Record:
    held = {
        "survey": survey["id"],
        "score": sent["score"],
        "comment": sent.get("comment"),
        "email": person.get("email"),
        "name": person.get("name"),
        "people": person["id"],
        "company": (person["companies"] or [None])[0],
        "responseDate": sent.get("submittedAt") or now(),
        "extraQuestions": [],
    }
    for known in content.table("survey_responses").find("people", person["id"]):
        if (known["survey"], known["responseDate"]) == (survey["id"], held["responseDate"]):
            return content.update("survey_responses", known, held)
    return content.create("survey_responses", held)


def _rate_company(content: Content, kind: str, key: str) -> None:
    company = content.table("companies").get(key)
    if company is None:
        return
    surveys = {survey["id"] for survey in content.table("surveys").find("type", kind)}
    newest: dict[str, Record] = {}
    for member in content.table("people").find("companies", key):
        given = [
            one for one in content.table("survey_responses").find("people", member["id"]) if one["survey"] in surveys
        ]
        if given:
            newest[member["id"]] = max(given, key=lambda one: str(one["responseDate"]))
    mean = round(sum(one["score"] for one in newest.values()) / len(newest))
    metrics = {**(company.get("metrics") or {}), f"{kind}_score": mean}
    content.update("companies", company, {"metrics": metrics})
