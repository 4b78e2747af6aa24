"""The tap and target inside Meltano: its runs, its states, and what they do with bad input."""

import csv
import json
import os
import shutil
import subprocess

import psycopg2
import pytest

COUNT = 120
BAD = "m-057"
UNKNOWN_STREAM = {
    "tap_stream_id": "peple",
    "stream": "peple",
    "schema": {},
    "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
}


@pytest.fixture
def project(tmp_path, checkout):
    """Return the example project in a folder of its own, with sign-ups, one of them bad."""
    folder = tmp_path / "project"
    shutil.copytree(checkout / "examples" / "singer", folder)
    (folder / "store").mkdir()
    write_signups(folder, COUNT)
    return folder


def write_signups(folder, count):
    """Write so many sign-ups."""
    rows = [f"m-{at:03d},{'x' * 300 if f'm-{at:03d}' == BAD else f'm{at}@example.com'},Zoë {at}" for at in range(count)]
    (folder / "signups.csv").write_text("\n".join(["user_id,email,name", *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def run(project, custify):
    """Return a runner of commands in the project; none of them may show the key."""

    def run(*words, given=None, **changed):
        key = {"CUSTIFY_API_KEY": custify.api_key, "CUSTIFY_BASE_URL": custify.base_url}
        done = subprocess.run(  # noqa: S603 - installed beside this
            words,
            cwd=project,
            env={**os.environ, "NO_COLOR": "1", **key, **changed},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert custify.api_key not in done.stdout + done.stderr
        return done

    return run


def meltano(run, *words):
    """Run Meltano, which must succeed."""
    done = run("meltano", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def column(project, name, table):
    """Return one column of a file that the target made; it makes it again in each run."""
    with (project / "store" / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return [row[name] for row in csv.DictReader(stream)]


def signups(custify):
    """Return the people that came from the file, by their id there."""
    return {one["user_id"]: one for one in custify.content("people") if str(one.get("user_id")).startswith("m-")}


def test_meltano_reads_into_files_and_the_second_run_reads_what_changed(run, custify, project, figures):
    meltano(run, "run", "tap-custify", "target-csv")
    total = 0
    for kind in ("people", "companies", "tags"):
        held = [record["id"] for record in custify.content(kind)]
        assert sorted(column(project, "id", kind)) == sorted(held), kind
        total += len(held)
    emails = {record["id"]: record.get("email") or "" for record in custify.content("people")}
    found = zip(*(column(project, name, "people") for name in ("id", "email")), strict=True)
    assert dict(found) == emails
    state = json.loads(meltano(run, "state", "get", "dev:tap-custify-to-target-csv"))
    assert set(state["singer_state"]["bookmarks"]) == {"people", "companies", "tags"}

    write_signups(project, 1)
    meltano(run, "run", "tap-signups", "target-custify")
    meltano(run, "run", "tap-custify", "target-csv")
    assert column(project, "user_id", "people") == ["m-000"]
    assert custify.summary()["busiest_window"] <= 100
    figures.update({"streams": 3, "records": total, "second run": 1})


def test_meltano_writes_past_a_bad_row_and_goes_on_from_the_state(run, custify, project, figures):
    meltano(run, "run", "tap-signups", "target-custify")
    arrived = signups(custify)
    assert len(arrived) == COUNT - 1
    assert (arrived["m-007"]["email"], arrived["m-007"]["name"]) == ("m7@example.com", "Zoë 7")
    (kept,) = [json.loads(line) for line in (project / "quarantine.jsonl").read_text("utf-8").splitlines()]
    assert kept["rawMessage"]["user_id"] == BAD
    assert kept["error"]["field"] == "email"
    write_signups(project, COUNT + 5)
    custify.reset()
    meltano(run, "run", "tap-signups", "target-custify")
    assert len(signups(custify)) == COUNT + 4
    assert [entry["method"] for entry in custify.journal()] == ["POST"] * 5
    figures.update({"written": COUNT + 4, "rejected": 1, "rejected rows went to": "the file named as quarantine"})


def config(project, custify, **changed):
    """Write a plugin's configuration, and return its name."""
    words = {"name": "t", "api_key": custify.api_key, "base_url": custify.base_url, **changed}
    (project / "config.json").write_text(json.dumps(words), encoding="utf-8")
    return "config.json"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"type": "RECORD", "stream": "x", "record": {}}', "line 1 RECORD: stream 'x' has no schema yet"),
        ('{"type": "OTHER"}', "line 1 has the type 'OTHER': it must be one of SCHEMA, RECORD"),
        ("no JSON", "line 1 is not JSON: Expecting value at column 1"),
        ('{"stream": "x"}', "line 1 has the type None"),
        ("null", "line 1 must be an object with a type"),
        ('{"type": "RECORD", "stream": [1], "record": {}}', "RECORD: stream must be a text that is not empty, not [1]"),
        ('{"type": "STATE", "value": 3}', "STATE: value must be an object, not 3"),
        ('{"type": "ACTIVATE_VERSION", "stream": "x", "version": 1}', "stream 'x' has no schema yet"),
        (
            '{"type": "SCHEMA", "stream": "x", "schema": {"properties": {"a": {"type": 3}}}}',
            "schema is not a JSON Schema",
        ),
        ('{"type": "SCHEMA", "stream": "x", "schema": {"properties": {}}}', "there is no 'x'"),
    ],
)
def test_a_message_that_makes_no_sense_ends_the_target_with_its_reason(run, custify, project, given, expected):
    done = run("target-custify", "--config", config(project, custify), given=f"{given}\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr.splitlines()[-1]
    assert custify.journal() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("--state", {"bookmarks": {"people": {"replication_key_value": "2024"}}}), "was not written by this tap"),
        (("--state", {"bookmarks": [1]}), "state: is damaged"),
        (("--catalog", {"streams": [UNKNOWN_STREAM]}), "stream peple: is not offered; did you mean 'people'?"),
    ],
)
def test_an_old_state_or_a_wrong_catalog_ends_the_tap_with_its_reason(run, custify, project, given, expected):
    option, content = given
    (project / "given.json").write_text(json.dumps(content), encoding="utf-8")
    done = run("tap-custify", "--config", config(project, custify), option, "given.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert expected in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_malformed_key_is_refused_without_being_shown(run, custify, project):
    done = run("tap-custify", "--config", config(project, custify, api_key="Bearer canary-key"))
    assert done.returncode == 1
    assert "config.api_key: must be the key alone" in done.stderr
    assert "canary-key" not in done.stdout + done.stderr


def test_a_refused_key_ends_the_target_without_a_state(run, custify, project):
    given = [
        {"type": "SCHEMA", "stream": "upsert_person", "schema": {"properties": {}}, "key_properties": []},
        {"type": "RECORD", "stream": "upsert_person", "record": {"user_id": "m-1"}},
        {"type": "STATE", "value": {"at": 1}},
    ]
    name = config(project, custify, api_key="another")
    done = run("target-custify", "--config", name, given="".join(json.dumps(each) + "\n" for each in given))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Custify refused the API key (401)" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["tap-custify", "target-custify"])
def test_about_shows_the_credential_of_the_connector(run, name):
    from custify_connector.plugin import connector  # noqa: PLC0415 - only here

    shown = json.loads(run(name, "--about", "--format", "json").stdout)["settings"]
    expected = connector.describe()["credential"]
    assert shown["required"] == expected["required"]
    assert shown["properties"]["api_key"].pop("secret") is True
    assert {field: shown["properties"][field] for field in expected["properties"]} == expected["properties"]


def test_the_block_of_the_page_loads_into_postgres(set_up, custify, postgres):
    set_up("Singer and Meltano", "singer", POSTGRES_URL=postgres)
    database = psycopg2.connect(postgres)
    try:
        cursor = database.cursor()
        cursor.execute("SELECT id FROM custify.people")
        assert sorted(id_ for (id_,) in cursor.fetchall()) == sorted(one["id"] for one in custify.content("people"))
    finally:
        database.close()
