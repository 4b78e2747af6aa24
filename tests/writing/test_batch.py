"""Batch delivery: what becomes of each record, whatever is answered about the batch it was in."""

import pytest

from custify_connector.contract.errors import CredentialRefused, PermissionRefused
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Failure, Response
from custify_connector.writing import batch
from custify_connector.writing.batch import DEADLINE_SECONDS, FIRST_LOOK_SECONDS, BatchDelivery
from custify_connector.writing.plan import write_plan

RULE = {"type": "thing", "path": "/batch", "outcome": "/batch/{id}", "jobs": 100, "synchronous": 3}
PLAN = {
    "destination": "things",
    "request": {"method": "POST", "path": "/thing"},
    "identity": [["id"], ["name"]],
    "repeat": "id",
    "batch": RULE,
    "delivery": "batch",
}
LOST = Failure("broken", "the connection broke", arrived=True)
TAKEN = Response(200, {"id": "b/1"})
WORKING = Response(200, {"status": "processing"})


def done(*results):
    return Response(200, {"status": "completed", "results": list(results)})


GOOD, BAD = {"success": True}, {"success": False, "statusCode": 404, "error": "no such person"}


class Time:
    """A clock that moves only while a caller waits."""

    def __init__(self):
        self.at, self.waits = 1000.0, []
        self.meanwhile = None

    def pause(self, seconds, stop):
        """Wait so long at once; the first time, something else is done meanwhile."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        self.waits.append(seconds)
        self.at += seconds
        return stop.is_set()


class Service:
    """A `Send` with one list of answers to a posted batch, and one to each look; the last of each for ever."""

    def __init__(self, posted, *looks):
        self.answers = {"POST": list(posted) if isinstance(posted, tuple) else [posted], "GET": list(looks)}
        self.asked = []

    def __call__(self, request):
        """Answer one request."""
        self.asked.append(request)
        answers = self.answers[request.method]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def count(self, method):
        """Return how often this method was asked."""
        return sum(request.method == method for request in self.asked)


def delivery_of(service, time=None, **words):
    time = time or Time()
    clock = Clock(now=lambda: time.at, wall=lambda: time.at, pause=time.pause)
    return BatchDelivery(Client(service, Budget(None, clock), clock=clock), write_plan({**PLAN, **words}, None))


def deliver(service, count=4, time=None, *, field="id", **words):
    delivery = delivery_of(service, time, **words)
    return delivery.deliver(tuple(delivery.prepare(index, {field: str(index)}) for index in range(count)))


def outcomes(delivered):
    return [(receipt.outcome, receipt.code) for receipt in delivered.receipts]


SENT, REFUSED, UNCLEAR = ("sent", None), ("rejected", "refused"), ("failed", "unclear")


@pytest.mark.parametrize(("count", "synchronous"), [(1, True), (3, True), (4, False), (100, False)])
def test_a_small_batch_is_answered_at_once(count, synchronous):
    service = Service(TAKEN, done(*[GOOD] * count))
    delivered = deliver(service, count)
    assert outcomes(delivered) == [SENT] * count
    assert service.asked[0].body["synchronous"] is synchronous
    assert service.asked[1].path == "/batch/b%2F1"


def test_what_is_answered_at_once_is_not_asked_for():
    service = Service(Response(200, {"id": "b1", "status": "done", "results": [GOOD, BAD, GOOD]}))
    assert outcomes(deliver(service, 3)) == [SENT, REFUSED, SENT]
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([done(GOOD, BAD)], [SENT, REFUSED], id="partial"),
        pytest.param([WORKING, WORKING, done(GOOD, GOOD)], [SENT, SENT], id="later"),
        pytest.param([Response(200, {"status": "completed"})], [UNCLEAR] * 2, id="no results"),
        pytest.param([done(GOOD)], [UNCLEAR] * 2, id="too few results"),
        pytest.param([done(GOOD, {})], [SENT, UNCLEAR], id="a result that says nothing"),
        pytest.param([Response(404, {"message": "expired"})], [UNCLEAR] * 2, id="expired"),
        pytest.param([WORKING], [UNCLEAR] * 2, id="never ends"),
        pytest.param([Response(200, ["?"])], [UNCLEAR] * 2, id="no object"),
        pytest.param([LOST], [UNCLEAR] * 2, id="no answer"),
        pytest.param([Response(503)], [UNCLEAR] * 2, id="out of order"),
        pytest.param([LOST, Response(503), done(GOOD, GOOD)], [SENT] * 2, id="an answer in the end"),
    ],
)
def test_each_record_gets_what_was_said_of_it_and_no_more(looks, expected):
    service = Service(TAKEN, *looks)
    delivered = deliver(service, 2)
    assert outcomes(delivered) == expected
    assert [receipt.index for receipt in delivered.receipts] == [0, 1]
    assert service.count("POST") == 1
    assert delivered.error is None
    assert all(receipt.reason for receipt in delivered.receipts if receipt.outcome != "sent")


def test_a_refused_job_carries_its_code_and_custifys_reason():
    receipt = deliver(Service(TAKEN, done(BAD)), 1).receipts[0]
    assert (receipt.status, receipt.reason, receipt.key) == (404, "Custify: no such person", {"id": "0"})
    receipt = deliver(Service(TAKEN, done({"success": False})), 1).receipts[0]
    assert receipt.reason == "Custify: no reason given"


@pytest.mark.parametrize(
    "answer", [Response(200, {}), Response(202), Response(200, {"id": None}), Response(200, "taken")], ids=repr
)
def test_a_batch_that_was_taken_without_an_id_is_unclear(answer):
    delivered = deliver(Service(answer), 4)
    assert outcomes(delivered) == [UNCLEAR] * 4
    assert "returned no id" in delivered.receipts[0].reason


@pytest.mark.parametrize(
    ("answer", "field", "posts", "expected"),
    [
        (LOST, "id", 5, ("failed", "unavailable")),
        (Response(503), "id", 5, ("failed", "unavailable")),
        (LOST, "name", 1, UNCLEAR),
        (Response(503), "name", 1, UNCLEAR),
        (Failure("unreachable", "the connection was refused", arrived=False), "name", 5, ("failed", "unavailable")),
    ],
    ids=repr,
)
def test_a_batch_without_an_answer_is_posted_again_only_when_all_of_it_may_be(answer, field, posts, expected):
    service = Service(answer)
    delivered = deliver(service, 4, field=field)
    assert (outcomes(delivered), service.count("POST")) == ([expected] * 4, posts)
    assert delivered.answered is False


def test_one_record_that_must_not_be_repeated_is_enough_to_post_a_batch_once():
    service = Service(LOST)
    delivery = delivery_of(service)
    records = [{"id": "1"}, {"name": "n"}, {"id": "2"}]
    delivery.deliver(tuple(delivery.prepare(index, record) for index, record in enumerate(records)))
    assert service.count("POST") == 1


@pytest.mark.parametrize(
    ("status", "expected", "error"),
    [
        (400, REFUSED, None),
        (422, REFUSED, None),
        (401, ("failed", "key_refused"), CredentialRefused),
        (403, ("failed", "key_refused"), PermissionRefused),
    ],
)
def test_a_batch_that_is_refused_altogether_refuses_each_of_its_records(status, expected, error):
    delivered = deliver(Service(Response(status, {"message": "no"})), 4)
    assert outcomes(delivered) == [expected] * 4
    assert {receipt.response for receipt in delivered.receipts} == {None}
    assert type(delivered.error) is (error or type(None))


@pytest.mark.parametrize(("status", "error"), [(401, CredentialRefused), (403, PermissionRefused), (410, type(None))])
def test_a_key_that_is_refused_while_looking_leaves_the_records_unclear(status, error):
    delivered = deliver(Service(TAKEN, WORKING, Response(status)), 4)
    assert outcomes(delivered) == [UNCLEAR] * 4
    assert type(delivered.error) is error


def test_an_answer_is_kept_where_that_was_asked():
    delivered = deliver(Service(TAKEN, done(GOOD, BAD)), 2, capture_responses=True)
    assert all(receipt.response == done(GOOD, BAD).body for receipt in delivered.receipts)
    assert all(receipt.response is None for receipt in deliver(Service(TAKEN, done(GOOD, BAD)), 2).receipts)


# ---------------------------------------------------------------------------------------------------- when it is looked


def test_each_look_comes_after_as_long_again():
    time = Time()
    deliver(Service(TAKEN, WORKING, WORKING, done(*[GOOD] * 4)), time=time)
    assert time.waits == [FIRST_LOOK_SECONDS, 2 * FIRST_LOOK_SECONDS, 4 * FIRST_LOOK_SECONDS]


def test_a_batch_that_never_ends_is_left_when_the_time_is_up_and_not_long_after():
    time = Time()
    delivered = deliver(Service(TAKEN, WORKING), time=time)
    assert {(one.outcome, one.code) for one in delivered.receipts} == {("failed", "unclear")}
    assert "not finished after 300 s" in delivered.receipts[0].reason
    assert DEADLINE_SECONDS <= sum(time.waits) <= DEADLINE_SECONDS + 1


def test_the_next_batch_is_looked_at_later_when_this_one_was_looked_at_too_early():
    time, service = Time(), Service(TAKEN, WORKING, done(*[GOOD] * 4))
    delivery = delivery_of(service, time)
    group = tuple(delivery.prepare(index, {"id": str(index)}) for index in range(4))
    delivery.deliver(group)
    time.waits.clear()
    delivery.deliver(group)
    assert time.waits == [3 * FIRST_LOOK_SECONDS * 1.5]


def test_a_batch_that_was_ready_at_the_first_look_teaches_nothing():
    time, service = Time(), Service(TAKEN, done(*[GOOD] * 4))
    delivery = delivery_of(service, time)
    group = tuple(delivery.prepare(index, {"id": str(index)}) for index in range(4))
    for _ in range(3):
        delivery.deliver(group)
    assert time.waits == [FIRST_LOOK_SECONDS] * 3


def test_what_another_batch_taught_meanwhile_does_not_make_this_ones_first_look_a_late_one():
    time = Time()
    delivery = delivery_of(Service(TAKEN, WORKING, done(*[GOOD] * 4)), time)
    records = tuple(delivery.prepare(index, {"id": str(index)}) for index in range(4))
    time.meanwhile = lambda: delivery.deliver(records)
    delivery.deliver(records)
    time.waits.clear()
    delivery.deliver(records)
    assert time.waits == [3 * FIRST_LOOK_SECONDS * 1.5]


def test_after_a_slow_batch_the_next_is_looked_at_after_a_tenth_of_the_deadline_at_most():
    time, service = Time(), Service(TAKEN, *[WORKING] * 8, done(*[GOOD] * 4))
    delivery = delivery_of(service, time)
    group = tuple(delivery.prepare(index, {"id": str(index)}) for index in range(4))
    delivery.deliver(group)
    time.waits.clear()
    delivery.deliver(group)
    assert time.waits == [DEADLINE_SECONDS / 10]


def test_one_slow_batch_does_not_let_the_next_wait_for_most_of_the_deadline(monkeypatch):
    monkeypatch.setattr(batch, "FIRST_LOOK_SECONDS", 100.0)
    time, service = Time(), Service(TAKEN, WORKING, done(*[GOOD] * 4))
    delivery = delivery_of(service, time)
    group = tuple(delivery.prepare(index, {"id": str(index)}) for index in range(4))
    delivery.deliver(group)
    time.waits.clear()
    delivery.deliver(group)
    assert time.waits == [100.0]


def test_a_record_that_is_faulty_is_rejected_before_it_is_in_a_batch():
    assert delivery_of(Service(TAKEN)).prepare(7, {}).outcome == "rejected"
