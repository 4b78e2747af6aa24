"""The executables inside PyAirbyte: what it reads into its cache and sends, against what the account truly holds."""

import csv
import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter

import airbyte as ab
import pytest
import sqlalchemy
from airbyte.caches import DuckDBCache
from airbyte.exceptions import AirbyteConnectorCheckFailedError, AirbyteConnectorWriteError
from airbyte.strategies import WriteStrategy

from custify_connector.plugin import connector

MEMBERS_OF_ONE_KIND = ("people", "companies", "tags", "notes", "tickets", "tasks", "comments", "surveys", "meetings")
"""Streams that are a whole kind of the account's content, so that the judge counts without the connector."""


@pytest.fixture(scope="module")
def account(serve):
    """Run one account for the whole file: reading all of it takes its time, within the documented limit."""
    with serve(people=40, companies=4, api_key="pyairbyte-key-0123456789") as running:
        yield running


@pytest.fixture(scope="module")
def config(account, tmp_path_factory):
    """Return the configuration; the processes of one test share one rate limit."""
    budget = tmp_path_factory.mktemp("budget") / "custify.budget"
    return {
        "name": "tests",
        "api_key": account.api_key,
        "base_url": account.base_url,
        "settings": {"budget": str(budget)},
    }


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return DuckDBCache(db_path=tmp_path_factory.mktemp("cache") / "custify.duckdb")


def a_source(config):
    return ab.get_source("source-custify", local_executable="source-custify", config=config)


def a_destination(config):
    return ab.get_destination("destination-custify", local_executable="destination-custify", config=config)


@pytest.fixture(scope="module")
def first(account, config, cache):
    """Read every stream into the cache."""
    checks = sum(account.summary()["statuses"].values())
    account.reset()
    source = a_source(config)
    source.select_all_streams()
    result = source.read(cache=cache)
    return source.get_selected_streams(), result.processed_records, {**account.summary(), "checks": checks}


def rows_of(cache, stream):
    """Return the rows of a table of the cache, as PyAirbyte gives them."""
    dataset = cache[stream]
    return [dict(row) for row in dataset]


def change_a_person(account, **fields):
    request = urllib.request.Request(  # noqa: S310 - always loopback
        f"{account.base_url}/people",
        json.dumps(fields).encode(),
        {"Authorization": f"Bearer {account.api_key}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - as above


def test_a_good_key_is_accepted(config):
    a_source(config).check()
    a_destination(config).check()


@pytest.mark.parametrize("build", [a_source, a_destination])
def test_a_bad_key_is_refused_with_the_reason_and_without_the_key(config, build):
    with pytest.raises(AirbyteConnectorCheckFailedError) as raised:
        build({**config, "api_key": "wrong-key-9876543210"}).check()
    reason = raised.value.context["failure_reason"]
    assert "unauthorized" in reason
    assert "wrong-key" not in f"{raised.value!r} {raised.value} {raised.value.context}"


def test_every_documented_stream_is_discovered(config, first):
    streams, _, _ = first
    described = connector.describe()["sources"]
    undocumented = {name for name in described if name not in streams}
    assert len(streams) == len(described) - len(undocumented)
    assert set(MEMBERS_OF_ONE_KIND) <= set(streams)
    with_them = a_source({**config, "settings": {**config["settings"], "undocumented": True}})
    assert set(with_them.get_available_streams()) == set(described)


def test_the_whole_account_is_in_the_cache_within_the_limit(account, cache, first, figures):
    streams, read, summary = first
    figures["streams"], figures["records"] = len(streams), read
    for kind in MEMBERS_OF_ONE_KIND:
        held = account.content(kind)
        assert Counter(row["id"] for row in rows_of(cache, kind)) == Counter(one["id"] for one in held), kind
    assert summary["busiest_window"] <= 100
    # The two requests of discover, and those of the checks before it, are in no budget that their processes share.
    assert summary["statuses"].get("429", 0) <= summary["checks"] + 2


def test_the_cache_holds_what_the_core_reads_of_every_stream(config, cache, first):
    streams, _, _ = first
    credential = {name: config[name] for name in ("name", "api_key", "base_url")}
    for stream in streams:
        source = {"endpoint": stream, "settings": config["settings"]}
        records = [record for batch in connector.read_source(credential, source, None) for record in batch.records]
        assert len(rows_of(cache, stream)) == len(records), stream


@pytest.mark.usefixtures("first")
def test_the_people_in_the_cache_are_those_of_the_account_field_by_field(account, cache):
    rows = {row["id"]: row for row in rows_of(cache, "people")}
    for person in account.content("people"):
        row = rows[person["id"]]
        assert [row[name] for name in ("user_id", "email", "name")] == [
            person.get(name) for name in ("user_id", "email", "name")
        ]
        assert loaded(row["custom_attributes"]) == person["custom_attributes"]
        assert loaded(row["companies"]) == person["companies"]


def loaded(value):
    return json.loads(value) if isinstance(value, str) else value


@pytest.mark.usefixtures("first")
def test_a_second_read_brings_what_changed_and_keeps_the_rest(account, config, cache, figures):
    kept = {kind: len(account.content(kind)) for kind in ("people", "companies", "tasks")}
    change_a_person(account, user_id=account.content("people")[0]["user_id"], name="Changed Since")
    change_a_person(account, user_id="new-since", name="New Since")
    account.reset()
    source = a_source(config)
    source.select_streams(["people", "companies", "tasks", "deals"])
    second = source.read(cache=cache)
    figures["second run"] = f"{second.processed_records} records"
    assert second.processed_records == 2 + len(rows_of(cache, "deals"))
    rows = {row["user_id"]: row for row in rows_of(cache, "people")}
    assert len(rows_of(cache, "people")) == kept["people"] + 1
    assert rows[account.content("people")[0]["user_id"]]["name"] == "Changed Since"
    assert rows["new-since"]["name"] == "New Since"
    assert [len(rows_of(cache, kind)) for kind in ("companies", "tasks")] == [kept["companies"], kept["tasks"]]
    assert account.summary()["requests"] < 30
    assert account.summary()["busiest_window"] <= 100


def test_records_can_be_read_without_a_cache(config):
    source = a_source(config)
    # PyAirbyte ends the read when nothing holds what get_records returned.
    people = source.get_records("people")
    assert len({person["id"] for person in people}) == len(source.get_records("people").fetch_all())


def signups(path, count, bad):
    """Write a CSV of people, one of which nothing names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ("user_id", "email", "name"))
        table.writeheader()
        for number in range(count):
            named = {} if number == bad else {"user_id": f"s-{number}", "email": f"s{number}@example.com"}
            table.writerow({**named, "name": f"Signup {number}"})


def routed(config, folder):
    routes = [{"stream": "signups", "endpoint": "upsert_person"}]
    return {**config, "streams": routes, "quarantine": str(folder / "rejected.jsonl")}


def test_rows_are_sent_and_a_bad_one_is_kept_with_its_reason(account, config, checkout, tmp_path, figures):
    signups(tmp_path / "signups.csv", 250, bad=120)
    rows = ab.get_source(
        "source-csv",
        local_executable=checkout / "examples" / "airbyte" / "csv_source.py",
        config={"path": str(tmp_path / "signups.csv"), "stream": "signups"},
        streams="*",
    )
    account.settings(rate_limit=[1000, 10])
    limit = {"requests": 1000, "seconds": 10}
    quick = {**config, "settings": {"rate_limit": limit, "budget": str(tmp_path / "budget")}}
    states = DuckDBCache(db_path=tmp_path / "states.duckdb")
    result = a_destination(routed(quick, tmp_path)).write(
        rows, cache=False, state_cache=states, write_strategy=WriteStrategy.APPEND
    )
    held = {one["user_id"]: one for one in account.content("people") if str(one.get("user_id")).startswith("s-")}
    expected = {number for number in range(250) if number != 120}
    assert {key: one["name"] for key, one in held.items()} == {f"s-{n}": f"Signup {n}" for n in expected}
    assert {key: one["email"] for key, one in held.items()} == {f"s-{n}": f"s{n}@example.com" for n in expected}
    (kept,) = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text("utf-8").splitlines()]
    assert kept["rawMessage"] == {"name": "Signup 120"}
    assert kept["error"]["message"] == "needs one of id, user_id, email"
    state = states.get_state_provider(source_name="source-csv", destination_name="destination-custify")
    assert state.get_stream_state("signups").stream.stream_state.model_dump() == {"rows": 250}
    assert result.processed_records == 250
    assert account.summary()["busiest_window"] <= 1000
    figures["rejected"], figures["rejected rows went to"] = 1, "the quarantine file"


def test_a_refused_key_ends_the_write_and_no_state_passes(config, checkout, tmp_path):
    signups(tmp_path / "signups.csv", 30, bad=-1)
    rows = ab.get_source(
        "source-csv",
        local_executable=checkout / "examples" / "airbyte" / "csv_source.py",
        config={"path": str(tmp_path / "signups.csv"), "stream": "signups"},
        streams="*",
    )
    states = DuckDBCache(db_path=tmp_path / "states.duckdb")
    bad = routed({**config, "api_key": "wrong-key-9876543210"}, tmp_path)
    with pytest.raises(AirbyteConnectorWriteError):
        a_destination(bad).write(rows, cache=False, state_cache=states, write_strategy=WriteStrategy.APPEND)
    state = states.get_state_provider(source_name="source-csv", destination_name="destination-custify")
    assert not list(state.known_stream_names)


def test_the_example_reads_and_writes(serve, checkout, tmp_path):
    signups(tmp_path / "signups.csv", 12, bad=5)
    example = checkout / "examples" / "airbyte" / "sync.py"
    with serve(people=30, companies=3) as custify:
        reported = {"CUSTIFY_API_KEY": custify.api_key, "CUSTIFY_BASE_URL": custify.base_url}
        command = [sys.executable, str(example), "signups.csv"]
        runs = [
            subprocess.run(  # noqa: S603 - our own example
                command, cwd=tmp_path, env={**os.environ, **reported}, capture_output=True, text=True, check=True
            )
            for _ in range(2)
        ]
        assert ["33 records" in runs[0].stdout, "11 records" in runs[1].stdout] == [True, True]
        assert sum(str(one.get("user_id")).startswith("s-") for one in custify.content("people")) == 11
        assert custify.summary()["busiest_window"] <= 100
    assert len((tmp_path / "rejected.jsonl").read_text("utf-8").splitlines()) == 1


def test_the_block_of_the_page_loads_into_postgres_and_sends_the_file(set_up, custify, postgres):
    set_up("Airbyte", "airbyte", POSTGRES_URL=postgres)
    with sqlalchemy.create_engine(postgres).connect() as database:
        rows = database.execute(sqlalchemy.text("SELECT id FROM custify.people")).fetchall()
    people = custify.content("people")
    sent = [one for one in people if str(one.get("user_id")).startswith("s-")]
    assert len(sent) == 2
    assert len(rows) == len(people) - len(sent)
