"""Syncs by name, how the last run of each ended, and when that is reported."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import syncs
from custify_connector.host.syncs import Last
from custify_connector.manifest import resources

SCHEMA = resources.schema("load")
PLAN = {"writes": [{"endpoint": "upsert_person", "file": "people.csv"}]}


def alerts(codes):
    """Return what each of several runs reports."""
    last, reported = None, []
    for code in codes:
        reported.append(syncs.alert(last, code))
        last = Last(code, "2026-01-31T09:30:00Z", (), syncs.is_failing(last, code))
    return reported


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 0], [None, None]),
        ([4, 4, 0, 0], ["on_failure", None, "on_recovery", None]),
        ([0, 1, 3, 0], [None, "on_failure", None, "on_recovery"]),
        ([4, 130, 4, 0], ["on_failure", None, None, "on_recovery"]),
        ([130, 0, 143], [None, None, None]),
    ],
)
def test_a_failure_and_a_recovery_are_each_reported_once(codes, expected):
    assert alerts(codes) == expected


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 130, 143])))
def test_reports_alternate_and_begin_with_a_failure(codes):
    reported = [each for each in alerts(codes) if each]
    assert reported == [("on_failure", "on_recovery")[place % 2] for place in range(len(reported))]


def test_a_sync_is_saved_once_under_its_name_and_found_again(tmp_path):
    path = syncs.save(tmp_path / "syncs", "nightly", PLAN)
    assert path == tmp_path / "syncs" / "nightly.yaml"
    found = syncs.find(tmp_path / "syncs", "nightly", SCHEMA)
    assert (found.document, found.last, found.flow) == (PLAN, None, "people.csv → upsert_person")
    with pytest.raises(ConfigurationError, match="is there already"):
        syncs.save(tmp_path / "syncs", "nightly", PLAN)
    assert syncs.names(tmp_path / "syncs") == ["nightly"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "-x", ".x", "x" * 101, "é", "a\n"])
def test_a_name_is_never_a_path(tmp_path, name):
    with pytest.raises(ConfigurationError, match="cannot be the name of a sync"):
        syncs.save(tmp_path, name, PLAN)


def test_a_name_that_is_missing_is_said_with_the_one_that_was_meant(tmp_path):
    syncs.save(tmp_path, "nightly", PLAN)
    with pytest.raises(ConfigurationError, match="did you mean 'nightly'"):
        syncs.find(tmp_path, "nighly", SCHEMA)


def test_a_faulty_file_is_listed_with_its_fault_beside_the_others(tmp_path):
    syncs.save(tmp_path, "good", PLAN)
    (tmp_path / "bad.yaml").write_text("writes: 3", encoding="utf-8")
    (tmp_path / "no name.yaml").write_text("writes: 3", encoding="utf-8")
    bad, good = syncs.every(tmp_path, SCHEMA)
    assert (good.fault, bad.name) == ("", "bad")
    assert "writes: must be array" in bad.fault


def test_how_a_run_ended_is_kept_outside_the_folder_of_the_sync(tmp_path):
    path = syncs.save(tmp_path, "nightly", PLAN)
    last = Last(4, "2026-01-31T09:30:00Z", (7, 8), failing=True)
    syncs.keep(path, last)
    assert syncs.last_of(path) == last
    assert [each.name for each in tmp_path.iterdir()] == ["nightly.yaml"]
    assert syncs.last_of(tmp_path / "other.yaml") is None
    next(iter(syncs.home.directory().glob("syncs/nightly-*.json"))).write_bytes(b"{")
    assert syncs.last_of(path) is None


def test_one_run_of_a_sync_at_a_time(tmp_path):
    path = syncs.save(tmp_path, "nightly", PLAN)
    with syncs.running(path), pytest.raises(ConfigurationError, match="the sync nightly"), syncs.running(path):
        pass
    with syncs.running(path):
        pass
