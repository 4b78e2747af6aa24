"""The operations on deals, invoices and subscriptions: the same for the three.

Decided here: their fields, that externalId is the key of an upsert, and what they answer. A list of one record comes as
that record (see `envelopes`). Source: Custify's docs, Deals, Invoices, Subscriptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.links import owner_of
from custify_connector.sandbox.listing import Listing, listed
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.rules import Rule, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_TEXT, _AMOUNT, _DATE = Rule(), Rule("number"), Rule("date")
_DEAL = {"name": _TEXT, "status": _TEXT, "value": _AMOUNT, "addedAt": _DATE, "wonAt": _DATE, "lostAt": _DATE}
_INVOICE = {"status": _TEXT, "total": _AMOUNT, "amountPaid": _AMOUNT, "invoicedAt": _DATE, "paidAt": _DATE}
_SUBSCRIPTION = {
    "plan": _TEXT,
    "mrr": _AMOUNT,
    "startedAt": _DATE,
    "canceledAt": _DATE,
    "currentCycleStartAt": _DATE,
    "currentCycleEndAt": _DATE,
    "nextBillingAt": _DATE,
    "billingPeriod": _AMOUNT,
    "billingPeriodUnit": _TEXT,
    "dueInvoicesCount": _AMOUNT,
    "dueInvoicesSince": _DATE,
    "dueInvoicesTotal": _AMOUNT,
    "paidInvoicesCount": _AMOUNT,
    "paidInvoicesTotal": _AMOUNT,
    "lastInvoiceStatus": _TEXT,
    "lastTransactionStatus": _TEXT,
    "metadata": Rule("object"),
}


@dataclass(frozen=True)
class _Ledger:
    """The operations on one of the three kinds."""

    kind: str
    rules: Mapping[str, Rule]

    def listing(self) -> Listing:
        """Describe the list of this kind."""
        fields = frozenset({*self.rules, "id", "company", "people", "created_at", "updated_at"})
        return Listing(self.kind, self.kind, envelope="single", ordering="sort", fields=fields)

    def list(self, call: Call) -> Reply:
        """Answer the page that is asked for."""
        return listed(call, self.listing())

    def get(self, call: Call) -> Reply:
        """Answer one record by Custify's id, bare."""
        return self._answer(call, self._known(call))

    def post(self, call: Call) -> Reply:
        """Create the record with this externalId, or update it."""
        sent = checked(call.body(), {"externalId": Rule(required=True), **self.rules})
        found = call.content.table(self.kind).find("externalId", sent["externalId"])
        return self._store(call, found[0] if found else None, sent)

    def post_by_id(self, call: Call) -> Reply:
        """Update one record by Custify's id."""
        known = self._known(call)
        return self._store(call, known, checked(call.body(), {"externalId": Rule(nullable=False), **self.rules}))

    def delete(self, call: Call) -> Reply:
        """Delete one record by externalId; without one, refuse."""
        external = call.text("externalId")
        if external is None:
            raise malformed("externalId is required")
        found = call.content.table(self.kind).find("externalId", external)
        if not found:
            raise missing(self.kind[:-1])
        call.content.table(self.kind).remove(found[0]["id"])
        return json_reply({"deleted": 1})

    def delete_by_id(self, call: Call) -> Reply:
        """Delete one record by Custify's id."""
        call.content.table(self.kind).remove(self._known(call)["id"])
        return json_reply({"deleted": 1})

    def _known(self, call: Call) -> Record:
        record = call.content.table(self.kind).get(call.arguments["entity"])
        if record is None:
            raise missing(self.kind[:-1])
        return record

    def _store(self, call: Call, known: Record | None, sent: Record) -> Reply:
        changes = {**sent, **owner_of(call.content, call.body())}
        if "externalId" in sent:
            changes["externalIds"] = {"custify": sent["externalId"]}
        if known is None:
            return self._answer(call, call.content.create(self.kind, {"metadata": {}, **changes}))
        return self._answer(call, call.content.update(self.kind, known, changes))

    def _answer(self, call: Call, record: Record) -> Reply:
        return json_reply(call.content.table(self.kind).public(record))

    def routes(self) -> tuple[Route, ...]:
        """Return the operations of this kind."""
        path = f"/financial/{self.kind[:-1]}"
        return (
            Route("GET", path, self.list),
            Route("GET", f"{path}/{{entity}}", self.get),
            Route("POST", path, self.post),
            Route("POST", f"{path}/{{entity}}", self.post_by_id),
            Route("DELETE", path, self.delete),
            Route("DELETE", f"{path}/{{entity}}", self.delete_by_id),
        )


_LEDGERS = (_Ledger("deals", _DEAL), _Ledger("invoices", _INVOICE), _Ledger("subscriptions", _SUBSCRIPTION))
ROUTES = tuple(route for ledger in _LEDGERS for route in ledger.routes())
