"""Full reads into targets that are not ours: a second run, a run that failed, and a record that was deleted."""

import json
import subprocess

import duckdb
import psycopg2
import pytest

from custify_connector.plugin import connector

STREAMS = ("deals", "people", "custom_data", "tags")
PAGE = 50
"""Deals on a page."""


class Target:
    """A target that holds what a tap read: its command, its configuration, and what its tables hold."""

    def __init__(self, name, config, rows):
        self.name, self.config, self.rows = name, config, rows


@pytest.fixture(params=["target-postgres", "target-duckdb"])
def target(request, tmp_path):
    if request.param == "target-duckdb":
        store = tmp_path / "store.duckdb"

        def held(query):
            with duckdb.connect(str(store)) as database:
                return database.execute(query.replace("FROM ", "FROM main.")).fetchall()

        return Target(request.param, {"path": str(store), "default_target_schema": "main"}, held)
    schema = f"s{abs(hash(tmp_path)) % 10**9}"
    place = request.getfixturevalue("postgres")

    def reported(query):
        database = psycopg2.connect(place)
        try:
            cursor = database.cursor()
            cursor.execute(query.replace("FROM ", f"FROM {schema}."))
            return cursor.fetchall()
        finally:
            database.close()

    config = {"sqlalchemy_url": place.replace("postgresql:", "postgresql+psycopg2:"), "default_target_schema": schema}
    return Target(request.param, {**config, "hard_delete": True}, reported)


@pytest.fixture
def account(serve):
    with serve(rate_limit="none", people=60, companies=90) as custify:
        yield custify


@pytest.fixture
def sync(tmp_path, account, target):
    """Return a runner of tap and target with the state of the run before; it returns what the tap exited with."""

    def run(select=STREAMS, **changed):
        config = {"name": "t", "api_key": account.api_key, "base_url": account.base_url, **changed}
        config["settings"] = {"rate_limit": None}
        for name, content in (("tap", config), ("target", target.config)):
            (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        found = spoken(tmp_path, "tap-custify", "--config", "tap.json", "--discover")
        catalog = json.loads(found.stdout)
        (tmp_path / "catalog.json").write_text(json.dumps(chosen(catalog, select)), encoding="utf-8")
        state = ["--state", "state.json"] if (tmp_path / "state.json").exists() else []
        tapped = spoken(tmp_path, "tap-custify", "--config", "tap.json", "--catalog", "catalog.json", *state)
        loaded = spoken(tmp_path, target.name, "--config", "target.json", given=tapped.stdout)
        assert loaded.returncode == 0, loaded.stderr[-3000:]
        if states := loaded.stdout.split("\n")[:-1]:
            (tmp_path / "state.json").write_text(states[-1], encoding="utf-8")
        return tapped

    return run


def chosen(catalog, streams):
    """Return a catalog of some streams."""
    kept = [entry for entry in catalog["streams"] if entry["tap_stream_id"] in streams]
    for entry in kept:
        root = next(each for each in entry["metadata"] if each["breadcrumb"] == [])
        root["metadata"]["selected"] = True
    return {"streams": kept}


def spoken(folder, *words, given=None):
    return subprocess.run(words, cwd=folder, input=given, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def messages(tapped, kind):
    return [one for one in map(json.loads, tapped.stdout.splitlines()) if one["type"] == kind]


def test_a_second_run_doubles_nothing(account, sync, target):
    for _ in range(3):
        assert sync().returncode == 0
        for stream in STREAMS:
            held = account.content(stream)
            # target-duckdb takes the first row of each file for a heading, and loses it.
            lost = 1 if target.name == "target-duckdb" else 0
            ((count,),) = target.rows(f"SELECT count(*) FROM {stream}")  # noqa: S608 - our own names
            assert len(held) - lost <= count <= len(held), stream


def test_a_record_that_is_gone_is_removed_after_the_next_full_read(account, sync, target):
    if target.name == "target-duckdb":
        pytest.skip("target-duckdb 0.8.0 has no versions")
    sync(("deals",))
    gone = {"externalId": account.content("deals")[0]["externalIds"]["custify"]}
    credential = {"name": "t", "api_key": account.api_key, "base_url": account.base_url}
    destination = {"endpoint": "delete_deal", "params": {"max_deletes": 1}}
    (receipt,) = connector.write_destination(credential=credential, destination=destination, records=[gone])
    assert receipt.outcome == "sent"
    sync(("deals",))
    assert sorted(target.rows("SELECT custify_key FROM deals")) == keys(account)


def keys(account):
    """Return the key of each deal, as the tap makes it."""
    return sorted(
        (json.dumps({"externalIds.custify": one["externalIds"]["custify"]}, separators=(",", ":")),)
        for one in account.content("deals")
    )


@pytest.mark.parametrize("add_key", [True, False])
def test_after_a_run_that_failed_midway_the_next_one_has_every_record_once(account, sync, target, add_key):
    if target.name == "target-duckdb" and not add_key:
        pytest.skip("target-duckdb takes no stream without a key")
    sync(("deals",), add_key=add_key)
    ((before,),) = target.rows("SELECT count(*) FROM deals")
    account.faults({"kind": "status", "value": 401, "path": "/financial/deal", "after": 1, "times": 1})
    failed = sync(("deals",), add_key=add_key)
    assert failed.returncode == 1
    assert len(messages(failed, "RECORD")) == PAGE
    assert messages(failed, "ACTIVATE_VERSION") == []
    ((count,),) = target.rows("SELECT count(*) FROM deals")
    assert count >= before
    assert sync(("deals",), add_key=add_key).returncode == 0
    assert target.rows("SELECT count(*) FROM deals") == [(before,)]
    assert before >= len(account.content("deals")) - (1 if target.name == "target-duckdb" else 0)


@pytest.mark.parametrize("add_key", [True, False])
def test_a_version_is_that_of_all_records_and_is_activated_last(sync, target, add_key):
    if target.name == "target-duckdb":
        pytest.skip("one target is enough: this is about the tap")
    first, second = sync(("deals",), add_key=add_key), sync(("deals",), add_key=add_key)
    versions = []
    for run in (first, second):
        (version,) = {one["version"] for one in messages(run, "RECORD")}
        assert [one["version"] for one in messages(run, "ACTIVATE_VERSION")] == [version]
        assert "ACTIVATE_VERSION" in run.stdout.splitlines()[-2]
        versions.append(version)
    assert versions[0] < versions[1] < 2**31
    ((count,),) = target.rows("SELECT count(*) FROM deals")
    assert count == len(messages(second, "RECORD"))


def test_a_limited_read_activates_nothing(sync, target):
    if target.name == "target-duckdb":
        pytest.skip("one target is enough: this is about the tap")
    sync(("deals",))
    ((count,),) = target.rows("SELECT count(*) FROM deals")
    limited = sync(("deals",), streams={"deals": {"limit": 3}})
    assert messages(limited, "ACTIVATE_VERSION") == []
    assert target.rows("SELECT count(*) FROM deals") == [(count,)]


@pytest.mark.parametrize("before", [{"emit_activate_version_messages": False}, {"streams": {"deals": {"limit": 60}}}])
def test_a_new_version_is_read_from_the_start_whatever_an_earlier_run_left(account, sync, target, before):
    if target.name == "target-duckdb":
        pytest.skip("one target is enough: this is about the tap")
    account.faults({"kind": "status", "value": 401, "path": "/financial/deal", "after": 1, "times": 1})
    assert sync(("deals",), **before).returncode == 1
    assert sync(("deals",)).returncode == 0
    assert sorted(target.rows("SELECT custify_key FROM deals WHERE _sdc_deleted_at IS NULL")) == keys(account)
