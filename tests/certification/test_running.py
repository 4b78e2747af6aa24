"""Running checks: whatever a connector does, a verdict comes of it, in time, and without a key in it."""

from __future__ import annotations

import base64
import threading
from dataclasses import replace

import pytest

from custify_connector.certification import catalogue
from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import Check
from custify_connector.certification.findings import equal, holds, judge, nothing, shown
from custify_connector.certification.mutating import Broken, with_batches, with_description
from custify_connector.certification.running import Selection, run, run_one
from custify_connector.certification.scrubbing import shows
from custify_connector.contract.testbed import NotOffered
from tests.certification.tiny.testbed import KEY


def made(look, *, name="D99", rung="declared", seconds=5.0):
    return Check(name, rung, look, seconds)


def test_one_finding_that_does_not_hold_fails_a_check():
    assert judge((equal("s", 1, 1), equal("s", 1, 2))).result == "failed"
    assert judge((equal("s", 1, 1),)).result == "passed"


def test_a_check_that_found_nothing_to_look_at_is_skipped(small):
    verdict = run_one(made(lambda _: []), small)
    assert (verdict.result, verdict.reason) == ("skipped", "there was nothing to look at")


def test_what_the_testbed_does_not_offer_skips_a_check_with_its_reason(small):
    def look(bench):
        yield equal("s", 1, 1)
        bench.open().service.revoke()

    verdict = run_one(made(look), small)
    assert (verdict.result, verdict.reason) == ("skipped", "the testbed cannot revoke a credential")


def test_a_fault_found_before_the_testbed_gave_up_still_fails(small):
    def look(_):
        yield equal("s", 1, 2)
        raise NotOffered("no more")

    assert run_one(made(look), small).result == "failed"


def test_a_connector_without_a_testbed_is_skipped_by_what_needs_one(small):
    class Bare:
        describe = small.plugin.describe

    verdict = run_one(made(lambda bench: [bench.open()]), catalogue.of("bare", Bare()))
    assert (verdict.result, verdict.reason) == ("skipped", "the connector brings no testbed")


def test_a_connector_that_crashes_fails_with_the_place_and_the_last_requests(small):
    def look(bench):
        bench.open().test()
        raise ZeroDivisionError("mine")

    (finding,) = run_one(made(look), small).findings
    assert finding.got.startswith("ZeroDivisionError: mine; in _look (running.py:")
    assert finding.requests == ("GET /notes -> 200",)


def test_a_connector_that_hangs_fails_when_its_time_is_up(small):
    patience = threading.Event()

    def look(_):
        patience.wait(30)
        yield equal("s", 1, 1)

    verdict = run_one(made(look, seconds=0.05), small)
    patience.set()
    assert verdict.result == "failed"
    assert verdict.findings[-1].expected == "an end within 0.05 s"


def test_a_connector_with_wrong_hooks_fails_the_check_and_not_the_harness(small):
    def describe(colour):
        """Take what was never published."""

    describe.connector_impl = {**vars(type(small.plugin).describe)["connector_impl"]}
    verdict = run_one(
        made(lambda bench: [equal("s", 1, bench.description)]),
        replace(small, plugin=Broken(small.plugin, describe=describe)),
    )
    assert verdict.result == "failed"
    assert "colour" in verdict.findings[0].got


@pytest.mark.parametrize(
    "form", [KEY, base64.b64encode(KEY.encode()).decode(), base64.b64encode(f"u:{KEY}".encode()).decode()]
)
def test_a_key_in_whatever_a_connector_says_is_not_in_the_verdict(small, form):
    def look(bench):
        bench.open()
        yield holds(form, form, form, true=False)
        raise NotOffered(form)

    text = repr(run_one(made(look), small))
    assert shows(form, [KEY])
    assert not shows(text, [KEY])
    assert "<secret>" in text


def test_a_selection_is_by_rung_group_and_id():
    checks = [
        made(None, name=name, rung=rung) for name, rung in (("A1", "declared"), ("B1", "live"), ("B2", "declared"))
    ]

    def chosen(**words):
        return [one.id for one in checks if Selection(**words).has(one)]

    assert chosen() == ["A1", "B2"]
    assert chosen(rung="live") == ["A1", "B1", "B2"]
    assert chosen(groups=frozenset("B")) == ["B2"]
    assert chosen(checks=frozenset({"A1", "B1"})) == ["A1"]


def test_only_the_streams_asked_for_are_judged(small):
    seen = []

    def look(bench):
        seen.extend([*bench.open().streams, *bench.endpoints("sources")])
        return []

    run_one(made(look), small, frozenset({"others"}))
    assert seen == []


@pytest.mark.slow
def test_the_same_run_twice_gives_the_same_verdicts(small):
    selection = Selection(groups=frozenset("ABCD"))
    first, second = ([(one.check.id, one.verdict.lasting) for one in run(small, selection)] for _ in range(2))
    assert first == second


def test_a_value_is_shown_short_and_an_exception_with_its_kind():
    assert shown(LookupError("gone")) == "LookupError: gone"
    assert shown("x" * 1000).endswith("(1,000 characters)")
    assert nothing("s", "none", range(5)).got == "5, such as 0, 1, 2"


def test_a_description_is_asked_for_once_a_check(small):
    asked = []
    counted = replace(small, plugin=with_description(small.plugin, asked.append))
    run_one(made(lambda bench: [equal("s", bench.description, bench.description)]), counted)
    assert len(asked) == 1


def test_a_read_that_breaks_off_keeps_what_it_had_and_what_was_raised(small):
    def breaking(batches):
        yield next(batches)
        raise ZeroDivisionError

    bench = Bench(replace(small, plugin=with_batches(small.plugin, breaking)))
    reading = bench.open().read("notes")
    bench.close()
    assert len(reading.records) == 5
    assert isinstance(reading.error, ZeroDivisionError)
    assert reading.state == {"version": 1, "after": 5}
