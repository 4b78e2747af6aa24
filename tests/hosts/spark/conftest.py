"""A real Spark on this machine, two tasks at once, three tries each; and what a judge reads of a job."""

import json
import os
import sys
from collections import Counter
from contextlib import contextmanager

import pytest
from pyspark.sql import SparkSession

from custify_connector.adapters.spark import CustifyDataSource


@pytest.fixture(scope="session")
def log(tmp_path_factory):
    """Return the file that driver and workers log to: the standard error of Spark's own process."""
    return tmp_path_factory.mktemp("log") / "spark.log"


@contextmanager
def standard_error(path):
    """Let processes that are started meanwhile write their standard error to a file."""
    kept = os.dup(2)
    with path.open("ab") as stream:
        os.dup2(stream.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@pytest.fixture(scope="session")
def spark(tmp_path_factory, log):
    """Return a session that has the data source; nothing of it leaves loopback."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2,3]")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.python.filterPushdown.enabled": "true",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }.items():
        builder = builder.config(name, value)
    with standard_error(log):
        session = builder.getOrCreate()
    session.dataSource.register(CustifyDataSource)
    yield session
    session.stop()


class Job:
    """A way to one emulated account: options to read and write it, with what a job leaves behind."""

    def __init__(self, spark, custify, folder):
        self.spark = spark
        self.custify = custify
        self.folder = folder
        self.accounts(default=custify)

    def accounts(self, **served):
        """Write the file of credentials that the workers read."""
        known = {name: {"api_key": each.api_key, "base_url": each.base_url} for name, each in served.items()}
        (self.folder / "credentials.json").write_text(json.dumps(known))

    def options(self, endpoint, **changed):
        """Return options as Spark takes them; None leaves one out."""
        words = {
            "endpoint": endpoint,
            "credential_file": self.folder / "credentials.json",
            "rate_limit": "none",
            **changed,
        }
        return {name: str(value) for name, value in words.items() if value is not None}

    def reader(self, endpoint, **changed):
        """Return a reader of a batch query."""
        return self.spark.read.format("custify").options(**self.options(endpoint, **changed))

    def write(self, frame, endpoint, **changed):
        """Write a DataFrame, and return the report of the job."""
        kept = {
            "journal": self.folder / "journal",
            "quarantine": self.folder / "quarantine.jsonl",
            "report": self.folder / "report.json",
        }
        options = self.options(endpoint, **{**kept, **changed})
        frame.write.format("custify").options(**options).mode("append").save()
        return self.report()

    def report(self):
        """Return what the driver reported of the last job."""
        return json.loads((self.folder / "report.json").read_text())

    def quarantined(self):
        """Return the lines of the quarantine."""
        return [json.loads(line) for line in (self.folder / "quarantine.jsonl").read_text().splitlines()]

    def applied(self, path, name):
        """Return how often a write with each value of a field was applied, by the sandbox's journal."""
        return Counter(
            entry["body"][name]
            for entry in self.custify.journal()
            if entry["path"].startswith(path) and entry["method"] != "GET" and entry["applied"]
        )


@pytest.fixture
def job(spark, custify, tmp_path):
    """Return a job on a small account without a limit."""
    custify.settings(rate_limit=None)
    return Job(spark, custify, tmp_path)


@pytest.fixture(scope="session")
def make_job():
    """Return the class of `job`, for accounts of another size."""
    return Job


@pytest.fixture(scope="session")
def people():
    """Return a function that makes rows for upsert_person, some of which Custify's schema rejects."""

    def rows(count, *, bad=0):
        return [(f"u-{n}", f"Person {n}", "not a date" if n < bad else "2026-01-31T09:30:00Z") for n in range(count)]

    return rows
