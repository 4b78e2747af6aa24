"""Asking for one page: more plainly after a refusal, and once more where the answer held nothing at all.

Decides also when a run started, by the service's clock. A page is asked on one thread and read on another, that of
its taker: records that wait decoded cost more than their bytes. This file does not know which page is wanted, nor what
it adds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from custify_connector.contract.errors import UnexpectedReply
from custify_connector.contract.events import PageRead
from custify_connector.exchange.client import Client
from custify_connector.exchange.replies import unavailable
from custify_connector.exchange.retrying import GivenUp
from custify_connector.exchange.wire import Request, Response, Undecoded, decode
from custify_connector.reading import paging as reading
from custify_connector.reading.page_of import page_of
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.state import Progress

log = logging.getLogger("custify_connector")

_OK, _TIMES_ASKED = 200, 2

Unread = Callable[[], tuple[reading.Page, Progress]]
"""A page that was answered: call it on the thread that takes it."""


def ask(client: Client, plan: ReadPlan, progress: Progress, number: int, stop: threading.Event) -> Unread:
    """Ask for one page; the first reply of a run also tells when the run started, by the service's clock."""
    request = reading.request(plan, progress.position, number)
    response = _answer(client, request, plan.stream, stop)
    if not response.ok and progress.position.collected == 0:
        plainer = reading.concede(plan, progress.position, response.status)
        if plainer is not None:
            log.warning("%s: Custify refused the request; asking without %s", plan.stream, plainer.concessions[-1])
            return ask(client, plan, replace(progress, position=plainer), number, stop)
    reached = progress if progress.started else replace(progress, started=_served_at(response, client))

    def read() -> tuple[reading.Page, Progress]:
        page = page_of(plan, request, number, _decoded(client, request, response, plan.stream, stop))
        client.listener(PageRead(plan.stream, len(page.records), page.total))
        return page, reached

    return read


def _decoded(client: Client, request: Request, response: Response, where: str, stop: threading.Event) -> Response:
    """Return an answer decoded; one that is no JSON after all is asked anew, where the loop judges what comes."""
    if not isinstance(response.body, Undecoded):
        return response
    is_json, body = decode(response.body.content)
    if is_json and body is not None:
        return replace(response, body=body)
    return _answer(client, replace(request, decoded_later=False), where, stop)


def _answer(client: Client, request: Request, where: str, stop: threading.Event) -> Response:
    """Return the answer to a request; one that holds nothing at all is asked for once more.

    Raises ServiceUnavailable, and UnexpectedReply for a second answer without content: an empty list would be one.
    """
    place = f"{where}: {request.method} {request.path}"
    for _ in range(_TIMES_ASKED):
        verdict = client.exchange(request, repeatable=True, stop=stop)
        if isinstance(verdict, GivenUp):
            raise unavailable(verdict, place)
        if verdict.response.body is not None or verdict.response.status != _OK:
            return verdict.response
    raise UnexpectedReply(f"{place}: Custify answered {_OK} with nothing in it, {_TIMES_ASKED} times")


def _served_at(response: Response, client: Client) -> str:
    try:
        moment = parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError):
        moment = datetime.fromtimestamp(client.clock.wall(), timezone.utc)
    return moment.astimezone(timezone.utc).isoformat()
