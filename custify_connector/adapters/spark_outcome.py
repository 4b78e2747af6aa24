"""The end of a write job, on the driver: its totals, its quarantine, and what was sent when it came to nothing.

Decides when a job that ran to its end is a failure even so: when rows were not delivered and nothing keeps
them. This file does not know Spark.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from custify_connector.adapters import spark_journal
from custify_connector.adapters.spark_options import Writing
from custify_connector.adapters.spark_writing import LETTERS, Report, sentence, totals
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host.quarantine import Quarantine

log = logging.getLogger("custify_connector")

_SHOWN = 3


class RowsNotDelivered(ConnectorError):
    """The caller's move: rows were rejected or failed, and no quarantine was named that could keep them."""


def refuse_finished(folder: Path | None) -> None:
    """Raise ConfigurationError for a job that has come to its end: its rows would be taken for decided."""
    if folder is not None and spark_journal.is_finished(folder):
        reason = f"{folder.name} has finished: name another job, and send what it quarantined by custify replay"
        raise ConfigurationError((Fault("option job", reason),))


def committed(writing: Writing, folder: Path | None, reports: Iterable[Report]) -> dict[str, Any]:
    """Keep what was not delivered, tell the totals, and return them; raises RowsNotDelivered."""
    done = sorted(reports, key=lambda report: report.partition)
    reported = _reported(writing, done)
    lost = [line for report in done for line in report.quarantined]
    # A batch of a stream may be committed once more after a restart: its rows are in the quarantine then.
    known = folder is not None and spark_journal.is_finished(folder)
    if lost and not known:
        _keep(writing, lost)
    if folder is not None:
        spark_journal.finish(folder, reported)
    _report(writing, reported)
    log.log(logging.WARNING if lost else logging.INFO, "%s: %s", reported["endpoint"], _in_words(writing, reported))
    if lost and writing.quarantine is None:
        raise RowsNotDelivered(_complaint(reported, lost))
    return reported


def _in_words(writing: Writing, reported: Mapping[str, Any]) -> str:
    where = f"; those not delivered are in {writing.quarantine}" if writing.quarantine else ""
    return sentence(reported["outcomes"]) + where


def aborted(writing: Writing, folder: Path | None, reports: Iterable[Report]) -> dict[str, Any]:
    """Report what was sent by a job that came to nothing: it stays in Custify.

    With a journal, the job's next run finds what was decided, and quarantines it; without, what the finished tasks
    could not deliver is kept now.
    """
    done = list(reports)
    reported = {**_reported(writing, done), "aborted": True}
    if folder is not None:
        reported["outcomes"] = dict(spark_journal.outcomes(folder))
        remedy = f"run it again with the option job {folder.name}: what is decided is not sent again"
    else:
        remedy = "what failed tasks sent is not counted: name a journal to have it counted, and not sent again"
    lost = [line for report in done for line in report.quarantined]
    if lost and folder is None:
        _keep(writing, lost)
    _report(writing, reported)
    log.error(
        "%s was aborted; sent before, and kept by Custify: %s; %s",
        reported["endpoint"],
        sentence(reported["outcomes"]),
        remedy,
    )
    return reported


def _reported(writing: Writing, reports: list[Report]) -> dict[str, Any]:
    return {
        "endpoint": writing.destination["endpoint"],
        "outcomes": totals(reports),
        "found_decided": sum(report.found for report in reports),
        "tasks": len(reports),
        "waited_seconds": round(sum(report.waited_seconds for report in reports), 1),
        "rows": {str(report.partition): report.outcomes for report in reports},
        "letters": {letter: outcome for outcome, letter in LETTERS.items()},
    }


def _keep(writing: Writing, lines: list[dict[str, Any]]) -> None:
    if writing.quarantine is None:
        return
    Path(writing.quarantine).parent.mkdir(parents=True, exist_ok=True)
    quarantine = Quarantine(Path(writing.quarantine))
    try:
        for line in lines:
            quarantine.add(line)
    finally:
        quarantine.close()


def _report(writing: Writing, reported: Mapping[str, Any]) -> None:
    if writing.report is not None:
        Path(writing.report).write_bytes(orjson.dumps(reported, option=orjson.OPT_INDENT_2))


def _complaint(reported: Mapping[str, Any], lost: list[dict[str, Any]]) -> str:
    reasons = "; ".join(
        f"{line['nexlaMetaData']['sourceKey']} row {line['nexlaMetaData']['sourceOffset']}: {line['error']['message']}"
        for line in lost[:_SHOWN]
    )
    return (
        f"{reported['endpoint']}: {sentence(reported['outcomes'])}, and undelivered rows are not stored: name a file in"
        f" the option quarantine. The first: {reasons}"
    )
