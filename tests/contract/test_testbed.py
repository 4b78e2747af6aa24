"""The surface of a testbed: what it does not override, it does not offer, and says so."""

import pytest

from custify_connector.contract.testbed import Exchange, InjectedFault, NotOffered, Service, WriteCase

CASE = WriteCase("put", {}, make=lambda n: {"id": n}, key=("id",), invalid={}, nameless={})


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda service: service.credentials, "no credentials"),
        (lambda service: service.truth("notes"), "true content of notes"),
        (lambda service: service.held(CASE), "the outcome of put"),
        (lambda service: service.journal(), "no journal"),
        (lambda service: service.strays(), "no other host"),
        (lambda service: service.inject(InjectedFault("reset")), "kind reset"),
        (lambda service: service.change("notes", creates=1), "cannot change notes"),
        (lambda service: service.account_fields("notes"), "fields of notes"),
        (lambda service: service.released(), "no earlier release"),
        (lambda service: service.revoke(), "cannot revoke"),
    ],
)
def test_what_a_testbed_does_not_override_it_does_not_offer(ask, reason):
    with pytest.raises(NotOffered, match=reason):
        ask(Service())


def test_a_service_offers_no_stream_and_no_write_case_until_it_says_so():
    assert (Service.streams, Service.write_cases) == ((), ())
    assert Service().source("notes") == {"endpoint": "notes"}


def test_an_exchange_reads_as_one_line():
    assert str(Exchange(0.0, "GET", "/notes", 200)) == "GET /notes -> 200"
    assert str(Exchange(0.0, "PUT", "/notes", None)) == "PUT /notes -> no answer"
