"""A connector in a process of its own: it can be killed at any moment, and a mutant stays a mutant there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from custify_connector.certification import catalogue, hook_process, processes
from custify_connector.certification.bench import Bench
from custify_connector.certification.mutating import Broken
from custify_connector.certification.subject import Origin, origin_of
from custify_connector.contract.testbed import NotOffered


@pytest.fixture
def bench(small):
    made = Bench(small)
    yield made
    made.close()


def test_a_read_apart_delivers_what_a_read_here_does(bench):
    trial = bench.open()
    apart = trial.read_apart("notes")
    records = [record for line in apart.lines() for record in line["records"]]
    assert (records, apart.wait()) == (trial.read("notes").records, 0)


def test_a_write_apart_reaches_the_service(bench):
    trial = bench.open()
    (case,) = trial.cases("upsert")
    apart = trial.write_apart(case, [case.make(1)])
    assert [line["outcome"] for line in apart.lines()] == ["sent"]
    assert trial.held(case, case.make(1)) == [case.make(1)]


def test_a_read_that_is_killed_has_handed_out_what_it_had(bench):
    trial = bench.open()
    apart = trial.read_apart("notes", settings={"rate_limit": {"requests": 2, "seconds": 60}})
    first = next(apart.lines())
    apart.kill()
    assert apart.wait() < 0
    rest = trial.read("notes", first["state"])
    assert [*first["records"], *rest.records] == trial.service.truth("notes")


def test_a_mutant_is_the_same_mutant_in_another_process(small):
    mutant = next(one for one in small.mutants if one.name == "the_first_page_is_skipped")
    bench = Bench(mutant.apply(small))
    trial = bench.open()
    delivered = [record for line in trial.read_apart("notes").lines() for record in line["records"]]
    bench.close()
    assert delivered == trial.service.truth("notes")[5:]


def test_what_still_runs_ends_with_the_check(bench):
    apart = bench.open().read_apart("notes", settings={"rate_limit": {"requests": 2, "seconds": 60}})
    next(apart.lines())
    bench.close()
    assert apart.wait() < 0


def test_a_plugin_is_found_by_its_module_and_name():
    assert origin_of(processes) == Origin(processes.__name__, None)
    assert origin_of(Broken(object())) is None
    assert hook_process.found("p", Origin(processes.__name__, None)).plugin is processes


def test_a_plugin_that_no_module_names_cannot_run_apart():
    with pytest.raises(NotOffered, match="no other process can import it"):
        processes.start(catalogue.of("lost", SimpleNamespace()), "read_source")
