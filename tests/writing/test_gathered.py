"""Records that are alike are sent in one call, and each has its own receipt."""

import pytest

from custify_connector.contract.errors import CredentialRefused
from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Request, Response
from custify_connector.writing import dispatch
from custify_connector.writing.plan import write_plan

TAGS = {
    "destination": "tags",
    "request": {"method": "PATCH", "path": "/tag/entity"},
    "identity": [["tag", "type", "ids"]],
    "touches": [{"kind": "tagging", "by": [["tag", "ids[]"]]}],
    "gather": {"list": "ids", "most": 4},
    "repeat": "always",
}
PROBE = Request("GET", "/tag")


class Service:
    """A model of Custify: a call that holds one of `answers` gets that answer, the others 200."""

    def __init__(self, **answers):
        self.calls, self._answers = [], answers

    def __call__(self, request):
        """Answer one request."""
        if request.method == "GET":
            return Response(200)
        self.calls.append(request.body["ids"])
        named = [self._answers[one] for one in request.body["ids"] if one in self._answers]
        return Response(named[0], {"message": f"no {request.body['ids']}"}) if named else Response(200, {"ok": 1})


def write(service, records, workers=1, **words):
    quick = Clock(pause=lambda _seconds, stop: stop.is_set())
    client = Client(service, Budget(None, quick), max_in_flight=workers, clock=quick)
    return list(dispatch.write(client, write_plan({**TAGS, **words}, None), records, PROBE))


def row(*ids, tag="t", kind="add"):
    return {"ids": list(ids), "tag": tag, "type": kind}


@pytest.mark.parametrize(
    ("records", "calls"),
    [
        pytest.param([row("a"), row("b"), row("c")], [["a", "b", "c"]], id="alike"),
        pytest.param([row(one) for one in "abcde"], [["a", "b", "c", "d"], ["e"]], id="at most so many"),
        pytest.param([row("a"), row("b", tag="u"), row("c")], [["a"], ["b"], ["c"]], id="another tag between"),
        pytest.param([row("a"), row("b", kind="remove")], [["a"], ["b"]], id="another type"),
        pytest.param([row("a"), row("a")], [["a"], ["a"]], id="the same one"),
        pytest.param([row("a"), row("A")], [["a"], ["A"]], id="perhaps the same one"),
        pytest.param([row("a", "b"), row("c"), row("d")], [["a", "b"], ["c", "d"]], id="several in one record"),
        pytest.param([row("a"), "no record", row("b")], [["a", "b"]], id="a rejected one between"),
    ],
)
def test_records_that_differ_in_one_item_alone_are_sent_in_one_call(records, calls):
    service = Service()
    receipts = write(service, records)
    assert service.calls == calls
    assert [receipt.index for receipt in receipts] == list(range(len(records)))
    assert [receipt.outcome for receipt in receipts] == [
        "sent" if one != "no record" else "rejected" for one in records
    ]


def test_each_record_has_its_own_key_and_shares_the_answer():
    receipts = write(Service(), [row("a"), row("b")], capture_responses=True)
    assert [receipt.key["ids"] for receipt in receipts] == [["a"], ["b"]]
    assert [receipt.response for receipt in receipts] == [{"ok": 1}] * 2


def test_a_call_that_is_refused_is_sent_again_record_by_record():
    service = Service(c=404)
    receipts = write(service, [row(one) for one in "abcd"])
    assert service.calls == [["a", "b", "c", "d"], ["a"], ["b"], ["c"], ["d"]]
    assert [receipt.outcome for receipt in receipts] == ["sent", "sent", "rejected", "sent"]
    assert receipts[2].reason == "Custify: no ['c']"


def test_a_record_that_custify_answers_with_a_server_error_does_not_take_the_others_with_it():
    receipts = write(Service(c=503), [row(one) for one in "abcd"])
    assert [receipt.outcome for receipt in receipts] == ["sent", "sent", "rejected", "sent"]
    assert (receipts[2].code, receipts[2].status) == ("refused", 503)


def test_a_refused_key_ends_the_run_at_the_first_call():
    service = Service(a=401)
    with pytest.raises(CredentialRefused):
        write(service, [row(one) for one in "abcdef"])
    assert service.calls == [["a", "b", "c", "d"]]


@pytest.mark.parametrize("words", [{"on_reject": "stop"}, {"repeat": "never"}, {"dry_run": True}])
def test_records_are_not_gathered_where_each_must_be_seen_alone(words):
    service = Service()
    assert len(write(service, [row("a"), row("b")], **words)) == 2
    assert service.calls == ([] if "dry_run" in words else [["a"], ["b"]])


def test_a_service_that_falls_silent_is_not_asked_for_each_record():
    service = Service(**dict.fromkeys("bcdefgh", 503), a=400)
    receipts = write(service, [row(one) for one in "abcdefgh"], gather={"list": "ids", "most": 8})
    assert [receipt.outcome for receipt in receipts] == ["rejected"] + ["failed"] * 7
    assert [receipt.key["ids"] for receipt in receipts] == [[one] for one in "abcdefgh"]
    assert ["e"] not in service.calls
