"""What the description declares not to be there does not apply; what the testbed cannot do is skipped."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

from custify_connector.certification import catalogue
from custify_connector.certification.bench import Bench
from custify_connector.certification.catalogue import all_checks
from custify_connector.certification.findings import equal, judge
from custify_connector.certification.mutating import Broken, with_description
from custify_connector.certification.running import run_one
from custify_connector.contract import hookimpl
from tests.certification.tiny.connector import connector as tiny

WRITING = [one for one in all_checks() if one.group == "G" and one.rung != "live"]


@pytest.fixture(scope="module")
def source_only():
    """Return the tiny connector without its destination."""
    return catalogue.of("source-only", with_description(tiny, lambda known: known["destinations"].clear()))


def test_no_check_of_writing_applies_to_a_connector_that_only_reads(source_only):
    assert {one.id: run_one(one, source_only).result for one in WRITING} == {
        one.id: "not_applicable" for one in WRITING
    }


@pytest.mark.parametrize(
    ("check", "result"),
    [
        ("E1", "not_applicable"),  # no incremental stream is described
        ("G7", "not_applicable"),  # nor an order of that name
        ("G25", "not_applicable"),  # nor a delivery in batches
        ("C8", "not_applicable"),  # nor fields of an account
        ("G22", "not_applicable"),  # nor a destination that deletes
        ("G27", "skipped"),  # the service cannot answer unevenly
        ("D19", "not_applicable"),  # nor a hook that plans
        ("F7", "not_applicable"),  # nor a budget
        ("G12", "skipped"),  # the service cannot lose an answer
        ("D15", "skipped"),  # nothing was recorded
        ("G26", "skipped"),  # no account was lent
    ],
)
def test_what_is_not_described_does_not_apply_and_what_the_testbed_cannot_do_is_skipped(small, check, result):
    (one,) = (one for one in all_checks() if one.id == check)
    assert run_one(one, small).result == result


@contextmanager
def creating(setup):
    """Start the notes service as one of a destination that only creates."""
    with tiny.testbed()(setup) as service:
        service.write_cases = tuple(replace(one, operation="create") for one in service.write_cases)
        yield service


@pytest.mark.parametrize(("check", "result"), [("G14", "not_applicable"), ("G1", "passed")])
def test_what_upserts_alone_can_do_does_not_apply_where_every_destination_is_shown_and_creates(check, result):
    creates = catalogue.of("creates", Broken(tiny, testbed=hookimpl(lambda: creating)))
    (one,) = (one for one in all_checks() if one.id == check)
    assert run_one(one, creates).result == result


def test_what_does_not_apply_is_still_refused_where_it_was_found_wrong():
    assert judge((equal("s", 1, 2),), lack="none is described").result == "failed"
    assert judge((equal("s", 1, 1),), lack="none is described").result == "passed"
    assert judge((), "no testbed", "none is described").result == "skipped"


def test_a_stream_that_was_not_asked_for_is_no_lack_of_the_description(small):
    bench = Bench(replace(small), frozenset({"others"}))
    assert bench.has("sources")
    assert not bench.lacks
