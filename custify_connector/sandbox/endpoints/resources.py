"""The table of what the API offers: every kind of record with its list, its fields and its operations.

Decided here: paths, names of lists, fields, orders, pages, what a POST requires, how an upsert finds its record and
what a DELETE answers. What no other kind does is a function in a file of its own.
Source: Custify's docs, the section of each.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from custify_connector.sandbox.item_filters import NOTE_CHOICES, TASK_CHOICES
from custify_connector.sandbox.listing import Listing, entity_shape, without_counts
from custify_connector.sandbox.rules import Rule, fields
from custify_connector.sandbox.sorting import Order

from . import batches, companies, custom_data, events, files, notes, people, scores, tagging, tasks, tickets
from . import undocumented as own
from .operations import Resource, creates, deletes, deletes_by, gets, lists, updates, upserts
from .selecting import below, by_id, lookup, matching, of_attendee, of_company, of_entity, of_type
from .time_tracks import TIME_TRACKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from custify_connector.sandbox.routing import Answer

    from .operations import Operation

_NEWEST, _LATEST = Order("created_at", descending=True), Order("signed_up_at", descending=True)


def _ledger(one: str, body: str) -> Resource:
    """Return the entry of deals, invoices or subscriptions: externalId is the key of an upsert."""
    path = f"/financial/{one}"
    rules = fields(body)
    return Resource(
        Listing(f"{one}s", envelope="single", ordering="sort", fields=" ".join((*rules, "company people"))),
        one,
        {
            f"GET {path}": lists(),
            f"GET {path}/{{id}}": gets,
            f"POST {path}": upserts("externalId"),
            f"POST {path}/{{id}}": updates(whole=False),
            f"DELETE {path}": deletes_by("externalId"),
            f"DELETE {path}/{{id}}": deletes,
        },
        rules={**fields("externalId!"), **rules},
        blank={"metadata": {}},
        linked=True,
        derived=lambda _, sent: {"externalIds": {"custify": sent["externalId"]}} if "externalId" in sent else {},
    )


def _catalogue(
    one: str, *types: str, positioned: bool = False, also: Mapping[str, Operation] = MappingProxyType({})
) -> Resource:
    """Return the entry of a kind that an account is configured with; of `types` the first is supposed."""
    listing = Listing(
        f"{one}s",
        cap=200 if positioned else 50,
        ordering="both" if positioned else "sorting",
        default=Order("position" if positioned else None),
        fields="name type status position",
        shape=without_counts,
    )
    select = of_type(*types) if types else None
    return Resource(listing, one, {f"GET /{one}": lists(select), f"GET /{one}/{{id}}": gets, **also})


RESOURCES = (
    Resource(
        Listing(
            "people",
            cap=200,
            envelope="array",
            ordering="sorting",
            default=_LATEST,
            fields="user_id email name phone signed_up_at session_count unsubscribed_from_emails"
            " unsubscribed_from_calls last_seen_at",
            entity_readers=people.readers,
            shape=entity_shape("people"),
        ),
        "person",
        {
            "GET /people/all": lists(),
            "GET /people": lists(lookup("user_id", "email", required=True)),
            "GET /people/{id}": people.get_person,
            "POST /people": people.post_person,
            "POST /people/tag": tagging.tag_people,
            "DELETE /people": people.delete_found_people,
            "DELETE /people/{id}": people.delete_person,
            # An alias that only the vendor's own client uses.
            "GET /customer/{id}": people.get_person,
            "POST /customer": people.post_person,
            "GET /customer/attributes": own.list_attributes("people"),
        },
    ),
    Resource(
        Listing(
            "companies",
            cap=200,
            ordering="sorting",
            default=_LATEST,
            fields="company_id name website industry size plan monthly_revenue churned signed_up_at owners_csm"
            " owners_account status last_seen_at",
            entity_readers=companies.readers,
            shape=entity_shape("companies"),
        ),
        "company",
        {
            "GET /company/all": lists(),
            "GET /company": lists(lookup("company_id", required=True)),
            "GET /company/{id}": companies.get_company,
            "POST /company": companies.post_company,
            "DELETE /company": companies.delete_company_by_key,
            "DELETE /company/{id}": companies.delete_company_by_id,
            "GET /company/people/{id}": companies.list_company_people,
            # Only the vendor's own client uses these.
            "GET /company/attributes": own.list_attributes("companies"),
            "GET /company/segments/{id}": own.company_segments,
            "GET /company/usage/{id}": own.company_usage,
        },
    ),
    _ledger("deal", "name status value:number addedAt:date wonAt:date lostAt:date"),
    _ledger("invoice", "status total:number amountPaid:number invoicedAt:date paidAt:date"),
    _ledger(
        "subscription",
        "plan mrr:number startedAt:date canceledAt:date currentCycleStartAt:date currentCycleEndAt:date"
        " nextBillingAt:date billingPeriod:number billingPeriodUnit dueInvoicesCount:number dueInvoicesSince:date"
        " dueInvoicesTotal:number paidInvoicesCount:number paidInvoicesTotal:number lastInvoiceStatus"
        " lastTransactionStatus metadata:object",
    ),
    Resource(
        Listing(
            "notes",
            ordering="sort",
            default=_NEWEST,
            fields="text sticky entity createdBy",
            search=("text", "entityName"),
            item_choices=lambda _: NOTE_CHOICES,
        ),
        "note",
        {
            "GET /note": lists(),
            "GET /note/{id}": lists(below("entity"), default=Order("created_at", descending=True, sticky=True)),
            "POST /note": creates(),
            "POST /note/{id}": updates(),
        },
        rules={
            **fields("text! entity!"),
            "entityModel": Rule(required=True, choices=tuple(notes.NOTED)),
            **fields("files:list metadata:object showInPortal:boolean sticky:boolean tags:list"),
        },
        blank={
            "tags": [],
            "files": [],
            "sticky": False,
            "showInPortal": False,
            "createdBy": None,
            "createdByType": "api",
        },
        derived=notes.noted_entity,
    ),
    Resource(
        Listing("comments", ordering="sort", fields="text createdBy"),
        "comment",
        {
            "GET /comment/{entityModel}/{entity}": lists(notes.of_parent),
            "POST /comment/{entityModel}/{entity}": notes.post_comment,
        },
        rules={**fields("text! createdBy"), "id": Rule(nullable=False)},
    ),
    Resource(
        Listing("tags", cap=100, ordering="sort", default=Order("position"), fields="name category position"),
        "tag",
        {
            "GET /tag": lists(matching("category")),
            "GET /tag/{id}": gets,
            "POST /tag": creates(rank="position"),
            "POST /tag/{id}": updates(),
            "DELETE /tag/{id}": tagging.delete_tag,
            "PATCH /tag/entity": tagging.tag_entities,
        },
        rules={**fields("name!"), "category": Rule(required=True, choices=tagging.CATEGORIES), **fields("description")},
        blank={"description": ""},
    ),
    Resource(
        Listing(
            "tasks",
            ordering="sorting",
            fields="name priority status dueDate company assignedTo externalId completedAt",
            search=("name", "description"),
            item_choices=lambda _: TASK_CHOICES,
        ),
        "task",
        {
            "GET /task": lists(lookup("externalId")),
            "GET /task/filtersAvailableValues": tasks.filter_values,
            "GET /task/{id}": lists(by_id),
            "POST /task": tasks.create_task,
            "PUT /task/{id}": tasks.update_task,
        },
    ),
    Resource(
        Listing(
            "tickets",
            cap=200,
            ordering="sort",
            default=Order("openedAt", descending=True),
            fields="title ticketStatus priority externalId openedAt lastModifiedAt",
            search=("title", "description", "externalId"),
            item_choices=tickets.choices,
        ),
        "ticket",
        {
            "GET /ticket": lists(lookup("externalId")),
            "GET /ticket/{id}": lists(tickets.of_entity),
            "POST /ticket": tickets.create_ticket,
            "PUT /ticket/{externalId}": tickets.update_ticket,
            "DELETE /ticket/{externalId}": tickets.delete_ticket,
            "POST /ticket/{externalId}/reply": tickets.add_reply,
        },
    ),
    Resource(
        Listing("files"),
        "file",
        {
            "GET /file": lists(files.of_owner),
            "POST /file": files.upload_file,
            "PUT /file/{id}/showInPortal": files.show_in_portal,
            "POST /file/unlink": files.unlink_file,
        },
    ),
    Resource(Listing("surveys", envelope="bare"), "survey", {"GET /survey": lists()}),
    Resource(
        Listing("survey_responses", "responses", envelope="numbered", default=Order("responseDate", descending=True)),
        "response",
        {"GET /survey/{id}/responses": lists(below("survey", "surveys"))},
    ),
    Resource(
        Listing("meetings", ordering="sorting", fields="title startAt endAt duration recurring"),
        "meeting",
        {
            "GET /calendar/meeting": lists(of_attendee),
            "GET /calendar/meeting/{entityType}/{entityId}": lists(of_entity),
        },
    ),
    TIME_TRACKS,
    Resource(
        Listing(
            "objectives",
            envelope="numbered",
            ordering="both",
            default=_NEWEST,
            fields="name importance risk health completionPercentage objectiveStatus startAt dueAt completedAt",
            entity_readers=lambda _: {},
        ),
        "objective",
        {"GET /objective": lists(of_company)},
    ),
    _catalogue("calculated_metric", "company", "people"),
    _catalogue(
        "health_score",
        also={"GET /health_score/simple": own.simple_scores, "GET /health_score/{id}/values": own.score_values},
    ),
    _catalogue("segment", "people", "company"),
    _catalogue("lifecycle", positioned=True),
    _catalogue(
        "playbook", "companies", "people", positioned=True, also={"POST /playbook/entity/{id}": own.run_playbook}
    ),
)
OTHERS: Mapping[str, Answer] = {
    "POST /event": events.post_event,
    "POST /batch": batches.post_batch,
    "GET /batch/{key}": batches.get_batch,
    **{
        f"{method} /custom_data/{{entityModel}}{rest}": answer
        for method, answer in custom_data.OPERATIONS.items()
        for rest in ("", "/{entity}")
    },
    **{f"POST /{kind}_score{rest}": scores.submit_score(kind) for kind in scores.RANGES for rest in ("", "/{id}")},
    # Only the vendor's own client uses this.
    "GET /signal/entities": own.list_signals,
}
