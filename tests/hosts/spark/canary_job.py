"""A job whose key is a canary: reads, writes, fails; all that it prints is for the test that started it to search."""

import json
import logging
import os
import sys

from pyspark.sql import SparkSession

from custify_connector.adapters.spark import CustifyDataSource

logging.basicConfig(level=logging.DEBUG)
folder = sys.argv[1]
spark = (
    SparkSession.builder.master("local[2,3]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.eventLog.enabled", "true")
    .config("spark.eventLog.dir", f"file://{folder}/events")
    .config("spark.eventLog.compress", "false")
    .config("spark.sql.pyspark.worker.logging.enabled", "true")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("DEBUG")
spark.dataSource.register(CustifyDataSource)

options = {"rate_limit": "1000/1", "budget": f"{folder}/budget"}
people = spark.read.format("custify").options(endpoint="people", partitions="2", **options).load()
people.explain("formatted")
sys.stdout.write(f"read {people.count()} and the plan above\n")

kept = {"journal": f"{folder}/journal", "quarantine": f"{folder}/quarantine.jsonl", "report": f"{folder}/report.json"}
rows = [(f"u-{n}", "x" if n else None, "2026-01-31" if n else "no date") for n in range(20)]
frame = spark.createDataFrame(rows, "user_id string, name string, signed_up_at string").repartition(2)
frame.write.format("custify").options(endpoint="upsert_person", **options, **kept).mode("append").save()

# The key as an option, which Spark redacts: `secret` is the word for it.
given = {"secret": os.environ["CUSTIFY_API_KEY"], "base_url": os.environ["CUSTIFY_BASE_URL"], "rate_limit": "1000/1"}
# py4j's own log at DEBUG holds the arguments of every call, also of the one that sets the option.
logging.getLogger("py4j").setLevel(logging.INFO)
by_option = spark.read.format("custify").options(endpoint="people", **given).load()
by_option.explain("extended")
sys.stdout.write(f"read {by_option.count()} by a key that was an option\n")
frame.where("name is not null").write.format("custify").options(endpoint="upsert_person", **given).mode("append").save()
logging.getLogger("py4j").setLevel(logging.NOTSET)

# A credential that Custify refuses: the job fails, and its error is shown.
for changed in ({"credential": "refused"}, {"credential": "unknown"}, {"endpoint": "peeple"}):
    try:
        words = {"endpoint": "upsert_person", **options, "journal": f"{folder}/journal", **changed}
        frame.write.format("custify").options(**words).mode("append").save()
    except Exception as error:  # noqa: BLE001, PERF203 - whatever it is, it must not show the key
        sys.stdout.write(f"failed: {error!r} {error}\n")
try:
    logs = spark.tvf.python_worker_logs().collect()
    sys.stdout.write(json.dumps([row.asDict(recursive=True) for row in logs], default=str))
except Exception as error:  # noqa: BLE001 - not every version keeps them
    sys.stdout.write(f"no worker logs: {error}\n")
spark.stop()
