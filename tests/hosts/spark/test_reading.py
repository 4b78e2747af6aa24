"""Reading as a DataFrame: in partitions, by the user's schema, of many accounts."""

import json
import time

import pytest
from pyspark.errors import PySparkException
from pyspark.sql.functions import col

PEOPLE = 100_000


def by_id(records):
    return {record["id"]: record for record in records}


def test_100_000_people_in_partitions_equal_the_sandbox(spark, serve, make_job, tmp_path, figures):
    with serve(people=PEOPLE, companies=500, **{"keep-entries": 10, "rate-limit": "none"}) as custify:
        job = make_job(spark, custify, tmp_path)
        began = time.monotonic()
        frame = job.reader("people", partitions=8).schema("id string, _record string").load()
        rows = frame.toArrow().to_pylist()
        seconds = time.monotonic() - began
        read = [json.loads(row["_record"]) for row in rows]
        held = custify.content("people")
        assert len(read) == PEOPLE
        assert frame.rdd.getNumPartitions() == 8
        assert {row["id"] for row in rows} == {record["id"] for record in held}
        assert by_id(read) == by_id({name: record[name] for name in read[0] if name in record} for record in held)
    figures["records"] = PEOPLE
    figures["read in 8 partitions"] = f"{seconds:.1f} s"


def test_the_default_schema_is_the_endpoints_own(job):
    frame = job.reader("people").load()
    assert {"id", "email", "custom_attributes", "companies"} <= set(frame.columns)
    assert dict(frame.dtypes)["companies"] == "array<string>"
    rows = by_id(frame.toArrow().to_pylist())
    for record in job.custify.content("people"):
        assert rows[record["id"]]["email"] == record.get("email")
        assert json.loads(rows[record["id"]]["custom_attributes"]) == record["custom_attributes"]


def test_the_users_schema_is_respected_and_prunes_the_columns(job):
    schema = "id string, created_at timestamp, session_count double, custom_attributes map<string, string>"
    frame = job.reader("people").schema(schema).load()
    row = frame.where("custom_attributes is not null").first()
    assert frame.columns == ["id", "created_at", "session_count", "custom_attributes"]
    assert row.created_at.year >= 2000
    assert isinstance(row.custom_attributes, dict)


def test_a_value_that_does_not_fit_is_refused_with_its_place_and_not_shown(job):
    frame = job.reader("people").schema("id string, email long").load()
    with pytest.raises(PySparkException, match="email: str does not fit a column of type long"):
        frame.collect()


def test_a_lookup_is_handed_on_to_custify(job):
    wanted = job.custify.content("people")[3]
    job.custify.reset()
    frame = job.reader("people", push_filters="true", partitions=2, rate_limit="100/10", budget=job.folder / "budget")
    rows = frame.load().where(col("user_id") == wanted["user_id"]).collect()
    assert [row.id for row in rows] == [wanted["id"]]
    assert [entry["query"] for entry in job.custify.journal()] == [{"user_id": [wanted["user_id"]]}]


def test_many_accounts_are_read_side_by_side_each_with_its_key(spark, serve, make_job, tmp_path):
    with serve(people=30, **{"api-key": "key-of-acme"}) as acme, serve(people=50, seed=2) as globex:
        job = make_job(spark, acme, tmp_path)
        job.accounts(acme=acme, globex=globex)
        frame = job.reader("people", accounts="acme,globex", rate_limit=None, budget=tmp_path / "budget").load()
        counted = {row["_account"]: row["count"] for row in frame.groupBy("_account").count().collect()}
    assert counted == {"acme": 30, "globex": 50}
    assert {path.name for path in (tmp_path / "budget").glob("*.budget")} == {"acme.budget", "globex.budget"}


def test_several_tasks_without_a_word_about_the_limit_are_refused(job):
    with pytest.raises(PySparkException, match="say how tasks keep one limit together"):
        job.reader("people", partitions=4, rate_limit=None).load().collect()


def test_a_key_among_the_options_is_refused_unseen(job):
    with pytest.raises(PySparkException, match="looks like a key") as refused:
        job.reader("people", api_key="not-to-be-shown").load()
    assert "not-to-be-shown" not in str(refused.value)


def test_moments_are_timestamps_that_functions_of_dates_take(job):
    (row,) = job.reader("people").load().selectExpr("count(*) AS found", "max(year(created_at)) AS year").collect()
    held = job.custify.content("people")
    assert row.found == len(held)
    assert row.year == max(int(person["created_at"][:4]) for person in held)


def test_moments_stay_text_where_that_is_wanted(job):
    frame = job.reader("people", moments="string").load()
    assert dict(frame.dtypes)["created_at"] == "string"
    assert dict(job.reader("people").load().dtypes)["created_at"] == "timestamp"
