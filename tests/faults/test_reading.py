"""Reading while things go wrong: nothing is lost or doubled, the error is the right one, every state goes on."""

# What a test varies are its parameters.
# ruff: noqa: PLR0913, PLR0917

from email.utils import formatdate

import pytest

from custify_connector.contract.errors import (
    ConfigurationError,
    CredentialRefused,
    PermissionRefused,
    ServiceUnavailable,
    UnexpectedReply,
)
from custify_connector.exchange import transport
from custify_connector.sandbox import Fault, Permissions

pytestmark = pytest.mark.usefixtures("hurry")

PATH = "/people/all"
TIMEOUTS = {"slow": {"timeout_seconds": 0.15}, "trickle": {"timeout_seconds": 0.15}}
"""Where an answer that is too late is the fault; elsewhere an answer has all the time that a busy machine needs."""

PASSING = {
    "429, number": ("rate_limited", "3"),
    "429, fraction": ("rate_limited", "0.5"),
    "429, date": ("rate_limited", "in a second"),
    "429, date gone by": ("rate_limited", "Wed, 21 Oct 2015 07:28:00 GMT"),
    "429, too long": ("rate_limited", "86400"),
    "429, no number": ("rate_limited", "soon"),
    "429, nothing": ("rate_limited", None),
    "500": ("status", 500),
    "502": ("status", 502),
    "503": ("status", 503),
    "504": ("status", 504),
    "408": ("status", 408),
    "reset": ("reset", None),
    "cut": ("cut", None),
    "html": ("html", None),
    "no JSON": ("not_json", None),
    "no JSON, long": ("not_json", 20_000),
    "slow": ("slow", 0.3),
    "trickle": ("trickle", 1.0),
}
LASTING = {
    "redirect": ("redirect", "http://elsewhere.example/", ServiceUnavailable),
    "wrong type": ("wrong_type", None, UnexpectedReply),
    "a number": ("wrong_type", 7, UnexpectedReply),
    "403": ("status", 403, PermissionRefused),
    "revoke": ("revoke", None, CredentialRefused),
}


def ordered(kind, value, **words):
    if value == "in a second":
        value = formatdate(usegmt=True)
    return Fault(kind, value=value, path=PATH, **words)


@pytest.fixture(autouse=True)
def _small_replies(monkeypatch):
    monkeypatch.setattr(transport, "MAXIMUM_BYTES", 1_000_000)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("after", [0, 3, 6])
@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_survived_and_every_record_comes_once(account, delivered, name, after, workers):
    account.faults.add(ordered(*PASSING[name], after=after))
    batches, error = account.read(workers=workers, **TIMEOUTS.get(name, {}))
    assert error is None
    assert delivered(batches) == account.people()
    assert sum(entry.fault is not None or entry.status is None for entry in account.journal.entries) == 1


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("after", [0, 3, 6])
def test_an_answer_that_is_too_large_is_asked_for_in_smaller_pages(account, delivered, after, workers):
    account.faults.add(ordered("too_large", 3_000_000, after=after))
    batches, error = account.read(workers=workers)
    assert error is None
    assert delivered(batches) == account.people()


@pytest.mark.parametrize("workers", [1, 8])
def test_answers_that_stay_too_large_are_given_up_and_no_later_run_is_promised_to_help(account, delivered, workers):
    account.faults.add(ordered("too_large", 3_000_000, after=3, times=None))
    batches, error = account.read(workers=workers)
    assert "the reply is larger than 1,000,000 bytes (the API URL" in str(error)
    goes_on(account, delivered, batches, workers)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("name", PASSING)
def test_many_faults_that_pass_are_survived_too(account, delivered, name, workers):
    account.faults.add(ordered(*PASSING[name], times=None, probability=0.3))
    batches, error = account.read(workers=workers, **TIMEOUTS.get(name, {}))
    assert error is None
    assert delivered(batches) == account.people()


def goes_on(account, delivered, batches, workers):
    """Read on from the last state, and hold that both parts together are everything once."""
    account.faults.clear()
    account.sandbox.keys[account.sandbox.api_key] = Permissions()
    rest, error = account.read(batches[-1].state if batches else None, workers=workers)
    assert error is None
    assert delivered(batches) + delivered(rest) == account.people()


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("after", [0, 3, 6])
@pytest.mark.parametrize("name", LASTING)
def test_a_fault_that_is_not_repeated_raises_its_error_and_the_state_goes_on(account, delivered, name, after, workers):
    kind, value, expected = LASTING[name]
    account.faults.add(ordered(kind, value, after=after))
    batches, error = account.read(workers=workers)
    assert type(error) is expected
    assert str(error).startswith(f"people: GET {PATH}: ")
    goes_on(account, delivered, batches, workers)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("times", [1, None], ids=["once", "for ever"])
@pytest.mark.parametrize("after", [0, 3, 6])
@pytest.mark.parametrize("kind", ["empty", "null"])
def test_an_answer_with_nothing_in_it_is_not_taken_for_the_end(account, delivered, kind, after, times, workers):
    account.faults.add(ordered(kind, None, after=after, times=times))
    batches, error = account.read(workers=workers)
    if error is None:
        assert delivered(batches) == account.people()
    else:
        assert type(error) in {UnexpectedReply, ServiceUnavailable}
        goes_on(account, delivered, batches, workers)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_does_not_pass_is_given_up_and_the_state_goes_on(account, delivered, name, workers):
    kind, value = PASSING[name]
    account.faults.add(ordered(kind, "1" if kind == "rate_limited" and value != "0.5" else value, after=3, times=None))
    batches, error = account.read(workers=workers, **TIMEOUTS.get(name, {}))
    assert type(error) is ServiceUnavailable
    assert str(error).startswith(f"people: GET {PATH}: no usable response from Custify; ")
    goes_on(account, delivered, batches, workers)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_page_that_is_refused_is_the_callers_move_and_the_state_goes_on(account, delivered, status, after, workers):
    account.faults.add(ordered("status", status, after=after))
    batches, error = account.read(workers=workers)
    assert isinstance(error, ConfigurationError)
    assert f"Custify answered {status}: a fault was ordered" in str(error)
    goes_on(account, delivered, batches, workers)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("status", [400, 422])
def test_a_first_page_that_is_refused_is_asked_more_plainly(account, delivered, status, workers):
    account.faults.add(ordered("status", status))
    batches, error = account.read(workers=workers)
    assert error is None
    assert delivered(batches) == account.people()


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_page_that_is_not_there_is_not_taken_for_the_end(account, delivered, after, workers):
    account.faults.add(ordered("status", 404, after=after))
    batches, error = account.read(workers=workers)
    assert error is None
    assert delivered(batches) == account.people()


def test_an_address_that_is_not_there_is_an_unexpected_reply(account):
    account.faults.add(ordered("status", 404))
    batches, error = account.read()
    assert (batches, type(error)) == ([], UnexpectedReply)


def test_a_redirect_is_never_followed_not_even_to_the_same_host(account):
    account.faults.add(ordered("redirect", f"{account.sandbox.base_url}/tag"))
    account.read()
    assert account.journal.count(path_prefix="/tag") == 0


@pytest.mark.parametrize("workers", [1, 8])
def test_a_whole_series_of_different_faults_is_survived(make, delivered, workers):
    account = make(people=600)
    for place, (kind, value) in enumerate(PASSING.values()):
        account.faults.add(ordered(kind, value, after=3 * place))
    batches, error = account.read(workers=workers, timeout_seconds=0.15)
    assert error is None
    assert delivered(batches) == account.people()


@pytest.mark.parametrize("workers", [1, 8])
def test_after_a_refused_key_no_more_than_what_was_under_way_is_asked(account, workers):
    account.faults.add(ordered("revoke", None, after=2))
    account.read(workers=workers)
    assert sum(not entry.key_ok for entry in account.journal.entries) <= 2 * workers
