"""The program that a sync starts when it fails or recovers, and what that gets; neither changes how the run ended.

In a file of its own: nothing else of the command starts a program of the user's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import click
import orjson

from custify_connector.cli import write_summary
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.host.syncs import Alert, Sync

_SECONDS = 60.0
_SECRETS = frozenset({"CUSTIFY_API_KEY"})


def decisive(sync: Sync, done: Sequence[Run], code: int, heard: Sequence[str]) -> Run:
    """Return the run that decided how a sync ended with a code.

    Where that came to no run it is shown as it would have been; `heard` is then why.
    """
    newest = sorted(done, key=lambda run: run.id, reverse=True)
    reason = "\n".join(heard) or ("refused before it began" if code else "finished")
    unrecorded = Run("sync", sync.name, "", status="failed" if code else "finished", reason=reason, exit_code=code)
    return next((run for run in newest if run.exit_code == code), next(filter(_failed, newest), unrecorded))


def content(sync: Sync, run: Run, done: Sequence[Run]) -> dict[str, Any]:
    """Return what a program gets: the decisive run, and under `failed` every run that did not end well."""
    failed = [each for each in done if _failed(each)]
    ended = failed if run in done or not run.exit_code else [*failed, run]
    return {**_shown(run), "sync": sync.name, "failed": [_shown(each) for each in ended]}


def _failed(run: Run) -> bool:
    return run.exit_code != 0


def _shown(run: Run) -> dict[str, Any]:
    """Return a run with the most frequent reasons of its rows; without them where the history cannot be read."""
    counted: list[tuple[str, str, int]] = []
    with suppress(ConfigurationError):
        counted = RunHistory().reasons(run.id)
    return {**run.shown(), "reasons": write_summary.most_frequent(counted)}


def start(sync: Sync, alert: Alert, run: Mapping[str, Any], seconds: float = _SECONDS) -> bool:
    """Start the program in the folder of the sync, with the run as JSON on its standard input, and without the key.

    Return whether it ended well: what it did not report is to be reported by the next run.
    """
    words = sync.document[alert]
    try:
        done = subprocess.run(  # noqa: S603 - the words of the plan, and no shell
            words,
            input=orjson.dumps(run) + b"\n",  # a program may add it to a file of such lines
            cwd=sync.path.resolve().parent,
            env={name: value for name, value in os.environ.items() if name not in _SECRETS},
            stdout=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        _say(sync, alert, f"was ended: it ran for more than {seconds:.0f} s")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is not a command"
        _say(sync, alert, f"could not be started: {words[0]}: {reason}")
    else:
        if done.returncode == 0:
            return True
        _say(sync, alert, f"ended with exit code {done.returncode}")
    return False


def _say(sync: Sync, alert: Alert, reason: str) -> None:
    click.echo(f"custify: {sync.path}, {alert}: the command {reason}", err=True)
