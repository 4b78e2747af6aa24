"""The fields that Custify documents, and that no record of the sandbox has, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping


def never_seen(stream: str) -> Mapping[str, str]:
    """Return the fields of a stream, each with the reason."""
    undocumented = dict.fromkeys(_OF_CLIENTS.get(stream, "").split(), _CLIENT_ONLY)
    return {name: _ASKED_FOR.get(name, _NO_CONTENT) for name in _NEVER_SEEN.get(stream, "").split()} | undocumented


_NEVER_SEEN: Mapping[str, str] = {
    "people": "companyNames first_seen_at metrics segments tagNames",
    "companies": "segments",
    "subscriptions": "canceledAt created_at dueInvoicesSince id lastTransactionStatus people updated_at",
    "deals": "created_at id people updated_at",
    "invoices": "created_at id people updated_at",
    "tasks": (
        "account assignedToModel collaboratorsDetailed completedAt completedBy completedByName "
        "label people snoozedUntilDate user_id"
    ),
    "notes": "externalId externalProvider status",
    "tickets": "rating ratingAt",
    "meetings": "description direction externalId location",
    "lifecycles": "created_by created_by_name updated_by updated_by_name",
}

_OF_CLIENTS: Mapping[str, str] = {
    "people": "avatar_url company company_id customer_id first_name last_name role title",
    "companies": (
        "arr buckets churn_risk domain first_seen_at last_request_at lifecycle_stage ltv mrr "
        "people_count renewal_date trial_end_date"
    ),
    "playbooks": "actions trigger",
    "segments": "color companies_count description filters",
}

_ASKED_FOR = {"segments": "comes when it is asked for with includeSegments"}
_NO_CONTENT = "is documented, and the seeded content has no record with it"
_CLIENT_ONLY = "is read by Custify's own client, and no document describes it"
