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


def alerts(kinds):
    """Return what each of several runs reports; a run is the kind of its failure, empty for one that ended well."""
    last, reported = None, []
    for kind in kinds:
        code = int(kind.partition(" ")[2] or 0)
        reported.append(syncs.alert(last, code, kind))
        last = Last(code, "2026-01-31T09:30:00Z", (), syncs.after(last, code, kind))
    return reported


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["", ""], [None, None]),
        (["failed 4", "failed 4", "", ""], ["on_failure", None, "on_recovery", None]),
        (["", "rejects 1", "failed 3", ""], [None, "on_failure", "on_failure", "on_recovery"]),
        (["rejects 1", "rejects 1", "failed 2", "failed 2"], ["on_failure", None, "on_failure", None]),
        (["rejects 1", "incomplete 1", "failed 1"], ["on_failure", "on_failure", "on_failure"]),
        (["failed 4", "interrupted 130", "failed 4", ""], ["on_failure", None, None, "on_recovery"]),
        (["interrupted 130", "", "interrupted 143"], [None, None, None]),
    ],
)
def test_a_failure_of_each_kind_and_a_recovery_are_reported_once(kinds, expected):
    assert alerts(kinds) == expected


@given(
    st.lists(
        st.sampled_from(["", "rejects 1", "failed 1", "failed 2", "failed 3", "failed 4", "interrupted 130"]),
        max_size=12,
    )
)
def test_a_run_is_reported_exactly_when_it_ends_otherwise_than_the_last_that_was_not_interrupted(kinds):
    last = ""
    for kind, found in zip(kinds, alerts(kinds), strict=True):
        if kind.startswith("interrupted"):
            assert found is None
            continue
        assert found == (None if kind == last else "on_failure" if kind else "on_recovery")
        last = kind


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
    last = Last(4, "2026-01-31T09:30:00Z", (7, 8), "failed 4")
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
