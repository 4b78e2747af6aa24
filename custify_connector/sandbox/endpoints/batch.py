"""The operations on batches: sending one and asking what became of it.

Decided here: the id of a batch, and when nothing is known of it. Source: Custify's docs, Batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.batch_replies import report, taken
from custify_connector.sandbox.batches import Batch, expired, judged_jobs, schedule
from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.refusals import missing
from custify_connector.sandbox.routing import Route

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.wire import Reply


def post_batch(call: Call) -> Reply:
    """Take a batch of up to 100 jobs, or run up to 3 at once."""
    body = call.body()
    named = body.get("returnJobId")
    key = named if isinstance(named, str) else f"batch-{len(call.content.batches) + 1}"
    batch = Batch(key, judged_jobs(body))
    schedule(call.content, call.quirks, batch, at_once=body.get("synchronous") is True)
    return json_reply(taken(call.quirks.batch_shape, batch), 202)


def get_batch(call: Call) -> Reply:
    """Answer what became of a batch, for as long as it is known."""
    batch = call.content.batches.get(call.arguments["id"])
    silent = call.quirks.batch_shape == "silent"
    if batch is None or silent or expired(batch, call.quirks.batch_expiry):
        raise missing("batch")
    return json_reply(report(call.quirks.batch_shape, batch))


ROUTES = (
    Route("POST", "/batch", post_batch),
    Route("GET", "/batch/{id}", get_batch),
)
