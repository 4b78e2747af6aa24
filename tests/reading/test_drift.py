"""Nothing is lost without a word, whatever others do to the account while it is read.

`make test` reads each kind of account once, `make check` five times, `DRIFT_SEEDS=200` so often;
`python tests/reading/drift.py 200 8` prints the table.
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

_SPEC = importlib.util.spec_from_file_location("drift", Path(__file__).with_name("drift.py"))
drift = importlib.util.module_from_spec(_SPEC)
sys.modules["drift"] = drift
_SPEC.loader.exec_module(drift)

SEEDS = int(os.environ.get("DRIFT_SEEDS", settings.default.max_examples // 20))

PROVEN = {
    "nothing",
    "creations",
    "deletions",
    "creations and deletions",
    "one created for each deleted",
    "members of a filter swap",
    "ties",
    "ties that change places, and changes",
    "no total, deletions",
    "the page's count as total, deletions",
    "dates missing, and last",
    "the order is ignored",
    "oldest first",
    "a cap",
    "a cap, and members of a filter swap",
    "the order is ignored, a cap of 3",
}
"""Where pages can join on, a read is not incomplete; a cap of 7 and pages of 10 leave too little room for all ties."""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("is_incremental", [False, True], ids=["full", "incremental"])
@pytest.mark.parametrize("size", [20, 50, 200])
@pytest.mark.parametrize("name", drift.KINDS)
def test_no_record_that_stays_is_lost_without_a_word_and_none_comes_twice(name, size, is_incremental, workers):
    for seed in range(SEEDS):
        outcome = drift.read(drift.KINDS[name], size, seed, is_incremental=is_incremental, workers=workers)
        assert not outcome.lost or outcome.is_reported
        assert not outcome.doubled
        assert name not in PROVEN or not outcome.is_reported


@pytest.mark.parametrize("seed", [6, 28, 71, 130, 141, 154])
@pytest.mark.parametrize("name", ["the order is another each time", "such ties that change places"])
def test_a_service_that_keeps_no_order_is_never_taken_for_one_whose_pages_join_on(name, seed):
    """As many came as the service counts: some of them had left the account, and others never came."""
    outcome = drift.read(drift.KINDS[name], 200, seed)
    assert outcome.is_reported or not outcome.lost


@pytest.mark.parametrize("ties", [2, 3, 10, 300])
def test_a_quiet_list_with_records_of_one_date_makes_the_read_step_back_once(ties):
    """Each step back throws away all pages that were asked ahead: under a limit, that took three times as long."""
    pages = drift.read(drift.Kind(ties=ties), 20, 0).requests
    found = [drift.read(drift.Kind(ties=ties), 20, seed, workers=8).requests for seed in range(10)]
    assert max(found) <= pages + 10 + 1, found


RESUMED = ("creations and deletions", "dates missing, and last", "the order is ignored", "oldest first")


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("stops_after", [1, 3])
@pytest.mark.parametrize("size", [20, 50])
@pytest.mark.parametrize("name", RESUMED)
def test_a_read_that_is_resumed_again_and_again_loses_and_doubles_nothing(name, size, stops_after, workers):
    for seed in range(2 * SEEDS):
        outcome = drift.read(drift.KINDS[name], size, seed, workers=workers, stops_after=stops_after)
        assert not outcome.lost
        assert not outcome.doubled
        assert not outcome.is_reported
