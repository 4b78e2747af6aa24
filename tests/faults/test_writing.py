"""Writing while things go wrong, judged by what the account holds and was asked: nothing lost, nothing doubled."""

# What a test varies are its parameters.
# ruff: noqa: PLR0913, PLR0917

import itertools

import pytest

from custify_connector.contract.errors import ConnectorError, CredentialRefused, PermissionRefused, ServiceUnavailable
from custify_connector.exchange import transport
from custify_connector.sandbox import Fault

pytestmark = pytest.mark.usefixtures("hurry")

COUNT = 23
TIMEOUT = 0.15

# Which statuses and which forms of Retry-After mean one thing is a table in tests/exchange/test_retrying.py.
LIMITED = {
    "429, number": ("rate_limited", "3"),
    "429, date gone by": ("rate_limited", "Wed, 21 Oct 2015 07:28:00 GMT"),
    "429, nothing": ("rate_limited", None),
}
UNANSWERED = {
    "503": ("status", 503),
    "reset": ("reset", None),
    "cut": ("cut", None),
    "html": ("html", None),
    "no JSON": ("not_json", None),
}
LATE = {"slow": ("slow", 0.3), "trickle": ("trickle", 1.0)}
HOPELESS = {"redirect": ("redirect", "http://elsewhere.example/"), "too large": ("too_large", 3_000_000)}
REFUSED = {"404": 404, "422": 422}

WAYS = [
    pytest.param(name, delivery, workers, id=f"{name}-{delivery}-{workers}")
    for name, deliveries, counts in (
        ("person", ("single", "batch"), (1, 8)),
        ("event", ("single", "batch"), (1, 8)),
        ("safe event", ("single", "batch"), (8,)),
        ("note", ("single",), (8,)),
        ("reply", ("single",), (8,)),
    )
    for delivery, workers in itertools.product(deliveries, counts)
]
every_way = pytest.mark.parametrize(("name", "delivery", "workers"), WAYS)


@pytest.fixture
def account(make):
    """Return a tiny account: what is written is what counts."""
    return make(people=6, companies=2)


@pytest.fixture(autouse=True)
def _small_replies(monkeypatch):
    monkeypatch.setattr(transport, "MAXIMUM_BYTES", 1_000_000)


class Run:
    """One write of marked records, with the judge's questions about it."""

    def __init__(self, account, kind, delivery, workers, **words):
        self.account, self.kind = account, kind
        records = kind.records(account, COUNT)
        self.receipts, self.error = account.write(kind, records, delivery=delivery, workers=workers, **words)
        self.held = kind.held(account, COUNT)

    @property
    def outcomes(self):
        """What the receipts say, in short."""
        return [receipt.code or receipt.outcome for receipt in self.receipts]

    def judge(self):
        """Hold what must be true of every run, whatever went wrong."""
        assert [receipt.index for receipt in self.receipts] == list(range(COUNT))
        assert self.error is None or isinstance(self.error, ConnectorError)
        for receipt, held in zip(self.receipts, self.held, strict=True):
            assert held <= 1, (receipt, held)
            assert receipt.outcome != "sent" or held == 1, receipt
            assert receipt.outcome not in {"not_tried", "rejected"} or held == 0, receipt
            assert receipt.outcome == "sent" or receipt.reason
            surely_not = receipt.code == "unavailable" and not self.kind.repeatable
            assert not surely_not or held == 0, receipt
        assert all(entry.key_ok for entry in self.account.journal.entries) or self.error


def sure(kind, delivery):
    """Return how many of the records must be sent when one delivery of them is not answered."""
    return COUNT if kind.repeatable else 0 if delivery == "batch" else COUNT - 1


@every_way
def test_without_a_fault_everything_is_sent(account, kinds, name, delivery, workers):
    run = Run(account, kinds[name], delivery, workers)
    run.judge()
    assert run.outcomes == ["sent"] * COUNT


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("fault", LIMITED)
def test_a_429_is_waited_for_and_everything_is_sent(account, kinds, fault, name, delivery, workers):
    kind, value = LIMITED[fault]
    account.faults.add(Fault(kind, value=value, times=2, method="POST"))
    run = Run(account, kinds[name], delivery, workers)
    run.judge()
    assert run.outcomes == ["sent"] * COUNT


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("fault", UNANSWERED)
def test_what_is_not_answered_is_repeated_or_said_to_be_unclear(account, kinds, fault, before, name, delivery, workers):
    """A record that must not be repeated is unclear; everything else is sent."""
    kind, value = UNANSWERED[fault]
    account.faults.add(Fault(kind, value=value, before=before, method="POST"))
    run = Run(account, kinds[name], delivery, workers)
    run.judge()
    assert run.outcomes.count("sent") == sure(kinds[name], delivery)
    assert run.outcomes.count("unclear") == COUNT - sure(kinds[name], delivery)
    assert run.error is None


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("fault", LATE)
def test_what_is_answered_too_late_is_repeated_or_said_to_be_unclear(
    account, kinds, wait_until, fault, name, delivery, workers
):
    kind, value = LATE[fault]
    account.faults.add(Fault(kind, value=value, method="POST"))
    run = Run(account, kinds[name], delivery, workers, settings={"timeout_seconds": TIMEOUT})
    wait_until(lambda: all(entry.duration is not None for entry in account.journal.entries))
    run.held = kinds[name].held(account, COUNT)
    run.judge()
    assert run.outcomes.count("unclear") >= COUNT - sure(kinds[name], delivery)
    assert kinds[name].repeatable <= (run.outcomes.count("sent") == COUNT)


@every_way
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("fault", HOPELESS)
def test_what_is_answered_beyond_all_sense_fails(account, kinds, fault, before, name, delivery, workers):
    kind, value = HOPELESS[fault]
    account.faults.add(Fault(kind, value=value, before=before, method="POST"))
    run = Run(account, kinds[name], delivery, workers)
    run.judge()
    expected = "unavailable" if kinds[name].repeatable else "unclear"
    assert run.outcomes.count(expected) == (COUNT if delivery == "batch" else 1)
    assert len([entry for entry in account.journal.entries if entry.fault]) == 1


@every_way
@pytest.mark.parametrize("fault", REFUSED)
def test_a_refused_record_is_rejected_with_custifys_reason(account, kinds, fault, name, delivery, workers):
    account.faults.add(Fault("status", value=REFUSED[fault], method="POST"))
    run = Run(account, kinds[name], delivery, workers)
    run.judge()
    refused = [receipt for receipt in run.receipts if receipt.outcome == "rejected"]
    assert len(refused) == (COUNT if delivery == "batch" else 1)
    assert {(one.status, one.code, one.reason) for one in refused} == {
        (REFUSED[fault], "refused", "Custify: a fault was ordered")
    }


@every_way
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", value=403, times=None, after=1), PermissionRefused),
        (Fault("revoke", after=1), CredentialRefused),
    ],
    ids=["403", "revoke"],
)
def test_a_refused_key_ends_the_run_after_the_last_receipt(account, kinds, fault, error, name, delivery, workers):
    account.faults.add(fault)
    run = Run(account, kinds[name], delivery, workers)
    run.judge()
    assert type(run.error) is error
    if delivery == "single":
        assert 1 <= run.outcomes.count("key_refused") <= 2 * workers


@every_way
@pytest.mark.parametrize("kind", ["empty", "null", "wrong_type"])
def test_a_success_that_says_nothing_is_believed_when_it_is_said_of_one_record(
    account, kinds, kind, name, delivery, workers
):
    """Custify answers events so. Of a batch it says nothing about its records, which are then unclear."""
    account.faults.add(Fault(kind, before=False, method="POST"))
    run = Run(account, kinds[name], delivery, workers)
    run.judge()
    assert set(run.outcomes) == ({"sent"} if delivery == "single" else {"unclear"})


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("fault", ["503", "reset"])
def test_when_nothing_is_answered_any_more_the_run_gives_up_and_says_so(
    account, kinds, fault, before, name, delivery, workers
):
    kind, value = UNANSWERED[fault]
    account.faults.add(Fault(kind, value=value, before=before, times=None, after=3))
    run = Run(account, kinds[name], delivery, workers)
    run.judge()
    if delivery == "single":
        assert type(run.error) is ServiceUnavailable
        assert "3 requests in a row got no usable response" in str(run.error)
        assert "stopped" in run.outcomes or workers == 8


@every_way
def test_through_a_storm_of_faults_the_receipts_stay_true(account, kinds, name, delivery, workers):
    ordered = [*LIMITED.values(), *UNANSWERED.values()]
    for place, (kind, value) in enumerate(ordered):
        before = kind == "rate_limited" or place % 2 == 0  # a 429 always means that nothing was done
        account.faults.add(Fault(kind, value=value, before=before, times=None, after=place % 5, probability=0.04))
    run = Run(account, kinds[name], delivery, workers)
    run.judge()


# ---------------------------------------------------------------------------------------------------- looks at a batch


LOOKS = [
    ("status", 503), ("reset", None), ("cut", None), ("html", None), ("not_json", None),
    ("rate_limited", "3"), ("empty", None), ("null", None), ("wrong_type", None),
]  # fmt: skip


@pytest.mark.parametrize("name", ["person", "event"])
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize(("kind", "value"), LOOKS)
def test_a_look_that_goes_wrong_is_repeated_and_the_batch_never_posted_twice(
    account, kinds, kind, value, workers, name
):
    account.faults.add(Fault(kind, value=value, method="GET", path="/batch/"))
    run = Run(account, kinds[name], "batch", workers)
    run.judge()
    assert run.outcomes == ["sent"] * COUNT
    assert account.journal.count("POST", "/batch") == 1


@pytest.mark.parametrize("name", ["person", "event"])
@pytest.mark.parametrize(("kind", "value"), [("status", 500), ("status", 404), ("reset", None)])
def test_a_batch_whose_outcome_is_not_available_is_unclear_and_never_posted_twice(
    account, kinds, wait_until, kind, value, name
):
    account.faults.add(Fault(kind, value=value, method="GET", path="/batch/", times=None))
    run = Run(account, kinds[name], "batch", 8)
    run.judge()
    assert run.outcomes == ["unclear"] * COUNT
    wait_until(lambda: kinds[name].held(account, COUNT) == [1] * COUNT)
    assert account.journal.count("POST", "/batch") == 1


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("shape", ["plain", "job_id", "return_job_id", "silent", "partial"])
@pytest.mark.parametrize("order", ["sent", "reversed"])
def test_whatever_shape_the_answer_has_no_record_is_said_to_be_what_it_is_not(
    make, kinds, wait_until, shape, order, workers
):
    account = make(people=6, companies=2, quirks={"batch_shape": shape, "batch_order": order, "batch_delay": 0.02})
    kind = kinds["event"]
    records = kind.records(account, COUNT)
    for place in (3, 11, 22):
        records[place]["user_id"] = "nobody"
    receipts, error = account.write(kind, records, delivery="batch", workers=workers)
    assert error is None
    there = [0 if place in {3, 11, 22} else 1 for place in range(COUNT)]
    wait_until(lambda: kind.held(account, COUNT) == there)
    is_clear = shape not in {"silent", "partial"}
    expected = ["unclear" if not is_clear else "sent" if each else "refused" for each in there]
    assert [receipt.code or receipt.outcome for receipt in receipts] == expected


def test_a_batch_that_never_ends_is_left_when_its_time_is_up(make, kinds):
    account = make(people=6, companies=2, quirks={"batch_never_ends": True})
    run = Run(account, kinds["event"], "batch", 8)
    run.judge()
    assert run.outcomes == ["unclear"] * COUNT
    assert run.held == [0] * COUNT


def test_a_batch_that_expired_is_unclear(make, kinds):
    account = make(people=6, companies=2, quirks={"batch_expiry": 0.0})
    run = Run(account, kinds["event"], "batch", 8)
    run.judge()
    assert set(run.outcomes) == {"unclear"}


# -------------------------------------------------------------------------------------------- looked up before creating


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("fault", UNANSWERED)
def test_a_ticket_that_is_looked_up_first_is_created_once_and_a_second_run_settles_what_was_unclear(
    account, fault, before, workers
):
    """What is found under its own id is updated, so that to send it all again doubles nothing."""
    kind, value = UNANSWERED[fault]
    account.faults.add(Fault(kind, value=value, before=before, method="POST", path="/ticket"))
    records = [{"externalId": f"mark-{number}", "title": "t"} for number in range(COUNT)]
    ticket = type("Ticket", (), {"endpoint": "create_ticket"})
    receipts, _ = account.write(ticket, records, workers=workers)
    assert [receipt.code or receipt.outcome for receipt in receipts].count("unclear") == 1
    again, error = account.write(ticket, records, workers=workers)
    assert error is None
    assert {receipt.outcome for receipt in again} == {"sent"}
    held = [one["externalId"] for one in account.content.tickets if str(one["externalId"]).startswith("mark-")]
    assert sorted(held) == sorted(record["externalId"] for record in records)


@pytest.mark.parametrize("path", ["dash", "underscore"])
@pytest.mark.parametrize("workers", [1, 8])
def test_time_tracks_arrive_once_whichever_of_the_two_paths_custify_has(make, path, workers):
    account = make(people=6, companies=2, quirks={"time_track_path": path})
    before, user = len(account.content.time_tracks), account.content.users[0]["email"]
    records = [
        {"user": user, "name": f"mark-{number}", "duration": 60, "startedDate": "2026-01-01T09:00:00.000Z"}
        for number in range(COUNT)
    ]
    receipts, error = account.write(type("Track", (), {"endpoint": "create_time_track"}), records, workers=workers)
    assert error is None
    assert [receipt.outcome for receipt in receipts] == ["sent"] * COUNT, receipts[-1]
    assert len(account.content.time_tracks) == before + COUNT
