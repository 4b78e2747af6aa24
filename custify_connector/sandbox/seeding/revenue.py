"""Seeded deals, invoices and subscriptions, and custom data.

Decided here: what each holds and which company it belongs to.
Source: Custify's docs, Deals, Invoices, Subscriptions, Custom data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custify_connector.sandbox.dates import iso

from . import words
from .clock import DAY_MS, created_ms, identifier, stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Record = dict[str, Any]
_KEYS = {"deals": 0x200, "invoices": 0x201, "subscriptions": 0x202, "custom_data": 0x203}
_MANY, _OBJECTS = 600, (0, 1, 3, 0, 2, 60, 1)


def revenues(made: dict[str, list[Record]], draw: Callable[[int], int]) -> dict[str, list[Record]]:
    """Return the records of the four kinds, for the companies (and people) made so far."""
    companies = made["companies"]
    recipes = {"deals": (_deal, 4), "invoices": (_invoice, 2), "subscriptions": (_subscription, 5)}
    revenue = {
        kind: _of_companies(kind, min(_MANY, len(companies) * 4 // share), companies, recipe, draw)
        for kind, (recipe, share) in recipes.items()
    }
    return {**revenue, "custom_data": _custom_data(companies, made["people"])}


def _of_companies(
    kind: str,
    count: int,
    companies: Sequence[Record],
    recipe: Callable[[int, int, int], Record],
    draw: Callable[[int], int],
) -> list[Record]:
    records = []
    for index in range(count):
        bits = draw(64)
        at = created_ms(index, count, bits)
        external = f"{kind[:-1]}-{index}"
        records.append(
            {
                "id": identifier(_KEYS[kind], at, index),
                "externalId": external,
                "externalIds": {"custify": external},
                "company": companies[(bits >> 9) % len(companies)]["id"],
                **recipe(index, at, bits),
                "metadata": {"channel": "direct"} if index % 2 else {},
                **stamps(index, count, bits),
            }
        )
    return records


def _deal(index: int, at: int, bits: int) -> Record:
    status = words.DEAL_STATUSES[bits >> 3 & 3 if bits >> 3 & 3 < 3 else 0]  # noqa: PLR2004 - three statuses
    ended = {"won": "wonAt", "lost": "lostAt"}.get(status)
    deal = {"name": f"{words.TOPICS[index % 8].title()} {index}", "status": status, "value": bits >> 13 & 0x7FFF}
    return {**deal, "addedAt": iso(at), **({ended: iso(at + 9 * DAY_MS)} if ended else {})}


def _invoice(index: int, at: int, bits: int) -> Record:
    total, paid = bits >> 13 & 0x3FFF, index % 3 != 0
    invoice = {"status": "paid" if paid else "unpaid", "total": total, "amountPaid": total if paid else 0}
    return {**invoice, "invoicedAt": iso(at), **({"paidAt": iso(at + 14 * DAY_MS)} if paid else {})}


def _subscription(index: int, at: int, bits: int) -> Record:
    return {
        "plan": words.PLANS[(bits >> 13) % 5],
        "mrr": bits >> 16 & 0xFFF,
        "startedAt": iso(at),
        "currentCycleStartAt": iso(at),
        "currentCycleEndAt": iso(at + 30 * DAY_MS),
        "nextBillingAt": iso(at + 30 * DAY_MS),
        "billingPeriod": 1,
        "billingPeriodUnit": "month" if index % 4 else "year",
        "dueInvoicesCount": index % 3,
        "dueInvoicesTotal": 100 * (index % 3),
        "paidInvoicesCount": index % 12,
        "paidInvoicesTotal": 100 * (index % 12),
        "lastInvoiceStatus": "paid",
    }


def _custom_data(companies: Sequence[Record], people: Sequence[Record]) -> list[Record]:
    rows: list[Record] = []
    for model, parents in (("companies", companies[:70]), ("people", people[:35])):
        for place, parent in enumerate(parents):
            for number in range(_OBJECTS[place % len(_OBJECTS)]):
                rows.append(_object(len(rows), model, parent["id"], number))
    return rows


def _object(index: int, model: str, entity: str, number: int) -> Record:
    data_type = ("licence", "contract", "device")[number % 3]
    return {
        "id": f"{_KEYS['custom_data']:018x}{index:06x}",
        "entity": entity,
        "entityModel": model,
        "data_type": data_type,
        "data_id": f"{data_type[0].upper()}-{index}",
        "data": {"seats": index % 50, "signed": index % 2 == 0, "expires_at": "2026-12-31T00:00:00.000Z"},
    }
