"""The options of `format("custify")` as checked values: Spark passes text, and shows it in plans and logs.

Decides which options there are, and which of them go together. This file does not know Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from custify_connector.adapters.option_reader import TABLE_PREFIX, OptionReader
from custify_connector.contract.errors import ConfigurationError, Fault


@dataclass(frozen=True)
class Accounts:
    """Whose records: names of credentials, which each worker resolves for itself (`spark_credentials`).

    `column` holds the account of a row where there are many, None where there is one. `file` is on every worker.
    `secret` is the key of the one account, given where workers have no environment; `base_url` is its address.
    """

    names: tuple[str, ...]
    column: str | None = None
    file: str | None = None
    secret: str | None = field(default=None, repr=False)
    base_url: str | None = None


@dataclass(frozen=True)
class Pace:
    """How the account's limit is kept by tasks that do not know of each other.

    `budget` is a folder on each machine, in which the tasks there share the window; `machines` divide it. Without a
    folder each of `tasks_at_once` keeps a share of its own. `limit` is (requests, seconds): None for the connector's
    own, () for an account without a limit.
    """

    limit: tuple[int, float] | tuple[()] | None = None
    budget: str | None = None
    machines: int = 1
    tasks_at_once: int | None = None
    others: Mapping[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """Whether it was said how tasks share the limit."""
        return self.budget is not None or self.tasks_at_once is not None or self.limit == ()


@dataclass(frozen=True)
class Reading:
    """What to read. `partitions` is per account; `rows_per_batch` and `poll_seconds` are for a stream."""

    source: Mapping[str, Any]
    accounts: Accounts
    pace: Pace
    partitions: int = 1
    push_filters: bool = False
    rows_per_batch: int = 10_000
    poll_seconds: float = 300.0
    moments: str = "timestamp"


@dataclass(frozen=True)
class Writing:
    """What to write. `journal` is a folder that every worker and the driver see; `job` names this write there.

    `quarantine` and `report` are files of the driver. `nulls` says what a null means: `absent` or `clear`.
    `same_account` says that a key was replaced since an earlier run of the job. `through_driver` says that tasks hand
    their rows to the driver, which sends them: then nothing has to be shared.
    """

    destination: Mapping[str, Any]
    accounts: Accounts
    pace: Pace
    journal: str | None = None
    job: str | None = None
    quarantine: str | None = None
    report: str | None = None
    nulls: str = "absent"
    json_columns: tuple[str, ...] = ()
    same_account: bool = False
    through_driver: bool = False


_COMMON = frozenset(
    {
        *("endpoint", "params", "credential", "accounts", "account_column", "credential_file", "secret", "base_url"),
        *("rate_limit", "budget", "machines", "tasks_at_once", "max_in_flight", "timeout_seconds", "undocumented"),
    }
)
READ = _COMMON | {"mode", "fields", "limit", "partitions", "push_filters", "rows_per_batch", "poll_seconds", "moments"}
WRITE = _COMMON | {"delivery", "journal", "job", "quarantine", "report", "nulls", "json_columns", "same_account"}
"""The names of all options of a read, and of a write."""


_NAMED_COLUMNS = "a table whose columns CREATE TABLE names keeps no options: let the columns be found"
_KEPT_SECRET = "would be kept in the catalog with the table: name a credential, or make a temporary view"  # noqa: S105 - none
_INSERTED = "INSERT INTO a table has no options: write a DataFrame with format('custify')"


def of_table(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options of a table that `CREATE TABLE … USING custify OPTIONS (…)` makes; none for a mere query."""
    names = {name.lower().removeprefix(TABLE_PREFIX): name for name in options if name.lower().startswith(TABLE_PREFIX)}
    if "secret" in names:
        raise ConfigurationError((Fault("option secret", _KEPT_SECRET),))
    return {name: str(options[given]) for name, given in names.items()}


def reading(options: Mapping[str, str]) -> Reading:
    """Return the options of a read; raises ConfigurationError with every fault, none of which shows a value."""
    found = OptionReader(options, READ)
    source = {
        "endpoint": found.required("endpoint", _NAMED_COLUMNS),
        "params": found.mapping("params"),
        "mode": found.one_of("mode", ("full", "incremental")),
        "fields": list(found.names("fields")) or None,
        "limit": found.number("limit"),
    }
    answer = Reading(
        {name: value for name, value in source.items() if value not in (None, {})},
        _accounts(found),
        _pace(found),
        found.number("partitions") or 1,
        found.switch("push_filters"),
        found.number("rows_per_batch") or Reading.rows_per_batch,
        Reading.poll_seconds if found.seconds("poll_seconds") is None else found.seconds("poll_seconds") or 0.0,
        found.one_of("moments", ("timestamp", "string")) or "timestamp",
    )
    found.settle()
    return answer


def writing(options: Mapping[str, str]) -> Writing:
    """Return the options of a write; raises ConfigurationError with every fault, none of which shows a value."""
    found = OptionReader(options, WRITE)
    destination = {
        "endpoint": found.required("endpoint", _INSERTED),
        "params": found.mapping("params"),
        "delivery": found.one_of("delivery", ("single", "batch")),
    }
    pace = _pace(found)
    answer = Writing(
        {name: value for name, value in destination.items() if value not in (None, {})},
        _accounts(found, writes=True),
        pace if pace.known else replace(pace, tasks_at_once=1),
        found.text("journal"),
        found.matching("job", r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"),
        found.text("quarantine"),
        found.text("report"),
        found.one_of("nulls", ("absent", "clear")) or "absent",
        found.names("json_columns"),
        found.switch("same_account"),
        through_driver=not pace.known,
    )
    found.settle()
    return answer


def _accounts(found: OptionReader, *, writes: bool = False) -> Accounts:
    names, column, file = found.names("accounts"), found.text("account_column"), found.text("credential_file")
    if names and found.text("credential"):
        found.fault("accounts", "cannot be combined with credential: use one of them")
    if writes and names:
        found.fault("accounts", "is for reading; a write takes each row's account from account_column")
    secret, base_url = found.text("secret"), found.text("base_url")
    if secret and (names or column or file):
        found.fault("secret", "is the key of one account: leave out accounts, account_column and credential_file")
    if base_url and not secret:
        found.fault("base_url", "goes with secret: an environment or a credential_file has the address of its own")
    if writes and column:
        return Accounts((), column, file)
    if names:
        return Accounts(names, column or "_account", file)
    return Accounts((found.text("credential") or "default",), None, file, secret, base_url)


def _pace(found: OptionReader) -> Pace:
    machines, at_once, budget = found.number("machines"), found.number("tasks_at_once"), found.text("budget")
    if machines and not budget:
        found.fault("machines", "divides the limit among machines, each with its budget folder: name budget too")
    if budget and at_once:
        found.fault(
            "tasks_at_once", "cannot be combined with budget: tasks share a folder, or each keeps its own share"
        )
    others = {
        "max_in_flight": found.number("max_in_flight"),
        "timeout_seconds": found.seconds("timeout_seconds"),
        "undocumented": found.switch("undocumented") or None,
    }
    kept = {name: value for name, value in others.items() if value is not None}
    return Pace(found.limit("rate_limit"), budget, machines or 1, at_once, kept)


def unknown_sharing() -> NoReturn:
    """Raise ConfigurationError for work of several tasks without an option that says how they share the limit."""
    reason = (
        "or tasks_at_once is required: say how tasks keep one limit together: a folder on each machine that its tasks"
        " share (with machines, when there are several), or how many tasks can run at once"
    )
    raise ConfigurationError((Fault("option budget", reason),))
