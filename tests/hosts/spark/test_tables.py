"""Tables and views of Spark SQL: a table of the catalog is read by its own options."""

import pytest
from pyspark.errors import PySparkException


def clause(options):
    """Return options as SQL writes them."""
    return ", ".join(f"`{name}` '{value}'" for name, value in options.items())


@pytest.fixture
def table(job):
    """Return the name of a table of people, with a limit of 7."""
    job.spark.sql(f"CREATE TABLE people_table USING custify OPTIONS ({clause(job.options('people', limit=7))})")
    yield "people_table"
    job.spark.sql("DROP TABLE IF EXISTS people_table")


def test_a_table_of_the_catalog_is_read_by_its_options(job, table):
    rows = job.spark.sql(f"SELECT id, year(created_at) AS year FROM {table} ORDER BY id").collect()  # noqa: S608 - ours
    assert len(rows) == 7
    assert {row.id for row in rows} <= {record["id"] for record in job.custify.content("people")}
    assert job.spark.table(table).join(job.spark.table(table), "id").count() == 7


def test_a_table_is_read_by_options_of_the_query_too(job, table):
    assert job.spark.read.option("limit", "3").table(table).count() == 3


def test_a_temporary_view_is_read_by_its_options(job):
    job.spark.sql(f"CREATE TEMPORARY VIEW few USING custify OPTIONS ({clause(job.options('people', limit=5))})")
    assert job.spark.table("few").count() == 5
    job.spark.sql("DROP VIEW few")


def test_a_table_with_columns_of_its_own_is_refused_with_what_works(job):
    options = clause(job.options("people"))
    job.spark.sql(f"CREATE TABLE own_columns (id STRING) USING custify OPTIONS ({options})")
    try:
        with pytest.raises(PySparkException, match="let the columns be found"):
            job.spark.table("own_columns").collect()
    finally:
        job.spark.sql("DROP TABLE own_columns")


def test_an_insert_is_refused_with_what_works(job, table):
    with pytest.raises(PySparkException, match="write a DataFrame with format"):
        job.spark.table(table).write.insertInto(table)
    assert {entry["method"] for entry in job.custify.journal()} <= {"GET"}
