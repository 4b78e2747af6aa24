"""Seeded people and companies.

Decided here: what a person and a company look like, who belongs where, and the oddities among them (no user_id, no
e-mail, a shared e-mail, equal times). Source: Custify's docs, People and Companies. This file does not know HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custify_connector.sandbox.dates import iso

from . import words
from .clock import created_ms, identifier, updated_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

Record = dict[str, Any]
PEOPLE, COMPANIES = 0, 1
_ODD = 97
_WITHOUT_USER_ID, _WITHOUT_EMAIL, _NEVER_SIGNED_UP = 41, 53, 17
_TWIN, _ELDER = 7, 3
_CROWDED_EVERY = 33
_TAKEN = 3


def person(index: int, count: int, bits: int, companies: Sequence[str], tags: Sequence[str]) -> Record:
    """Return person `index` of `count`; `bits` is a random number of 64 bits that decides all the rest."""
    created = created_ms(index, count, bits)
    first, last = words.FIRST_NAMES[bits & 15], words.LAST_NAMES[bits >> 4 & 15]
    odd = index % _ODD
    record: Record = {"id": identifier(PEOPLE, created, index)}
    record["user_id"] = None if odd == _WITHOUT_USER_ID else f"u-{index:06}"
    email_index = _ELDER if index == _TWIN else index
    record["email"] = None if odd == _WITHOUT_EMAIL else _email(email_index, first, last)
    record.update(
        name=f"{first[0]} {last[0]}",
        phone=f"+49 30 {bits >> 8 & 0xFFFFFF:08}",
        signed_up_at=None if odd == _NEVER_SIGNED_UP else iso(created - (bits >> 9 & 0xFFFFF)),
        session_count=bits >> 12 & 511,
        unsubscribed_from_emails=bits >> 20 & 7 == 0,
        unsubscribed_from_calls=bits >> 23 & 15 == 0,
        companies=_memberships(index, bits, companies),
        tags=[tags[bits >> 30 & 3]] if tags and bits >> 33 & 3 == 0 else [],
        custom_attributes=_person_attributes(index, created, bits),
        last_seen_at=iso(updated_ms(created, bits >> 11)),
        created_at=iso(created),
        updated_at=iso(updated_ms(created, bits >> 7)),
    )
    return record


def _email(index: int, first: tuple[str, str], last: tuple[str, str]) -> str:
    # The twin shares the elder's address, so names must not enter into the first few.
    return f"person{index}@example.com" if index <= _TWIN else f"{first[1]}.{last[1]}.{index}@example.com"


def _memberships(index: int, bits: int, companies: Sequence[str]) -> list[str]:
    """Choose companies: the first two are crowded, the third has one person, the last ones none."""
    count = len(companies)
    if count <= _TAKEN + 1:
        return [companies[index % count]] if count else []
    if index % _CROWDED_EVERY < 2:  # noqa: PLR2004 - the first two companies
        return [companies[index % _CROWDED_EVERY]]
    if index == 2:  # noqa: PLR2004 - the one person of the third company
        return [companies[2]]
    open_to_all = max(1, count - _TAKEN - max(1, count // 20))
    chosen = companies[_TAKEN + (bits >> 24) % open_to_all]
    second = companies[_TAKEN + (bits >> 40) % open_to_all]
    return [chosen, second] if bits >> 52 & 7 == 0 and second != chosen else [chosen]


def _person_attributes(index: int, created: int, bits: int) -> Record:
    return {
        "seat_type": words.SEAT_TYPES[bits >> 14 & 3],
        "language": words.LANGUAGES[bits >> 16 & 7],
        "postcode": f"{bits >> 18 & 0x1FFF:05}",
        "badge": f"B-{index:07}",
        "score": (bits >> 21 & 0x3FF) / 8,
        "beta_tester": bits >> 26 & 3 == 0,
        "last_login_at": iso(updated_ms(created, bits >> 13)),
        "about": f"{words.SENTENCES[bits >> 28 & 7]} {words.SENTENCES[bits >> 31 & 7]}",
    }


def company(index: int, count: int, bits: int, users: Sequence[Record], scores: Sequence[str]) -> Record:
    """Return company `index` of `count`, without what depends on its people and parents."""
    created = created_ms(index, count, bits)
    owner, seller = users[bits >> 5 & 3], users[4 + (bits >> 7 & 3)]
    score = bits >> 36 & 63
    return {
        "id": identifier(COMPANIES, created, index),
        "company_id": f"c-{index:05}",
        "name": f"{words.COMPANY_FIRST[(bits >> 3) % 10]} {words.COMPANY_LAST[(bits >> 9) % 10]} {index}",
        "website": f"www.company{index}.example",
        "industry": words.TRADES[bits >> 12 & 7],
        "size": 1 + (bits >> 15 & 0xFFF),
        "plan": words.PLANS[(bits >> 20) % 5],
        "monthly_revenue": (bits >> 24 & 0xFFF) * 10,
        "churned": bits >> 30 & 15 == 0,
        "signed_up_at": iso(created - (bits >> 9 & 0xFFFFF)),
        **ownership("owners_csm", owner),
        **(ownership("owners_account", seller) if bits >> 34 & 3 else {}),
        "parent_companies": [],
        "tags": [],
        "custom_attributes": _company_attributes(index, created, bits),
        "metrics": {
            "people_count": 0,
            "health_scores": {key: {"score": score, "absolute_value": score} for key in scores},
            "calculated_metrics": {},
        },
        "status": "active",
        "last_seen_at": iso(updated_ms(created, bits >> 11)),
        "created_at": iso(created),
        "updated_at": iso(updated_ms(created, bits >> 7)),
    }


def ownership(field: str, user: Record) -> Record:
    """Return the three fields by which a record shows who owns it."""
    return {field: user["id"], f"{field}_email": user["email"], f"{field}_name": user["name"]}


def _company_attributes(index: int, created: int, bits: int) -> Record:
    return {
        "sites": bits >> 40 & 15,
        "postcode": f"{bits >> 18 & 0x1FFF:05}",
        "renewal_at": iso(updated_ms(created, bits >> 17)),
        "arr": {"value": (bits >> 24 & 0xFFFF) / 2, "currency": "EUR"},
        "strategic": index % 5 == 0,
        "region": ("EMEA", "APAC", "LATAM", "NA")[bits >> 44 & 3],
    }
