"""Links that a body names: companies to add or remove, users by id or e-mail, companies and people by either id.

Decided here: how a name becomes a record, and what an unknown name is answered.
Source: Custify's docs, People (companies), Companies (parent_companies, owners). This file does not know endpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .refusals import malformed, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .content import Content
    from .quirks import Quirks
    from .table import Record


def changed_links(content: Content, quirks: Quirks, field: str, sent: object, linked: list[str]) -> list[str]:
    """Return `linked` (company ids) after the entries of `sent`, each of which adds or removes one company."""
    if not isinstance(sent, list):
        raise malformed(f"{field} must be a list of companies")
    result = list(linked)
    for entry in sent:
        company = _company(content, quirks, field, entry)
        if company is None:
            continue
        key = company["id"]
        if entry.get("remove") is True:
            result = [one for one in result if one != key]
        elif key not in result:
            result.append(key)
    return result


def _company(content: Content, quirks: Quirks, field: str, entry: object) -> Record | None:
    if not isinstance(entry, dict) or not (entry.get("id") or entry.get("company_id")):
        raise malformed(f"every entry of {field} must be an object with id or company_id")
    company = find_company(content, entry.get("id"), entry.get("company_id"))
    if company is None and quirks.company_link_unknown == "refuse":
        raise malformed(f"{field}: company {entry.get('id') or entry.get('company_id')!r} does not exist")
    return company


def find_company(content: Content, key: object, company_id: object) -> Record | None:
    """Return the company with Custify's id `key`, or else with your `company_id`; None when there is none."""
    companies = content.table("companies")
    if key:
        return companies.get(key)
    found = companies.find("company_id", str(company_id)) if isinstance(company_id, str | int) else []
    return found[0] if found else None


def find_person(content: Content, key: object, user_id: object, email: object = None) -> Record | None:
    """Return the person with Custify's id `key`, or else your `user_id`, or else `email`; None when there is none."""
    people = content.table("people")
    if key:
        return people.get(key)
    for field, value in (("user_id", user_id), ("email", email)):
        found = people.find(field, str(value)) if isinstance(value, str | int) and value else []
        if found:
            return found[0]
    return None


def find_user(content: Content, name: object) -> Record | None:
    """Return the Custify user with this id or e-mail; None when there is none."""
    users = content.table("users")
    found = users.find("email", name) if isinstance(name, str) else []
    return users.get(name) or (found[0] if found else None)


def the_user(content: Content, field: str, name: object) -> Record:
    """Return the Custify user with this id or e-mail; refuse an unknown one (400)."""
    user = find_user(content, name)
    if user is None:
        raise malformed(f"{field}: no Custify user {name!r}")
    return user


def owner_of(content: Content, sent: Mapping[str, object]) -> Record:
    """Return the company or person that a body names as owner of a record, as {company, people}, both Custify ids.

    `company` and `people` are Custify ids, `company_id`, `user_id` and `email` yours; an unknown one is refused (404).
    """
    owner: Record = {}
    if sent.get("company") or sent.get("company_id"):
        company = find_company(content, sent.get("company"), sent.get("company_id"))
        if company is None:
            raise missing("company")
        owner["company"] = company["id"]
    if sent.get("people") or sent.get("user_id") or sent.get("email"):
        person = find_person(content, sent.get("people"), sent.get("user_id"), sent.get("email"))
        if person is None:
            raise missing("person")
        owner["people"] = person["id"]
    return owner
