"""What a read would replace: an output of its own, or something else, for which --overwrite is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from custify_connector.cli.reads import Job
from custify_connector.cli.wanted import Wanted
from custify_connector.contract.errors import ConfigurationError, Fault, refuse
from custify_connector.host import state_file
from custify_connector.host.outputs.ownership import looks_like
from custify_connector.host.run_history import RunHistory

_SLACK_SECONDS = 2.0
"""A file system may round the time at which a file was written."""


def check_replaced(wanted: Wanted, jobs: Iterable[Job]) -> None:
    """Raise ConfigurationError for every file that would be lost: of another program, or of earlier runs."""
    if not (wanted.overwrite or wanted.is_database):
        refuse(tuple(fault for job in jobs for fault in _lost(job, wanted)))


def _lost(job: Job, wanted: Wanted) -> Iterator[Fault]:
    file = job.target.place.file
    if file is None or not file.is_file() or file.stat().st_size == 0:
        return
    if wanted.state is not None and job.source.get("mode") == "incremental" and _holds_changes(wanted.state):
        reason = (
            "would hold only what changed, and lose what earlier runs read: name a folder, such as "
            f"{file.stem}/, which keeps a file for each run, or add --overwrite"
        )
        yield Fault(job.target.path, reason)
    elif not (_is_of_a_run(job.target.path, file) or _looks_like_all(job, file, wanted)):
        yield Fault(job.target.path, "exists and is not an output of this read: name another file, or add --overwrite")


def _looks_like_all(job: Job, file: Path, wanted: Wanted) -> bool:
    """Say whether a file looks like a read of every field; one of a few fields looks like any table."""
    return not (wanted.fields or wanted.writable) and looks_like(file, job.target.form, job.stream)


def _holds_changes(state: Path) -> bool:
    """Say whether the next run reads changes only, or continues such a run."""
    stored = state_file.load(state)
    return stored.merges if stored.output_size is not None else stored.state is not None


def _is_of_a_run(path: str, file: Path) -> bool:
    """Say whether a run on this machine wrote the file, and no other program has since."""
    try:
        ended = RunHistory().ended_into(str(Path(path).absolute()))
    except ConfigurationError:  # a history that cannot be read knows of no run
        return False
    written = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc)
    return ended is not None and (written - ended).total_seconds() <= _SLACK_SECONDS
