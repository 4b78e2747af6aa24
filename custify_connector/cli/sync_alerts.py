"""The program that a sync starts when it fails or recovers; what becomes of it never changes how the run ended.

In a file of its own: nothing else of the command starts a program of the user's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import Any

import click
import orjson

from custify_connector.host.syncs import Alert, Sync

_SECONDS = 60.0
_SECRETS = frozenset({"CUSTIFY_API_KEY"})


def start(sync: Sync, alert: Alert, run: Mapping[str, Any], seconds: float = _SECONDS) -> bool:
    """Start the program in the folder of the sync, with the run as JSON on its standard input, and without the key.

    Return whether it ended well: what it did not report is to be reported by the next run.
    """
    words = sync.document[alert]
    try:
        done = subprocess.run(  # noqa: S603 - the words of the plan, and no shell
            words,
            input=orjson.dumps(run),
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
