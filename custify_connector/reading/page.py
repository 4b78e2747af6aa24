"""The page that a reply holds, or the error that it stands for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from custify_connector.checking.identity import field_values
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault, UnexpectedReply
from custify_connector.exchange.replies import error_text, refusal
from custify_connector.exchange.wire import Request, Response
from custify_connector.reading.plan import ReadPlan
from custify_connector.records.envelopes import Record, unwrap
from custify_connector.records.identities import identities_of

_BAD_REQUESTS = frozenset({400, 409, 422})
_NOT_FOUND = 404


@dataclass(frozen=True)
class Page:
    """One answered page: its records, and the identity of each; no records where the answer was 404.

    `in_turn` says that it was asked after the page before it had been answered, not ahead.
    """

    number: int
    records: list[Record]
    identities: list[str]
    total: int | None = None
    in_turn: bool = True
    asked: int | None = None
    """How many records it was asked for, where that is not the size of the read: `number` counts pages of so many."""

    has_nan: bool = False
    """A record holds NaN or an infinity, which JSON has no form for."""

    length: int = 0
    """The bytes of the answer, where it waited undecoded; else 0."""


def page_of(plan: ReadPlan, request: Request, number: int, response: Response) -> Page:
    """Return the page that a reply holds.

    Raises CredentialRefused, PermissionRefused, ConfigurationError (the request was refused) or UnexpectedReply.
    """
    where = f"{plan.stream}: {request.method} {request.path}"
    if response.ok:
        found = unwrap(response.body, plan.envelope, plan.records, plan.key)
        if found is None:
            raise UnexpectedReply(f"{where}: {_not_a_page(response)}")
        records = [_shaped(plan, record) for record in found.records] if plan.flatten or plan.add else found.records
        records = _with_id(records) if any("id" in fields for fields in plan.key) else records
        return Page(number, records, identities_of(records, plan.key), found.total)
    nothing = plan.page is None or plan.bound or plan.may_be_missing or number > plan.page.start
    if response.status == _NOT_FOUND and nothing:
        return Page(number, [], [])
    raise refusal(response, where) or _refused(where, response)


def _not_a_page(response: Response) -> str:
    said = error_text(response.body) if isinstance(response.body, Mapping) else ""
    if said:
        return f"Custify answered {response.status} with an error in place of records: {said}"
    return "the reply is not wrapped as connector.yaml says; nothing was read from it"


def _shaped(plan: ReadPlan, record: Record) -> Record:
    """Return a record with nested details lifted up, and with its parent's values where it has none of its own."""
    for name in plan.flatten:
        inner = record.get(name)
        if isinstance(inner, dict):
            record = {**{key: value for key, value in record.items() if key != name}, **inner}
    for name, value_name in plan.add.items():
        if record.get(name) is None and plan.bound:
            record = {**record, name: plan.bound.get(value_name)}
    return record


def _with_id(records: list[Record]) -> list[Record]:
    """Return records in which `_id` fills an `id` that is missing: Custify's own client tolerates it."""
    if all(field_values(records, "id")):
        return records
    return [
        {**record, "id": record["_id"]} if record.get("id") in _NO_ID and record.get("_id") not in _NO_ID else record
        for record in records
    ]


_NO_ID = (None, "")


def _refused(where: str, response: Response) -> ConnectorError:
    said = error_text(response.body)
    reason = f"Custify answered {response.status}{': ' + said if said else ''}"
    if response.status in _BAD_REQUESTS:
        return ConfigurationError((Fault(where, f"{reason}; check the parameters"),))
    return UnexpectedReply(f"{where}: {reason}")
