"""The source and destination inside dlt: into DuckDB twice, and back with a bad row and a retried batch."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter

import dlt
import duckdb
import psycopg2
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from custify_connector.adapters.dlt_custify import CustifyCredential, custify_destination, custify_source
from custify_connector.contract.errors import ConfigurationError
from custify_connector.plugin import connector

COUNT = 120
BAD = "d-057"
QUICK = {"rate_limit": None}


@pytest.fixture
def free(serve):
    """Run a Custify without a rate limit."""
    with serve(rate_limit="none") as custify:
        yield custify


@pytest.fixture
def pipeline(tmp_path):
    """Return a maker of pipelines whose files are the test's own."""

    def made(name, destination):
        return dlt.pipeline(name, destination=destination, dataset_name="custify", pipelines_dir=str(tmp_path / "dlt"))

    return made


def credential(custify, **changed):
    """Return the credential of a sandbox."""
    return {"api_key": custify.api_key, "base_url": custify.base_url, **changed}


def column(path, name, table):
    """Return one column of a table that dlt made."""
    with duckdb.connect(str(path)) as store:
        return [value for (value,) in store.execute(f'SELECT "{name}" FROM custify."{table}"').fetchall()]  # noqa: S608 - our own names


def lines(path):
    """Return the JSON lines of a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def posts(custify):
    """Return the writes by what was answered."""
    return Counter(entry["status"] for entry in custify.journal() if entry["method"] == "POST")


def test_every_stream_is_loaded_whole_and_the_second_run_reads_what_changed(free, pipeline, tmp_path, figures):
    store = tmp_path / "store.duckdb"
    loading = pipeline("all", dlt.destinations.duckdb(str(store)))
    loading.run(custify_source(credential=credential(free), settings=QUICK))
    counts = loading.last_trace.last_normalize_info.row_counts
    offered = custify_source(credential=credential(free)).resources
    assert set(offered) <= {*counts, "health_score_definitions"}
    for kind in ("people", "companies", "tasks", "notes", "tickets", "tags"):
        held = [record["id"] for record in free.content(kind)]
        assert sorted(column(store, "id", kind)) == sorted(held), kind
    names = {record["id"]: record.get("name") for record in free.content("people")}
    with duckdb.connect(str(store)) as database:
        assert dict(database.execute("SELECT id, name FROM custify.people").fetchall()) == names
    records = sum(count for name, count in counts.items() if name in offered)

    person = {"user_id": "new-1", "name": "New"}
    (receipt,) = connector.write_destination({"name": "t", **credential(free)}, {"endpoint": "upsert_person"}, [person])
    assert receipt.outcome == "sent"
    free.reset()
    loading.run(custify_source(credential=credential(free), endpoints=["people", "companies"], settings=QUICK))
    again = loading.last_trace.last_normalize_info.row_counts
    assert (again.get("people"), again.get("companies")) == (1, None)
    assert sorted(column(store, "id", "people")) == sorted(record["id"] for record in free.content("people"))
    figures.update({"streams": len(offered), "records": records, "second run": 1})


def test_a_full_read_replaces_what_was_there(free, pipeline, tmp_path):
    store = tmp_path / "store.duckdb"
    loading = pipeline("full", dlt.destinations.duckdb(str(store)))
    for _ in range(2):
        loading.run(custify_source(credential=credential(free), endpoints=["people", "tags"], mode="full"))
        assert len(column(store, "id", "people")) == len(free.content("people"))
        assert len(column(store, "id", "tags")) == len(free.content("tags"))


def rows(count=COUNT):
    """Return sign-ups, one of them bad."""
    made = [{"user_id": f"d-{at:03d}", "email": f"d{at}@example.com", "session_count": at} for at in range(count)]
    made[int(BAD[2:])]["email"] = "x" * 300
    return made


def sending(custify, folder, **changed):
    """Return the destination for sign-ups."""
    chosen = {"destinations": {"signups": {"endpoint": "upsert_person"}}, "settings": QUICK, **changed}
    return custify_destination(credential=credential(custify), folder=str(folder), **chosen)


def arrived(custify):
    """Return the ids of the sign-ups that the account holds."""
    return sorted(one["user_id"] for one in custify.content("people") if str(one.get("user_id")).startswith("d-"))


def test_a_batch_that_dlt_retries_sends_no_decided_row_again(free, pipeline, tmp_path):
    free.faults({"kind": "status", "value": 401, "method": "POST", "after": 50, "times": 1})
    pipeline("retried", sending(free, tmp_path / "kept")).run(rows(), table_name="signups")
    assert arrived(free) == [row["user_id"] for row in rows() if row["user_id"] != BAD]
    assert posts(free) == {200: COUNT - 1, 401: 1}


def test_a_load_that_failed_goes_on_where_it_was(free, pipeline, tmp_path):
    free.faults({"kind": "status", "value": 401, "method": "POST", "after": 50, "times": None})
    going = pipeline("resumed", sending(free, tmp_path / "kept"))
    with pytest.raises(PipelineStepFailed, match="Custify refused the API key"):
        going.run(rows(), table_name="signups")
    before = len(arrived(free))
    assert 0 < before < COUNT - 1
    assert posts(free)[200] == before
    free.reset()
    going.load()
    assert len(arrived(free)) == COUNT - 1
    assert posts(free) == {200: COUNT - 1 - before}


def test_a_load_that_goes_on_with_another_account_sends_it_every_row(free, serve, pipeline, tmp_path):
    free.faults({"kind": "status", "value": 401, "method": "POST", "after": 50, "times": None})
    with pytest.raises(PipelineStepFailed, match="Custify refused the API key"):
        pipeline("moved", sending(free, tmp_path / "kept")).run(rows(), table_name="signups")
    with serve(rate_limit="none") as other:
        pipeline("moved", sending(other, tmp_path / "kept")).load()
        assert len(arrived(other)) == COUNT - 1


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"destinations": {}}, "there is no 'signups'"),
        ({"settings": {"rate": 1}}, "settings"),
    ],
)
def test_a_wrong_configuration_is_terminal_and_sends_nothing(free, pipeline, tmp_path, changed, expected):
    with pytest.raises(PipelineStepFailed, match=expected) as raised:
        pipeline("wrong", sending(free, tmp_path / "kept", **changed)).run(rows(), table_name="signups")
    assert "terminal" in str(raised.value).lower()
    assert free.api_key not in str(raised.value)
    assert free.journal() == []


def events(users, bad=True):
    """Return an event a user; of the last, the moment is none."""
    made = [{"user_id": user, "name": "used", "created_at": f"2026-01-0{day}"} for day, user in enumerate(users, 1)]
    if bad:
        made[-1]["created_at"] = "nonsense"
    return made


def users_of(custify, count):
    """Return the ids of people that the account holds."""
    return [one["user_id"] for one in custify.content("people") if one.get("user_id")][:count]


def test_a_dry_run_commits_nothing_and_the_run_after_it_sends_all(free, pipeline, tmp_path, figures):
    rehearsing = sending(free, tmp_path / "kept", dry_run=True)
    with pytest.raises(PipelineStepFailed, match=f"dry run of signups: 1 rejected, {COUNT - 1} planned; nothing was"):
        pipeline("dry", rehearsing).run(rows(), table_name="signups")
    assert posts(free) == {}
    assert not (tmp_path / "kept").exists()
    pipeline("dry", sending(free, tmp_path / "kept")).load()
    assert arrived(free) == [row["user_id"] for row in rows() if row["user_id"] != BAD]
    figures["rows after a dry run and a run"] = f"{len(arrived(free))} of {COUNT}, 1 rejected"


@pytest.mark.parametrize("endpoint", ["create_event", "create_task"])
def test_rows_that_three_loads_hand_over_arrive_once_beside_a_bad_one(free, pipeline, tmp_path, figures, endpoint):
    tasks = [{"name": name, "priority": "medium", "status": "open"} for name in ("a", "b", "b", "")]
    given = events(users_of(free, 4)) if endpoint == "create_event" else tasks
    kind = "events" if endpoint == "create_event" else "tasks"
    before = len(free.content(kind))
    for _ in range(3):
        to = sending(free, tmp_path / "kept", destinations={"made": {"endpoint": endpoint}})
        pipeline(f"thrice_{kind}", to).run(given, table_name="made")
    assert len(free.content(kind)) - before == 3
    figures["copies after three runs with a bad row"] = 1


KILLED = """
import json, sys
import dlt
from custify_connector.adapters.dlt_custify import custify_destination

to, folder, pipelines, rows = json.load(sys.stdin)
destination = custify_destination(folder=folder, **to)
pipeline = dlt.pipeline("killed", destination=destination, dataset_name="custify", pipelines_dir=pipelines)
pipeline.run(rows, table_name="made") if rows else pipeline.load()
"""


def test_a_killed_load_and_the_next_one_lose_and_double_no_event(free, tmp_path, figures):
    user = users_of(free, 1)[0]
    rows = [{"user_id": user, "name": f"e{at}", "created_at": "2026-01-01"} for at in range(300)]
    to = {"credential": credential(free), "settings": QUICK, "destinations": {"made": {"endpoint": "create_event"}}}

    def begin(given):
        process = subprocess.Popen([sys.executable, "-c", KILLED], stdin=subprocess.PIPE, text=True, cwd=tmp_path)  # noqa: S603 - ours
        process.stdin.write(json.dumps([to, str(tmp_path / "kept"), str(tmp_path / "dlt"), given]))
        process.stdin.close()
        return process

    before = len(free.content("events"))
    free.settings(latency=0.05)
    for moment, given in ((60, rows), (150, [])):
        process = begin(given)
        while len(free.content("events")) - before < moment:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.wait()
    free.settings(latency=0)
    assert begin([]).wait() == 0
    names = [one["name"] for one in free.content("events")][before:]
    assert sorted(names) == sorted(row["name"] for row in rows)
    figures["killed twice"] = "lost 0, doubled 0"


def test_duplicates_are_sent_where_they_are_allowed(free, pipeline, tmp_path):
    before = len(free.content("events"))
    for _ in range(2):
        chosen = {"destinations": {"made": {"endpoint": "create_event"}}, "allow_duplicates": True}
        to = sending(free, tmp_path / "kept", **chosen)
        pipeline("twice", to).run(events(users_of(free, 3), bad=False), table_name="made")
    assert len(free.content("events")) - before == 6


def test_a_bound_on_rejects_ends_the_load(free, pipeline, tmp_path):
    bound = {"signups": {"endpoint": "upsert_person", "on_reject": "stop"}}
    with pytest.raises(PipelineStepFailed, match="rows were not tried"):
        pipeline("bound", sending(free, tmp_path / "kept", destinations=bound)).run(rows(), table_name="signups")
    assert len(arrived(free)) == int(BAD[2:])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"endpoints": ["peple"]}, "there is no 'peple'; did you mean 'people'?"),
        ({"params": {"peple": {}}}, "params: there is no 'peple'"),
    ],
)
def test_a_stream_that_is_not_offered_is_refused_before_the_first_request(free, words, expected):
    with pytest.raises(ConfigurationError) as raised:
        custify_source(credential=credential(free), **words)
    assert expected in str(raised.value)
    assert free.journal() == []


def test_a_refused_key_is_reported_without_the_key(free, pipeline, tmp_path):
    loading = pipeline("refused", dlt.destinations.duckdb(str(tmp_path / "x.duckdb")))
    with pytest.raises(PipelineStepFailed, match="refused the API key") as raised:
        loading.run(custify_source(credential=credential(free, api_key="canary-key"), endpoints=["people"]))
    assert "canary-key" not in str(raised.value)


@pytest.mark.parametrize("name", ["CUSTIFY_BASE_URL", "CUSTIFY_API_URL"])
def test_the_key_and_the_address_may_be_those_of_the_environment(free, pipeline, tmp_path, monkeypatch, name):
    monkeypatch.setenv("CUSTIFY_API_KEY", free.api_key)
    monkeypatch.setenv(name, free.base_url)
    store = tmp_path / "store.duckdb"
    loading = pipeline("environment", dlt.destinations.duckdb(str(store)))
    loading.run(custify_source(endpoints=["tags"], settings=QUICK))
    assert sorted(column(store, "id", "tags")) == sorted(one["id"] for one in free.content("tags"))
    people = {"signups": {"endpoint": "upsert_person"}}
    to = custify_destination(folder=str(tmp_path / "kept"), destinations=people, settings=QUICK)
    pipeline("environment_out", to).run([{"user_id": "d-1"}], table_name="signups")
    assert arrived(free) == ["d-1"]


def test_the_credential_has_the_fields_of_the_connector(free):
    assert set(connector.describe()["credential"]["properties"]) <= set(CustifyCredential.get_resolvable_fields())
    held = CustifyCredential(**credential(free, name="n"))
    assert held.given() == credential(free, name="n")
    assert free.api_key not in repr(held)


def test_the_example_loads_twice_and_sends_past_a_bad_row_within_the_limit(custify, tmp_path, checkout, figures):
    folder = tmp_path / "project"
    shutil.copytree(checkout / "examples" / "dlt", folder)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute(
            "CREATE TABLE signups AS SELECT format('d-{:03d}', i) AS user_id, format('d{}@example.com', i) AS email, "
            "'Zoë ' || i AS name, timestamptz '2026-01-01 00:00:00+02' AS signed_up_at, i AS session_count "
            "FROM range(?) numbers(i)",
            [COUNT],
        )
        warehouse.execute("UPDATE signups SET email = repeat('x', 300) WHERE user_id = ?", [BAD])

    def run(word):
        given = {"CREDENTIAL__API_KEY": custify.api_key, "CREDENTIAL__BASE_URL": custify.base_url}
        done = subprocess.run(  # noqa: S603 - our own example
            [sys.executable, "custify_pipelines.py", word],
            cwd=folder,
            env={**os.environ, **given, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert custify.api_key not in done.stdout + done.stderr
        return done.stdout

    first, second = run("load"), run("load")
    assert "- people: 60 row(s)" in first
    assert "people" not in second
    assert len(column(folder / "store.duckdb", "id", "people")) == len(custify.content("people"))
    run("send")
    assert arrived(custify) == [row["user_id"] for row in rows() if row["user_id"] != BAD]
    (kept,) = lines(folder / "kept" / "quarantine.jsonl")
    assert kept["rawMessage"]["user_id"] == BAD
    assert kept["error"]["field"] == "email"
    assert custify.summary()["busiest_window"] <= 100
    figures.update(
        {"written": COUNT - 1, "rejected": 1, "rejected rows went to": "quarantine.jsonl in the folder named"}
    )


def test_the_block_of_the_page_loads_into_postgres(set_up, custify, postgres):
    set_up("dlt", "dlthub", POSTGRES_URL=postgres)
    database = psycopg2.connect(postgres)
    try:
        cursor = database.cursor()
        cursor.execute("SELECT id FROM custify.people")
        assert sorted(id_ for (id_,) in cursor.fetchall()) == sorted(one["id"] for one in custify.content("people"))
    finally:
        database.close()
