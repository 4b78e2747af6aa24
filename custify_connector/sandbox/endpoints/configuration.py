"""The operations on what an account is configured with: metrics, health scores, lifecycles, playbooks, segments.

Decided here: their lists and orders, which `type` each takes and supposes, and that one record comes bare.
Source: Custify's docs, the section of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.sorting import Order

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.listing import Shape
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_BY_POSITION = Order("position")
_FIELDS = frozenset({"id", "name", "type", "status", "position", "created_at", "updated_at"})


@dataclass(frozen=True)
class _Catalogue:
    """The two operations on one kind: `types` are the values of its `type`, the first the one supposed."""

    path: str
    listing: Listing
    types: tuple[str, ...] = ()

    def list(self, call: Call) -> Reply:
        """Answer the page that is asked for."""
        kind = self.listing.kind
        chosen = call.text("type") or (self.types[0] if self.types else None)
        if self.types and chosen not in self.types:
            raise malformed(f"type must be one of {', '.join(self.types)}")
        unscheduled = call.flag("nonScheduled")

        def records(content: Content) -> list[Record]:
            found = content.table(kind).find("type", chosen) if self.types else list(content.table(kind))
            return [one for one in found if not (unscheduled and (one.get("settings") or {}).get("scheduled"))]

        return listed(call, self.listing, Scope((chosen, unscheduled), records))

    def get(self, call: Call) -> Reply:
        """Answer one record, bare."""
        record = call.content.table(self.listing.kind).get(call.arguments["id"])
        if record is None:
            raise missing(self.path[1:])
        return json_reply(record)

    def routes(self) -> tuple[Route, ...]:
        """Return the operations of this kind."""
        return Route("GET", self.path, self.list), Route("GET", f"{self.path}/{{id}}", self.get)


def _counts_shape(call: Call) -> Shape | None:
    """Leave the counts of a playbook out when the request says so."""
    if call.text("includeCounts") != "false":
        return None
    return lambda record: {name: value for name, value in record.items() if name != "company_counts"}


def _sorted(kind: str) -> Listing:
    return Listing(kind, kind, ordering="sorting", fields=_FIELDS)


def _positioned(kind: str) -> Listing:
    return Listing(kind, kind, cap=200, ordering="both", default=_BY_POSITION, fields=_FIELDS, shape=_counts_shape)


CATALOGUES = (
    _Catalogue("/calculated_metric", _sorted("calculated_metrics"), ("company", "people")),
    _Catalogue("/health_score", _sorted("health_scores")),
    _Catalogue("/segment", _sorted("segments"), ("people", "company")),
    _Catalogue("/lifecycle", _positioned("lifecycles")),
    _Catalogue("/playbook", _positioned("playbooks"), ("companies", "people")),
)
ROUTES = tuple(route for catalogue in CATALOGUES for route in catalogue.routes())
