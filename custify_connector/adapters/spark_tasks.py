"""What a task asks of the connector: records of an account, or a receipt for each of its rows, inside its share.

Joins credential, pace and hook; none of the three is decided here. This file does not know Spark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from custify_connector.adapters import spark_journal, spark_pace, spark_schemas
from custify_connector.adapters.sent_rows import account as account_of
from custify_connector.adapters.spark_credentials import credential_of
from custify_connector.adapters.spark_options import Accounts, Pace, Reading, Writing, unknown_sharing
from custify_connector.adapters.spark_writing import Attempt, Report, Rules, TaskWrite
from custify_connector.checking.wording import suggestion
from custify_connector.contract import Batch, Receipt
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.plugin import connector


def described(kind: str, name: str) -> dict[str, Any]:
    """Return the description of a source or destination; raises ConfigurationError when there is none."""
    description: Mapping[str, Any] = connector.describe()
    known = description[kind]
    if name not in known:
        raise ConfigurationError((Fault("option endpoint", f"there is no {name!r}{suggestion(name, known)}"),))
    found: dict[str, Any] = known[name]
    return found


def pace_of_read(reading: Reading) -> Pace:
    """Return how a read keeps the limit; one task for each account needs no word about sharing."""
    if reading.pace.known:
        return reading.pace
    if reading.partitions > 1:
        unknown_sharing()
    return replace(reading.pace, tasks_at_once=1)


def parts(reading: Reading) -> list[tuple[str, dict[str, Any]]]:
    """Return what the tasks of a read have to do: account and source each. One request a part, where it is divided."""
    pace = pace_of_read(reading)
    if reading.partitions == 1:
        return [(account, dict(reading.source)) for account in reading.accounts.names]
    default = spark_pace.default_limit(connector.describe())
    spark_pace.prepare(pace, default, "the plan of the read")
    return [
        (account, {name: value for name, value in part.items() if name != "settings"})
        for account in reading.accounts.names
        for part in connector.plan_source(
            credential_of(account, reading.accounts),
            {**reading.source, "settings": spark_pace.settings(pace, account, default)},
            reading.partitions,
        )
    ]


def read(
    reading: Reading, account: str, source: Mapping[str, Any], who: str, state: Mapping[str, Any] | None = None
) -> Iterator[Batch]:
    """Yield the batches of one account's source; raises what the hook raises."""
    pace = pace_of_read(reading)
    default = spark_pace.default_limit(connector.describe())
    credential = credential_of(account, reading.accounts)
    settings = spark_pace.settings(pace, account, default)
    with spark_pace.watched(who):
        spark_pace.prepare(pace, default, who)
        batches = connector.read_source(credential, {**source, "settings": settings}, state)
    yield from batches


def rules(writing: Writing) -> Rules:
    """Return what the destination's description says of rows."""
    found = described("destinations", writing.destination["endpoint"])
    return Rules(
        destination=found["name"],
        identity=tuple(tuple(fields) for fields in found["identity"]),
        repeat=found["repeat"],
        constants=writing.destination.get("params", {}),
        account=_only(writing.accounts),
        account_column=writing.accounts.column,
    )


def _only(accounts: Accounts) -> str | None:
    return None if accounts.column else accounts.names[0]


def write(writing: Writing, folder: Path | None, attempt: Attempt, rows: Iterator[Mapping[str, Any]]) -> Report:
    """Write the rows of one task, after those of another attempt of it are decided; raises what the hook raises."""
    who = f"partition {attempt.partition}, attempt {attempt.number}"
    default = spark_pace.default_limit(connector.describe())
    with spark_pace.watched(who) as waiting:
        held = spark_journal.opened(folder, attempt.partition, who) if folder else nullcontext()
        with held as journal:
            spark_pace.prepare(writing.pace, default, who)

            def send(account: str, records: Iterator[dict[str, Any]]) -> Iterator[Receipt]:
                settings = spark_pace.settings(writing.pace, account, default)
                credential = credential_of(account, writing.accounts)
                return connector.write_destination(credential, {**writing.destination, "settings": settings}, records)

            def claim(name: str) -> None:
                if folder:
                    whose = account_of(credential_of(name, writing.accounts))
                    spark_journal.claim(folder, name, whose, same_account=writing.same_account)

            report = TaskWrite(send, rules(writing), attempt, journal, claim).write(_records(writing, rows))
        return replace(report, waited_seconds=round(waiting.seconds, 3))


def _records(writing: Writing, rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any] | str]:
    return (_record(writing, row) for row in rows)


def _record(writing: Writing, row: Mapping[str, Any]) -> Mapping[str, Any] | str:
    """Return the record of a row, or the reason that it has none."""
    try:
        return spark_schemas.record_of(row, writing.nulls, writing.json_columns)
    except ValueError as error:
        return str(error)
