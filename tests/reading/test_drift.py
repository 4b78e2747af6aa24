"""Nothing is lost without a word, whatever others do to the account while it is read."""

import importlib.util
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("drift", Path(__file__).with_name("drift.py"))
drift = importlib.util.module_from_spec(_SPEC)
sys.modules["drift"] = drift
_SPEC.loader.exec_module(drift)

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
}
"""Where pages can join on, a read is not incomplete; a cap of 7 and pages of 10 leave too little room for all ties."""


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("is_incremental", [False, True], ids=["full", "incremental"])
@pytest.mark.parametrize("size", [20, 50, 200])
@pytest.mark.parametrize("name", drift.KINDS)
def test_no_record_that_stays_is_lost_without_a_word_and_none_comes_twice(name, size, is_incremental, workers):
    for seed in range(3):
        outcome = drift.read(drift.KINDS[name], size, seed, is_incremental=is_incremental, workers=workers)
        assert not outcome.lost or outcome.is_reported
        assert not outcome.doubled
        assert name not in PROVEN or not outcome.is_reported
