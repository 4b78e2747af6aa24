"""Custify in Dagster: people and companies as assets, the sign-ups of a file sent, and streams loaded by dlt.

    pip install dagster-webserver dagster-dlt '.[dlt,duckdb]'     in the checkout
    CUSTIFY_API_KEY=… dagster dev -f custify_assets.py

The first three assets call the connector's hooks: a read is kept by Dagster's own I/O manager, a write reports the
outcome of each row. The assets of dlt go on incrementally into crm.duckdb; take them for what does not fit in memory.
"""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import dlt
from dagster_dlt import DagsterDltResource, dlt_assets

from custify_connector.adapters.dlt_custify import custify_source
from custify_connector.plugin import connector


class Custify(dg.ConfigurableResource):
    """An account; Dagster does not show what an EnvVar holds."""

    api_key: str
    base_url: str

    def credential(self) -> dict[str, Any]:
        """Return what the hooks take."""
        return {"name": "dagster", "api_key": self.api_key, "base_url": self.base_url}

    def read(self, endpoint: str) -> dg.Output[list[dict[str, Any]]]:
        """Return every record of an endpoint."""
        batches = connector.read_source(self.credential(), {"endpoint": endpoint}, None)
        records = [record for batch in batches for record in batch.records]
        return dg.Output(records, metadata={"records": len(records)})


@dg.asset(group_name="custify")
def people(custify: Custify) -> dg.Output[list[dict[str, Any]]]:
    """Read everyone."""
    return custify.read("people")


@dg.asset(group_name="custify")
def companies(custify: Custify) -> dg.Output[list[dict[str, Any]]]:
    """Read every company."""
    return custify.read("companies")


@dg.asset(group_name="custify")
def signups_sent(context: dg.AssetExecutionContext, custify: Custify) -> dg.MaterializeResult:
    """Send the rows of signups.csv as people; a row that does not arrive is logged with its reason."""
    with Path("signups.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    outcomes: Counter[str] = Counter()
    for receipt in connector.write_destination(custify.credential(), {"endpoint": "upsert_person"}, rows):
        outcomes[receipt.outcome] += 1
        if receipt.outcome != "sent":
            context.log.warning("row %d: %s: %s", receipt.index + 1, receipt.outcome, receipt.reason)
    return dg.MaterializeResult(metadata=dict(outcomes))


@dg.asset_check(asset=signups_sent)
def every_signup_arrived(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Warn where rows did not arrive."""
    event = context.instance.get_latest_materialization_event(signups_sent.key)
    left = {name: count.value for name, count in event.asset_materialization.metadata.items() if name != "sent"}
    return dg.AssetCheckResult(passed=not left, severity=dg.AssetCheckSeverity.WARN, metadata=left)


@dlt_assets(
    dlt_source=custify_source(endpoints=["tasks", "tags"]),
    dlt_pipeline=dlt.pipeline("custify", destination=dlt.destinations.duckdb("crm.duckdb"), dataset_name="custify"),
    group_name="custify_tables",
)
def tables(context: dg.AssetExecutionContext, loader: DagsterDltResource) -> Any:
    """Load streams into crm.duckdb, incrementally."""
    yield from loader.run(context=context)


nightly = dg.ScheduleDefinition(name="nightly", target="*", cron_schedule="15 2 * * *")

defs = dg.Definitions(
    assets=[people, companies, signups_sent, tables],
    asset_checks=[every_signup_arrived],
    schedules=[nightly],
    resources={
        "custify": Custify(api_key=dg.EnvVar("CUSTIFY_API_KEY"), base_url=dg.EnvVar("CUSTIFY_BASE_URL")),
        "loader": DagsterDltResource(),
    },
)
