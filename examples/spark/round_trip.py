"""Read people into Parquet, and write a DataFrame back: `python examples/spark/round_trip.py FOLDER`.

The key is in the environment (CUSTIFY_API_KEY, CUSTIFY_BASE_URL); PYSPARK_PYTHON names this Python. FOLDER takes the
people, the journal, the rate budget, and the rows that were not delivered. It must be one that every worker sees.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from pyspark.sql import SparkSession

from custify_connector.adapters.spark import CustifyDataSource


def main(folder: str) -> None:
    """Read, and write back."""
    spark = (
        SparkSession.builder.master("local[2,3]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    spark.dataSource.register(CustifyDataSource)

    people = spark.read.format("custify").options(endpoint="people", partitions="4", budget=f"{folder}/budget").load()
    people.select("id", "user_id", "email", "created_at").write.mode("overwrite").parquet(f"{folder}/people.parquet")
    print(spark.read.parquet(f"{folder}/people.parquet").count(), "people in people.parquet")

    rows = [("spark-1", "Zoë Müller", "2026-01-31"), ("spark-2", "Ana Pop", "no date")]
    changed = spark.createDataFrame(rows, "user_id string, name string, signed_up_at string")
    written = {
        "endpoint": "upsert_person",
        "budget": f"{folder}/budget",
        "journal": f"{folder}/journal",
        "quarantine": f"{folder}/rejected.jsonl",
        "report": f"{folder}/report.json",
    }
    changed.write.format("custify").options(**written).mode("append").save()
    spark.stop()


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()))
