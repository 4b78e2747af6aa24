"""When a write run must stop, and what it raises then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract import FEWEST_FOR_A_SHARE, OUTCOMES, Receipt
from custify_connector.contract.errors import CredentialRefused, ServiceUnavailable
from custify_connector.writing.delivery import Delivered
from custify_connector.writing.plan import write_plan
from custify_connector.writing.stopping import UNANSWERED_IN_A_ROW, StopPolicy

BASE = {"destination": "things", "request": {"method": "POST", "path": "/thing"}}


def policy_of(**words):
    return StopPolicy(write_plan({**BASE, **words}, None))


def delivered(*outcomes, **words):
    receipts = tuple(Receipt(index, outcome, reason="because") for index, outcome in enumerate(outcomes))
    return Delivered(receipts, **words)


def fed(policy, deliveries):
    """Count deliveries until the run must stop; returns how many were."""
    for number, each in enumerate(deliveries, start=1):
        policy.count(each)
        if policy.stopped:
            return number
    return None


LOST = {"answered": False}
UNANSWERED = delivered("failed", **LOST)


@pytest.mark.parametrize(
    ("words", "deliveries", "stops_after"),
    [
        pytest.param({}, [delivered("rejected")] * 500, None, id="one record's fault stops nothing"),
        pytest.param({"on_reject": "stop"}, [delivered("sent"), delivered("rejected")], 2, id="a reject"),
        pytest.param({"on_reject": "stop"}, [delivered("sent"), delivered("failed")], 2, id="a failure"),
        pytest.param({"on_reject": "stop"}, [delivered("sent", "unchanged", "planned")] * 9, None, id="all well"),
        pytest.param({"max_rejects": 2}, [delivered("rejected")] * 9, 3, id="more than a number"),
        pytest.param({"max_rejects": 0}, [delivered("sent"), delivered("failed")], 2, id="more than none"),
        pytest.param({"max_rejects": 2}, [delivered("sent", "rejected", "failed", "rejected")], 1, id="in a batch"),
        pytest.param({"max_rejects": "5%"}, [delivered("rejected")] * 200, FEWEST_FOR_A_SHARE, id="a share, of 100 on"),
        pytest.param({"max_rejects": "5%"}, [delivered(*["sent"] * 95, *["failed"] * 5)] * 9, None, id="the share"),
        pytest.param({"max_rejects": "5%"}, [delivered(*["sent"] * 94, *["failed"] * 6)], 1, id="above the share"),
        pytest.param({"max_rejects": "0.5%"}, [delivered(*["sent"] * 199, "failed")] * 9, None, id="half a percent"),
        pytest.param({}, [delivered("failed", **LOST)] * 9, UNANSWERED_IN_A_ROW, id="no answers"),
        pytest.param({}, [UNANSWERED, UNANSWERED, delivered("sent")] * 9, None, id="few"),
        pytest.param({}, [UNANSWERED, delivered("rejected", sent=False)] * 9, 5, id="not asked is no answer"),
        pytest.param({}, [delivered("failed", error=CredentialRefused("no"))], 1, id="a refused key"),
    ],
)  # fmt: skip
def test_a_run_stops_when_it_must_and_not_before(words, deliveries, stops_after):
    assert fed(policy_of(**words), deliveries) == stops_after


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"on_reject": "stop"}, "the run stops at the first record that is rejected or fails (on_reject)"),
        ({"max_rejects": 0}, "more than 0 of the records were rejected or failed (max_rejects)"),
    ],
)
def test_a_run_that_stops_over_its_own_rejects_says_so_and_raises_nothing(words, reason):
    policy = policy_of(**words)
    policy.count(delivered("rejected"))
    assert (policy.stopped, policy.error) == (reason, None)


def test_of_errors_that_affect_the_whole_run_the_first_is_kept():
    policy, first = policy_of(), CredentialRefused("the key is refused")
    policy.count(delivered("failed", error=first))
    policy.count(delivered("failed", error=CredentialRefused("another")))
    assert policy.error is first
    assert policy.stopped == "the key is refused"


def test_a_service_that_does_not_answer_is_named_with_the_last_reason():
    policy = policy_of()
    assert fed(policy, [delivered("failed", **LOST)] * 3) == 3
    assert isinstance(policy.error, ServiceUnavailable)
    assert str(policy.error).startswith(
        "things: 3 requests in a row got no usable response from Custify; the last: because"
    )


SUSPECT = delivered("failed", suspect=True, **LOST)


@pytest.mark.parametrize(
    ("deliveries", "is_down"),
    [
        pytest.param([UNANSWERED], True, id="one"),
        pytest.param([delivered("rejected", sent=False), UNANSWERED, UNANSWERED], True, id="beside a faulty row"),
        pytest.param([delivered("sent"), UNANSWERED], False, id="after one that was answered"),
        pytest.param([UNANSWERED, delivered("rejected")], False, id="before one that was answered"),
        pytest.param([SUSPECT, SUSPECT], False, id="for what the records hold, perhaps"),
        pytest.param([delivered("rejected", sent=False)], False, id="not asked"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_a_run_too_short_to_be_stopped_ends_as_unavailable_when_not_one_request_was_answered(deliveries, is_down):
    policy = policy_of()
    assert len([*policy.counted(deliveries), *policy.rest()]) == len(deliveries)
    assert isinstance(policy.error, ServiceUnavailable) == is_down


def test_a_delivery_is_counted_before_its_receipts_are_handed_on():
    policy = policy_of(max_rejects=0)
    receipts = policy.counted([delivered("rejected", "sent")])
    next(receipts)
    assert policy.stopped
    assert len(list(receipts)) == 1


@given(st.lists(st.lists(st.sampled_from(OUTCOMES), max_size=5), max_size=20), st.integers(0, 5))
def test_no_run_goes_on_beyond_the_rejects_that_are_allowed(run, allowed):
    """A law: a run is stopped exactly when more than so many were rejected or failed."""
    policy, rejects = policy_of(max_rejects=allowed), 0
    for outcomes in run:
        policy.count(delivered(*outcomes))
        rejects += sum(outcome in {"rejected", "failed"} for outcome in outcomes)
        assert bool(policy.stopped) == (rejects > allowed)
