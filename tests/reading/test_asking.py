"""A page is asked on one thread and read on that of its taker; what cannot be read there is asked anew."""

import threading

import orjson
import pytest

from custify_connector.contract.errors import ServiceUnavailable, UnexpectedReply
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Failure, Response, Undecoded
from custify_connector.reading import asking as pages
from custify_connector.reading.paging import Position
from custify_connector.reading.plan import read_plan
from custify_connector.reading.state import Progress

PLAN = read_plan({"request": {"path": "/thing"}, "records": ["things"], "page": {"parameter": "page", "size": 10}})
NO_JSON = Failure("not_json", "answered 200 with text/html that is no JSON", arrived=True)
ROWS = [{"id": "1"}, {"id": "2"}]
WHOLE = {"things": ROWS, "total": 2}


class Service:
    """Answers in turn; the last answer again and again. Keeps whether each request could be decoded later."""

    def __init__(self, *answers):
        self.answers, self.later = list(answers), []

    def __call__(self, request):
        """Answer one request."""
        self.later.append(request.decoded_later)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


HURRIED = Clock(pause=lambda _seconds, _stop: False)
"""A clock on which no pause takes time."""


def ask(service):
    client = Client(service, Budget(None), clock=HURRIED)
    return pages.ask(client, PLAN, Progress(None, Position(1, 10)), 1, threading.Event())


def test_a_page_that_came_undecoded_is_decoded_when_it_is_read():
    service = Service(Response(200, Undecoded(orjson.dumps(WHOLE))))
    page, _ = ask(service)()
    assert (page.records, page.total, service.later) == (ROWS, 2, [True])


def test_an_answer_is_not_looked_into_before_it_is_taken():
    service = Service(Response(200, Undecoded(b"<html>")), Response(200, WHOLE))
    read = ask(service)
    assert service.later == [True]
    page, _ = read()
    assert (page.records, service.later) == (ROWS, [True, False])


@pytest.mark.parametrize("content", [b"<html>", b"null"])
def test_what_was_no_page_is_asked_anew_and_then_decoded_where_it_arrives(content):
    service = Service(Response(200, Undecoded(content)), NO_JSON, NO_JSON, Response(200, WHOLE))
    page, _ = ask(service)()
    assert (page.records, service.later) == (ROWS, [True, False, False, False])


def test_what_never_becomes_a_page_is_given_up():
    with pytest.raises(ServiceUnavailable, match="no JSON"):
        ask(Service(Response(200, Undecoded(b"<html>")), NO_JSON))()


def test_nothing_at_all_is_asked_for_once_more_and_is_never_an_empty_list():
    service = Service(Response(200, None))
    with pytest.raises(UnexpectedReply, match="nothing in it, 2 times"):
        ask(service)
    assert service.later == [True, True]
