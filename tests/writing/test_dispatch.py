"""One receipt for each record, in the order of the input; records of one key in their order, others side by side."""

import contextlib
import itertools
import threading
import time
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import CredentialRefused, ServiceUnavailable
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Failure, Request, Response
from custify_connector.exchange.workers import AHEAD
from custify_connector.writing import dispatch, ordering
from custify_connector.writing.plan import write_plan
from custify_connector.writing.single import SingleDelivery
from custify_connector.writing.stopping import StopPolicy

THING = {
    "destination": "things",
    "request": {"method": "POST", "path": "/thing"},
    "identity": [["id"]],
    "repeat": "always",
    "batch": {"type": "thing", "path": "/batch", "outcome": "/batch/{id}", "jobs": 10, "synchronous": 3},
}
LOST = Failure("broken", "the connection broke", arrived=True)


class Service:
    """A model of Custify: takes things, alone or in batches, and answers as each thing says under `answer`."""

    def __init__(self, seconds=0.0, gate=None, probed=200):
        self.probed = probed
        self.seen, self.under_way, self.most, self.posts = [], 0, 0, 0
        self.seconds, self.gate = seconds, gate
        self._lock, self._batches = threading.Condition(), {}

    def __call__(self, request):
        """Answer one request."""
        with self._lock:
            self.posts += request.method == "POST"
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self._lock.notify_all()
        if self.gate is not None:
            self.gate.wait(10)
        time.sleep(self.seconds)
        with self._lock:
            self.under_way -= 1
            return self._answer(request)

    def _answer(self, request):
        if request == PROBE:
            return Response(self.probed)
        if request.method == "GET":
            return Response(200, {"status": "done", "results": self._batches[request.path.rsplit("/", 1)[1]]})
        if request.path == "/batch":
            results = [self._result(job["payload"]) for job in request.body["jobs"]]
            self._batches[name := f"b{len(self._batches)}"] = results
            return Response(200, {"id": name})
        self.seen.append(request.body)
        answer = request.body.get("answer", 200)
        return LOST if answer == "lost" else Response(answer, {"message": "no"} if answer >= 400 else None)

    def _result(self, payload):
        self.seen.append(payload)
        answer = payload.get("answer", 200)
        return {"statusCode": 500 if answer == "lost" else answer}

    def wait_for(self, count):
        """Wait until so many requests are under way at once."""
        with self._lock:
            assert self._lock.wait_for(lambda: self.under_way >= count, 10)


PROBE = Request("GET", "/probe")


def write(service, records, workers=4, **words):
    quick = Clock(pause=lambda _seconds, stop: stop.is_set())
    client = Client(service, Budget(None, quick), max_in_flight=workers, clock=quick)
    return dispatch.write(client, write_plan({**THING, **words}, None), records, PROBE)


def things(count, **answers):
    """Return so many things; `r7=400` lets the seventh be answered so."""
    return [{"id": f"t{number}", "answer": answers.get(f"r{number}", 200)} for number in range(count)]


def bound(delivery, workers):
    """Return how many deliveries may wait for one that is late."""
    return (AHEAD if delivery == "single" else 5) * workers + 1


def at_once(delivery, workers):
    """Return how many requests may be made before the first answer is taken: most batches only wait for theirs."""
    return (workers if delivery == "single" else 3 * workers) + 1


def until_raised(receipts):
    """Return the receipts of a run, and what it raised after the last of them."""
    taken = []
    try:
        for receipt in receipts:
            taken.append(receipt)  # noqa: PERF402 - a list would keep nothing when it raises
    except Exception as error:  # noqa: BLE001 - it is the answer
        return taken, error
    return taken, None


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("custify-write")]


@pytest.fixture(autouse=True)
def _leaves_no_thread():
    yield
    assert threads() == []


WAYS = list(itertools.product(["single", "batch"], [1, 2, 8]))


@pytest.mark.parametrize(("delivery", "workers"), WAYS)
def test_an_input_that_breaks_is_raised_after_the_receipts_of_what_came_before(delivery, workers):
    def broken():
        yield from things(5)
        raise OSError("the file is gone")

    service = Service()
    receipts, error = until_raised(write(service, broken(), workers, delivery=delivery))
    assert [(receipt.index, receipt.outcome) for receipt in receipts] == [(place, "sent") for place in range(5)]
    assert str(error) == "the file is gone"


@pytest.mark.parametrize(("delivery", "workers"), WAYS)
def test_every_record_is_sent_once_and_its_receipt_comes_in_order(delivery, workers):
    service = Service()
    records = things(53, r3=400, r40=422, r52=404)
    run = list(write(service, records, workers, delivery=delivery))
    assert [receipt.index for receipt in run] == list(range(53))
    assert [receipt.index for receipt in run if receipt.outcome == "rejected"] == [3, 40, 52]
    assert sorted(body["id"] for body in service.seen) == sorted(record["id"] for record in records)
    assert service.most <= workers


@pytest.mark.parametrize(("delivery", "workers"), WAYS)
def test_no_records_are_no_receipts(delivery, workers):
    service = Service()
    assert list(write(service, [], workers, delivery=delivery)) == []
    assert service.posts == 0


@pytest.mark.parametrize(("delivery", "workers"), WAYS)
def test_records_of_one_key_arrive_in_their_order(delivery, workers):
    service = Service(seconds=0.001)
    records = [{"id": f"t{number % 3}", "turn": number} for number in range(40)]
    assert len(list(write(service, records, workers, delivery=delivery))) == 40
    arrived = defaultdict(list)
    for body in service.seen:
        arrived[body["id"]].append(body["turn"])
    assert all(turns == sorted(turns) for turns in arrived.values())


def test_a_batch_holds_each_key_once():
    service = Service()
    list(write(service, [{"id": "a"}, {"id": "b"}, {"id": "a"}, {"id": "c"}], delivery="batch"))
    assert service.posts == 2


@pytest.mark.parametrize(("delivery", "requests"), [("single", 8), ("batch", 8)])
def test_up_to_the_bound_are_under_way_at_once(delivery, requests):
    service = Service(gate=threading.Event())
    run = write(service, things(200), 8, delivery=delivery)
    taker = threading.Thread(target=next, args=(run,))
    taker.start()
    service.wait_for(requests)
    service.gate.set()
    taker.join(10)
    assert len(list(run)) == 199
    assert service.most == 8


@pytest.mark.parametrize(("delivery", "ahead"), [("single", AHEAD * 8), ("batch", 360)])
def test_no_more_is_taken_from_the_input_than_may_wait_for_its_turn(delivery, ahead):
    taken = []

    def records():
        for record in things(3_000):
            taken.append(record)
            yield record

    with contextlib.closing(write(Service(), records(), 8, delivery=delivery)) as run:
        for number, _ in enumerate(run, start=1):
            assert len(taken) - number <= ahead + 10
    assert len(taken) == 3_000


class Late(Service):
    """Answers all but the first record, t0, which waits for the gate."""

    def __init__(self):
        super().__init__()
        self.late, self.answered = threading.Event(), threading.Condition()

    def __call__(self, request):
        """Answer one request."""
        late = request.method == "POST" and "'t0'" in str(request.body)
        with self._lock:
            self.under_way += late
            self.most = max(self.most, self.under_way)
        if late:
            self.late.wait(10)
            with self._lock:
                self.under_way -= 1
        answer = super().__call__(request)
        with self.answered:
            self.answered.notify_all()
        return answer

    def wait_until(self, reached):
        """Wait for what is so after an answer."""
        with self.answered:
            assert self.answered.wait_for(reached, 10)


def behind_a_late_one(reached, records, workers=4, **words):
    """Write records of which the first is late until `reached`; return the service, how many were taken, the result."""
    service, taken, first = Late(), [], []

    def counted():
        for record in records:
            taken.append(record)
            yield record

    run = write(service, counted(), workers, **words)
    taker = threading.Thread(target=lambda: first.extend([next(run), len(taken)]))
    taker.start()
    service.wait_until(lambda: reached(service))
    service.late.set()
    taker.join(10)
    rest, error = until_raised(run)
    return service, first[1], [first[0], *rest], error


def test_one_late_answer_keeps_no_other_from_being_sent_up_to_a_bound():
    service, taken, run, _ = behind_a_late_one(lambda service: len(service.seen) == AHEAD * 4 - 1, things(60))
    assert taken == AHEAD * 4
    assert service.most <= 4
    assert [(receipt.index, receipt.outcome) for receipt in run] == [(number, "sent") for number in range(60)]


def test_what_may_not_be_repeated_waits_in_small_numbers_since_a_killed_run_leaves_it_unclear():
    _, taken, _, _ = behind_a_late_one(lambda service: len(service.seen) == 4, things(60), repeat="never")
    assert taken == 5


@pytest.mark.parametrize(("repeat", "most"), [("always", 180), ("never", 130)])
def test_half_as_many_again_as_can_be_under_way_wait_for_a_late_batch_where_each_may_be_repeated(repeat, most):
    words = {"delivery": "batch", "repeat": repeat}
    _, taken, run, _ = behind_a_late_one(lambda service: len(service.seen) == most - 10, things(300), **words)
    assert taken == most
    assert len(run) == 300


def test_whether_more_may_wait_is_looked_at_once_for_each_delivery_and_not_for_each_record(monkeypatch):
    looks, may_stop = [], StopPolicy.may_stop
    monkeypatch.setattr(StopPolicy, "may_stop", lambda *arguments: looks.append(1) or may_stop(*arguments))
    behind_a_late_one(lambda service: len(service.seen) == 170, things(300), delivery="batch")
    assert len(looks) <= 30


@pytest.mark.parametrize("answer", [401, 503])
def test_no_more_is_sent_once_an_answer_says_that_the_run_may_stop_though_an_earlier_one_is_late(answer):
    records = things(60, **{f"r{number}": answer for number in range(8, 60)})
    _, taken, run, error = behind_a_late_one(
        lambda service: any(body["answer"] == answer for body in service.seen), records
    )
    assert taken <= 8 + 4 + 1
    assert [receipt.index for receipt in run] == list(range(60))
    assert [receipt.outcome for receipt in run[:8]] == ["sent"] * 8
    assert {receipt.outcome for receipt in run[8:]} == {"failed", "not_tried"}
    assert isinstance(error, CredentialRefused if answer == 401 else ServiceUnavailable)


def test_rejects_count_towards_the_limit_before_their_turn_comes():
    records = things(60, **{f"r{number}": 400 for number in range(1, 60)})
    service, _, run, _ = behind_a_late_one(lambda service: len(service.seen) >= 4, records, max_rejects=3)
    counts = Counter(receipt.outcome for receipt in run)
    assert counts == {"sent": 1, "rejected": len(service.seen) - 1, "not_tried": 60 - len(service.seen)}
    assert len(service.seen) <= 3 + at_once("single", 4)


def test_an_input_that_breaks_behind_a_late_one_leaves_each_record_its_receipt():
    def records():
        yield from things(12)
        raise OSError("the file is gone")

    _, _, run, error = behind_a_late_one(lambda service: len(service.seen) == 11, records())
    assert [(receipt.index, receipt.outcome) for receipt in run] == [(number, "sent") for number in range(12)]
    assert str(error) == "the file is gone"


def test_records_of_one_key_wait_for_one_another_behind_a_late_one():
    records = [{"id": f"t{number % 4}", "turn": number} for number in range(24)]
    service, _, run, _ = behind_a_late_one(lambda service: len(service.seen) >= 1, records)
    arrived = defaultdict(list)
    for body in service.seen:
        arrived[body["id"]].append(body["turn"])
    assert all(turns == sorted(turns) for turns in arrived.values())
    assert [receipt.index for receipt in run] == list(range(24))


def test_what_is_answered_behind_one_that_hangs_has_its_receipt_when_the_run_is_ended():
    service, quick = Late(), Clock(pause=lambda _seconds, stop: stop.is_set())
    client = Client(service, Budget(None, quick), max_in_flight=4, clock=quick)

    def end():
        service.wait_until(lambda: len(service.seen) == AHEAD * 4 - 1)
        client.ending.finish()

    ender = threading.Thread(target=end)
    ender.start()
    run = list(dispatch.write(client, write_plan(THING, None), things(60), PROBE))
    service.late.set()
    for thread in [ender, *threads()]:
        thread.join(10)
    assert [receipt.code for receipt in run[:1]] == ["unclear"]
    assert [receipt.outcome for receipt in run] == ["failed"] + ["sent"] * (AHEAD * 4 - 1) + ["not_tried"] * (
        60 - AHEAD * 4
    )


def test_a_run_that_is_cut_has_a_receipt_for_what_no_thread_was_free_for():
    service, quick = Service(gate=threading.Event()), Clock(pause=lambda _seconds, stop: stop.is_set())
    client = Client(service, Budget(None, quick), max_in_flight=2, clock=quick)

    def end():
        service.wait_for(2)
        client.ending.finish()

    ender = threading.Thread(target=end)
    ender.start()
    run = list(dispatch.write(client, write_plan(THING, None), things(5), PROBE))
    service.gate.set()
    for thread in [ender, *threads()]:
        thread.join(10)
    assert [receipt.outcome for receipt in run] == ["failed"] * 2 + ["not_tried"] * 3


@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_many_rejected_records_are_not_gathered_without_bound(monkeypatch, delivery):
    monkeypatch.setattr(ordering, "MOST_ENTRIES", 20)
    run = write(Service(), itertools.chain([{"id": "good"}], ({} for _ in range(500))), delivery=delivery)
    outcomes = [(receipt.index, receipt.outcome) for receipt in run]
    assert outcomes == [(0, "sent"), *((number, "rejected") for number in range(1, 501))]


def test_rejected_records_within_a_batch_keep_their_places():
    records = [{"id": "a"}, {}, {"id": "b"}, "text", {"id": "c", "answer": 400}]
    outcomes = [receipt.outcome for receipt in write(Service(), records, delivery="batch")]
    assert outcomes == ["sent", "rejected", "sent", "rejected", "rejected"]


# ----------------------------------------------------------------------------------------------------------- early ends


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_a_refused_key_is_raised_after_the_last_receipt_and_the_rest_is_not_tried(delivery, workers):
    service = Service()
    service._answer = lambda _request: Response(401)  # noqa: SLF001 - another answer of this model
    run, error = until_raised(write(service, things(500), workers, delivery=delivery))
    assert isinstance(error, CredentialRefused)
    assert [receipt.index for receipt in run] == list(range(500))
    assert {receipt.outcome for receipt in run} == {"failed", "not_tried"}
    assert run[-1].outcome == "not_tried"
    assert service.posts <= at_once(delivery, workers)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_a_service_that_is_down_ends_the_run_early(delivery, workers):
    service = Service()
    service._answer = lambda _request: Response(503)  # noqa: SLF001 - another answer of this model
    run, error = until_raised(write(service, things(500), workers, delivery=delivery))
    assert isinstance(error, ServiceUnavailable)
    assert len(run) == 500
    assert Counter(receipt.outcome for receipt in run)["not_tried"] > 200


# ------------------------------------------------------------------------------------------- a record's fault, or not


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("answer", [500, 503, "lost"])
@pytest.mark.parametrize("bad", [[1, 2, 3], [5], [7, 30], [39], [1, 2, 3, 4, 5, 6, 7, 8], list(range(0, 40, 2))])
def test_a_record_that_gets_no_usable_answer_while_others_do_is_rejected_and_the_run_goes_on(workers, answer, bad):
    service = Service()
    run = list(write(service, things(40, **{f"r{number}": answer for number in bad}), workers))
    assert [receipt.index for receipt in run if receipt.outcome == "rejected"] == bad
    assert [receipt.index for receipt in run if receipt.outcome == "sent"] == [n for n in range(40) if n not in bad]
    first = run[bad[0]]
    assert (first.code, first.status) == ("refused", None if answer == "lost" else answer)
    assert first.reason.startswith("Custify accepts other records but not this one: ")


def test_the_first_records_of_a_run_may_be_at_fault_where_others_are_under_way():
    unhurried = Clock(pause=lambda _seconds, stop: stop.wait(0.05))
    client = Client(Service(), Budget(None, unhurried), max_in_flight=8, clock=unhurried)
    records = things(40, r0=503, r1=503, r2=503)
    run = list(dispatch.write(client, write_plan(THING, None), records, PROBE))
    assert [receipt.outcome for receipt in run] == ["rejected"] * 3 + ["sent"] * 37


def test_where_no_record_was_ever_taken_three_are_enough():
    run, error = until_raised(write(Service(), things(40, **{f"r{n}": 503 for n in range(40)}), 1))
    assert isinstance(error, ServiceUnavailable)
    assert [receipt.outcome for receipt in run] == ["failed"] * 3 + ["not_tried"] * 37


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("probed", [200, 503])
@pytest.mark.parametrize("before", [0, 4])
def test_a_service_that_takes_no_record_is_down_whatever_else_it_answers(workers, probed, before):
    service = Service(probed=probed)
    run, error = until_raised(write(service, things(60, **{f"r{n}": 503 for n in range(before, 60)}), workers))
    assert isinstance(error, ServiceUnavailable)
    assert [receipt.outcome for receipt in run[:before]] == ["sent"] * before
    assert {receipt.outcome for receipt in run[before:]} == {"failed", "not_tried"}
    assert {receipt.code for receipt in run[before:] if receipt.outcome == "failed"} == {"unavailable"}


@pytest.mark.parametrize("count", [1, 2])
def test_where_no_record_was_taken_none_is_blamed(count):
    run, error = until_raised(write(Service(), [{"id": f"t{n}", "answer": 503} for n in range(count)]))
    assert [receipt.outcome for receipt in run] == ["failed"] * count
    assert error is None


@pytest.mark.parametrize("workers", [1, 8])
def test_what_is_unclear_stays_so_when_others_are_taken(workers):
    run = list(write(Service(), things(20, r3=503, r9="lost"), workers, repeat="never"))
    assert [(receipt.index, receipt.code) for receipt in run if receipt.outcome == "failed"] == [
        (3, "unclear"),
        (9, "unclear"),
    ]


def test_a_connection_that_was_never_there_blames_no_record():
    service = Service()
    service._answer = lambda request: (  # noqa: SLF001 - another answer of this model
        Response(200) if request == PROBE or request.body["id"] != "t1" else Failure("unreachable", "no", arrived=False)
    )
    run = list(write(service, things(3), 1))
    assert [receipt.code for receipt in run] == [None, "unavailable", None]


@pytest.mark.parametrize("kind", ["redirected", "too_large", "tls"])
def test_a_failure_that_no_record_brings_about_blames_none(kind):
    service = Service()
    service._answer = lambda request: (  # noqa: SLF001 - another answer of this model
        Response(200) if request == PROBE or request.body["id"] != "t1" else Failure(kind, "no", arrived=True)
    )
    run = list(write(service, things(3), 1))
    assert [receipt.code for receipt in run] == [None, "unavailable", None]


def test_a_batch_is_halved_until_the_record_at_fault_is_alone():
    service = Service()
    plain = service._answer  # noqa: SLF001 - another answer of this model

    def answer(request):
        held = [job["payload"]["id"] for job in (request.body or {}).get("jobs", ())]
        return Response(503) if "t7" in held else plain(request)

    service._answer = answer  # noqa: SLF001 - as above
    run = list(write(service, things(20), 2, delivery="batch"))
    assert [receipt.index for receipt in run if receipt.outcome != "sent"] == [7]
    assert run[7].outcome == "rejected"
    assert sorted(body["id"] for body in service.seen) == sorted(f"t{n}" for n in range(20) if n != 7)


# ------------------------------------------------------------------------------------- a record, whatever it is


class Poisoned(dict):
    """A record that raises when it is looked at."""

    def items(self):
        """Raise, with what must not be shown."""
        raise LookupError("a secret")


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_a_record_that_cannot_be_looked_at_costs_no_other_its_receipt(delivery, workers, caplog):
    run = list(write(Service(), [{"id": "a"}, Poisoned(id="x"), {"id": "b"}], workers, delivery=delivery))
    assert [receipt.outcome for receipt in run] == ["sent", "rejected", "sent"]
    assert run[1].reason == "could not be read (LookupError)"
    assert "secret" not in caplog.text
    assert "record 1: unexpected LookupError" in caplog.text


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(("repeat", "code"), [("always", "internal_error"), ("never", "unclear")])
def test_a_failure_of_the_connector_itself_costs_no_other_record_its_receipt(workers, repeat, code, caplog):
    service = Service()
    plain = service._answer  # noqa: SLF001 - another answer of this model

    def answer(request):
        if request.method == "POST" and request.body["id"] == "t3":
            raise RuntimeError("a secret")
        return plain(request)

    service._answer = answer  # noqa: SLF001 - as above
    run = list(write(service, things(8), workers, repeat=repeat))
    assert [receipt.outcome for receipt in run] == ["sent"] * 3 + ["failed"] + ["sent"] * 4
    assert (run[3].code, run[3].key) == (code, {"id": "t3"})
    assert "secret" not in caplog.text + str(run[3])
    assert "record 3: unexpected RuntimeError in answer" in caplog.text


def test_a_run_that_stops_at_its_first_reject_sends_nothing_after_it():
    service = Service()
    run = list(write(service, things(50, r7=400), 8, on_reject="stop"))
    assert [body["id"] for body in service.seen] == [f"t{number}" for number in range(8)]
    assert [receipt.outcome for receipt in run] == ["sent"] * 7 + ["rejected"] + ["not_tried"] * 42


@pytest.mark.parametrize("record", [{}, "text"])
def test_a_run_that_stops_at_its_first_reject_stops_at_a_faulty_record_too(record):
    service = Service()
    run = list(write(service, [record, {"id": "a"}], 8, on_reject="stop"))
    assert [receipt.outcome for receipt in run] == ["rejected", "not_tried"]
    assert service.posts == 0


@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_more_rejects_than_allowed_stop_the_run_and_raise_nothing(delivery):
    service = Service()
    records = [{"id": f"t{number}", "answer": 400} for number in range(500)]
    run = list(write(service, records, 4, delivery=delivery, max_rejects=5))
    counts = Counter(receipt.outcome for receipt in run)
    assert len(run) == 500
    size = 1 if delivery == "single" else 10
    assert 6 <= counts["rejected"] == len(service.seen) <= 6 + at_once(delivery, 4) * size
    assert counts["not_tried"] == 500 - counts["rejected"]


@pytest.mark.parametrize(("delivery", "workers"), WAYS)
def test_a_consumer_that_stops_early_leaves_no_thread_and_causes_no_later_request(delivery, workers):
    service = Service()
    run = write(service, things(1000), workers, delivery=delivery)
    next(run)
    run.close()
    posts = service.posts
    assert threads() == []
    assert service.posts == posts <= bound(delivery, workers)


@pytest.mark.parametrize("workers", [1, 4])
def test_an_input_that_breaks_off_leaves_no_thread(workers):
    def records():
        yield from things(20)
        raise LookupError("the input broke")

    service = Service()
    _, error = until_raised(write(service, records(), workers))
    assert isinstance(error, LookupError)
    assert threads() == []


def test_an_interrupt_waits_for_no_answer_and_sends_nothing_more():
    service = Service(gate=threading.Event())

    def records():
        yield from things(1) * 3
        service.wait_for(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(write(service, records(), 3))
    assert service.under_way == 1
    service.gate.set()
    for thread in threads():
        thread.join(10)
    assert service.posts == 1


@pytest.mark.parametrize(("stopped", "after"), [(None, "the run was stopped"), ("a reject", "a reject")])
def test_when_a_run_ends_what_still_waits_is_stopped_with_the_first_reason(stopped, after):
    client, plan = Client(Service(), Budget(None)), write_plan(THING, None)
    policy, delivery = StopPolicy(plan), SingleDelivery(client, plan)
    with dispatch.Dispatcher(delivery, 2, policy, plan, lambda: True):
        policy.stopped = stopped
    assert policy.stopped == after
    assert delivery.stop.is_set()


# ----------------------------------------------------------------------------------------------- deletes and dry runs


DELETE = {"request": {"method": "DELETE", "path": "/thing", "query": ["id"]}, "max_deletes": 5}


class Deleting:
    """A `Send` that counts."""

    def __init__(self):
        self.asked, self.answers = [], {}

    def __call__(self, request):
        """Answer one request."""
        self.asked.append(request.target)
        return self.answers.get(request.target, Response(200))


@pytest.mark.parametrize(("count", "sent"), [(0, 0), (4, 4), (5, 5), (6, 0), (50, 0)])
def test_more_deletes_than_allowed_are_none(count, sent):
    service = Deleting()
    run = list(write(service, [{"id": f"t{number}"} for number in range(count)], **DELETE))
    assert (len(run), len(service.asked)) == (count, sent)
    if sent < count:
        assert {receipt.outcome for receipt in run} == {"not_tried"}
        assert "more than 5 records to delete" in run[0].reason


@pytest.mark.parametrize("delivery", ["single", "batch"])
def test_a_dry_run_plans_each_record_and_sends_nothing(delivery):
    service = Service()
    run = list(write(service, [*things(5), {}], dry_run=True, delivery=delivery))
    assert [receipt.outcome for receipt in run] == ["planned"] * 5 + ["rejected"]
    assert run[0].response == {"method": "POST", "path": "/thing", "body": things(1)[0]}
    assert service.posts == 0


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_text_that_custify_may_take_for_another_type_is_warned_of_once(workers, dry_run, caplog):
    schema = {"properties": {"own": {"x-first-value-fixes-type": True}, "id": {}}}
    quick = Clock(pause=lambda _seconds, stop: stop.is_set())
    client = Client(Service(), Budget(None, quick), max_in_flight=workers, clock=quick)
    records = [{"id": "a", "own": {"zip": "007"}}, {"id": "b", "own": {"zip": "8", "on": "true", "n": 7}}, {}]
    assert len(list(dispatch.write(client, write_plan({**THING, "dry_run": dry_run}, schema), records))) == 3
    warnings = [entry.getMessage() for entry in caplog.records if "looks like" in entry.getMessage()]
    assert [text.split(":")[0] for text in warnings] == [
        "own.zip is text that looks like a number",
        "own.on is text that looks like true or false",
    ]


def test_records_that_name_things_in_different_ways_are_warned_of_once(caplog):
    words = {"identity": [["id"], ["email"]]}
    list(write(Service(), [{"id": "a"}, {"email": "x"}, {"id": "b"}, {"email": "y"}], **words))
    [warning] = [entry.getMessage() for entry in caplog.records if "different ways" in entry.getMessage()]
    assert "(email and id)" in warning
    caplog.clear()
    list(write(Service(), [{"id": "a", "email": "x"}, {"id": "b"}], **words))
    assert caplog.records == []


def test_deletes_that_found_nothing_are_warned_of(caplog):
    service = Deleting()
    service.answers = {"/thing?id=t1": Response(404), "/thing?id=t2": Response(200, {"deleted": 0})}
    run = list(write(service, [{"id": f"t{number}"} for number in range(4)], **DELETE))
    assert [receipt.outcome for receipt in run] == ["sent", "unchanged", "unchanged", "sent"]
    assert "2 of the records to delete were not found" in caplog.text


# ------------------------------------------------------------------------------------------------------------------ law


numbered = st.fixed_dictionaries(
    {}, optional={"id": st.sampled_from("abcde"), "answer": st.sampled_from([200, 201, 400, 404, 422, "lost"])}
)


@given(
    st.lists(numbered, max_size=40),
    st.sampled_from(["single", "batch"]),
    st.integers(1, 5),
    st.sampled_from([{}, {"on_reject": "stop"}, {"max_rejects": 3}, {"repeat": "never"}]),
)
def test_whatever_is_answered_there_is_one_receipt_for_each_and_it_is_true(records, delivery, workers, words):
    """A law: one receipt each, in order; what is said to be sent was answered so, and nothing not tried was sent."""
    service = Service()
    records = [{**record, "turn": turn} for turn, record in enumerate(records)]
    run, error = until_raised(write(service, records, workers, delivery=delivery, **words))
    assert [receipt.index for receipt in run] == list(range(len(records)))
    assert error is None or isinstance(error, ServiceUnavailable)
    answered = Counter(body["turn"] for body in service.seen)
    for receipt, record in zip(run, records, strict=True):
        good = record.get("answer", 200) in {200, 201}
        assert (receipt.outcome == "sent") == (good and answered[receipt.index] > 0)
        assert receipt.outcome != "not_tried" or answered[receipt.index] == 0
        assert receipt.code != "unclear" or words.get("repeat") == "never" or delivery == "batch"
        assert answered[receipt.index] <= (5 if record.get("answer") == "lost" and not words.get("repeat") else 1)
    for name in "abcde":
        turns = [body["turn"] for body in service.seen if body.get("id") == name]
        assert turns == sorted(turns)
