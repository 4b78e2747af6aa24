"""The one operation on events: sending them.

Decided here: that an accepted event is answered 202. What is stored is decided in `events`.
Source: Custify's docs, Events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.events import create_event
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.wire import Reply

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call


def post_event(call: Call) -> Reply:
    """Take one event."""
    create_event(call.content, call.body())
    return Reply(202, b"{}")


ROUTES = (Route("POST", "/event", post_event),)
