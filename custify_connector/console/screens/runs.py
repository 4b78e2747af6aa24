"""Runs: what was read and written on this machine, how it went and ended, and what to do next."""

from __future__ import annotations

import os
import shlex
import signal
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from starlette.responses import Response

from custify_connector.checking.values import moment_of
from custify_connector.console import charting, replaying, rerunning
from custify_connector.console.asking import Asked, Console
from custify_connector.console.catalog import Known
from custify_connector.console.screens import quarantine
from custify_connector.console.started import Started
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import next_steps, processes
from custify_connector.host.recorded_run import STATUSES, Run
from custify_connector.host.run_history import RunHistory
from custify_connector.host.run_listing import Listing
from custify_connector.host.vault import RESERVED

_ON_A_PAGE = 50
_LOOKED_AT = 50
_LAST = 286
"""The status with which a part says that it changes no more: its page stops asking."""
_CRASHED = "Traceback (most recent call last)"
_LARGEST = 2**63 - 1
"""The largest number that SQLite takes."""
_FILTERS = ("q", "status", "kind", "endpoint", "credential", "since", "until", "sort")
_WORDS = {"q": "text", "sort": "order"}
_ORDERS = (
    ("", "newest first"), ("oldest", "oldest first"), ("longest", "longest first"), ("records", "most records first"),
    ("errors", "most errors first"),
)  # fmt: skip
_UNFINISHED = frozenset({"interrupted", "failed", "died"})


def every(asked: Asked) -> Response:
    """Show a page of the history, as the address asks for it."""
    history = RunHistory()
    wanted = {word: asked.query[word].strip() for word in _FILTERS if asked.query.get(word, "").strip()}
    listing = Listing(**{_WORDS.get(word, word): text for word, text in wanted.items()})
    page = asked.number("page", 1)
    found, total = history.listed(listing, _ON_A_PAGE, (page - 1) * _ON_A_PAGE)
    return asked.page(
        "runs.html", runs=found, pages=max(1, -(-total // _ON_A_PAGE)), page=page, total=total, wanted=wanted,
        statuses=STATUSES, orders=_ORDERS, here="runs", words=_words(wanted), ending=asked.console.ending,
        can_end={run.id for run in found if _can_end(run)}, credentials=sorted(history.uses()),
    )  # fmt: skip


def _words(wanted: dict[str, str]) -> tuple[str, ...]:
    """Return the command that lists these, as far as it has the same filters."""
    options = {word: text for word, text in wanted.items() if word in {"status", "endpoint", "credential"}}
    return ("runs", *(word for name, value in options.items() for word in (f"--{name}", value)))


def one(asked: Asked) -> Response:
    """Show all that is known of one run."""
    return _one(asked, RunHistory().find(number_of(asked)))


def _one(asked: Asked, run: Run, status: int = 200, **more: str) -> Response:
    known = asked.console.catalog.of_run(run.connector)
    title = known.title if known else run.connector
    live = run.status == "running"
    return asked.page("run.html", status, here="runs", title=title, live=live, **more, **_run(asked.console, run))


def live(asked: Asked) -> Response:
    """Show the part of a run that changes."""
    run = RunHistory().find(number_of(asked))
    return asked.part("run_part.html", 200 if run.status == "running" else _LAST, **_run(asked.console, run))


def number_of(asked: Asked) -> int:
    """Return the number in the address, as SQLite takes it."""
    number: int = asked.request.path_params["number"]
    return min(number, _LARGEST)


def _run(console: Console, run: Run) -> dict[str, Any]:
    step, seconds = _step(console, run), _seconds(run)
    done = run.records - run.outcomes.get("not_tried", 0)
    samples = charting.tried(RunHistory().samples(run.id), done)
    picture = charting.chart(samples, _limit(console, run))
    return {
        "run": run, "step": step, "chart": picture, "resumes": _can_start(console, run, step),
        "progress": charting.progress(done, run.total, seconds), "seconds": seconds, "done": done,
        "output": output_of(console, run), "quarantine": _quarantine(console, run),
        "refused": _with_refused_key(console, run), "again": _again(console, run), **_ending(console, run),
    }  # fmt: skip


def _seconds(run: Run) -> float:
    """Return how long a run took; of one that is running, until now, also while nothing is recorded of it."""
    if run.status != "running" or not run.started:
        return run.seconds
    return max(run.seconds, (datetime.now(timezone.utc) - moment_of(run.started)).total_seconds())


def output_of(console: Console, run: Run) -> str | None:
    """Return the output of a run as the folder names it, where it is there to be looked at."""
    is_there = run.kind == "read" and console.folder.holds(run.output) and Path(str(run.output)).is_file()
    return console.folder.named(Path(str(run.output)).resolve()) if is_there else None


def _again(console: Console, run: Run) -> rerunning.Again | None:
    """Return how a write that is decided is run again."""
    known = console.catalog.of_run(run.connector)
    if known is None:
        return rerunning.again_of(run, console.folder.root, {}, f"{run.connector} is no longer installed.")
    is_there = run.credential in {RESERVED, *console.credentials.names(known)}
    missing = "" if is_there else f"The credential {run.credential} is gone: add it again."
    return rerunning.again_of(run, console.folder.root, known.chosen.endpoint("destinations", run.endpoint), missing)


def _step(console: Console, run: Run) -> next_steps.Step:
    """Return the step that continues a run; what a replay of a page did not send is in its quarantine."""
    name = replaying.quarantine_of(console.folder.root, run.input)
    if name is None or run.status not in _UNFINISHED:
        return next_steps.going_on(run)
    return next_steps.Step(None, f"replay {name} again: the records that were not sent are still there")


def _with_refused_key(console: Console, run: Run) -> Known | None:
    """Return the connector whose credential to test before a run continues; None where that is not the fault."""
    known = console.catalog.of_run(run.connector)
    if known is None or not next_steps.is_about_the_key(run) or run.status == "running":
        return None
    return known if run.credential in console.credentials.names(known) else None


def _ending(console: Console, run: Run) -> dict[str, bool]:
    """Say whether a run can be ended from here, and whether it was asked to."""
    return {"can_end": _can_end(run), "ending": run.pid in console.ending}


def _can_end(run: Run) -> bool:
    """Say whether the process of a run is certainly the one that was noted, on this machine."""
    here = run.machine == processes.machine() and run.pid_started is not None
    return run.status == "running" and here and processes.started(run.pid) == run.pid_started


def _limit(console: Console, run: Run) -> float | None:
    known = console.catalog.of_run(run.connector)
    if known is None or not known.description.get("rate_limit"):
        return None
    kind = "sources" if run.kind == "read" else "destinations"
    endpoint = known.chosen.endpoint(kind, run.endpoint) or run.settings
    return charting.limit_of(run.kind, endpoint, run.settings, known.description.get("rate_limit", {}))


def _quarantine(console: Console, run: Run) -> str | None:
    """Return the run's quarantine as the folder names it, where it is one of this folder's files."""
    name = replaying.quarantine_of(console.folder.root, run.input)
    if name is not None:
        return name if (console.folder.root / name).exists() else None
    if not run.errors or not console.folder.holds(run.quarantine):
        return None
    return console.folder.named(console.folder.root / str(run.quarantine))


def _can_start(console: Console, run: Run, step: next_steps.Step) -> bool:
    """Say whether the next step can be started here: it is a command of this folder that continues a run."""
    goes_on = run.kind == "read" or run.status in _UNFINISHED
    return step.command is not None and goes_on and run.folder == str(console.folder.root) and run.status != "running"


def resume(asked: Asked) -> Response:
    """Start what the run's page says comes next."""
    run = RunHistory().find(number_of(asked))
    step = _step(asked.console, run)
    if step.command is None or not _can_start(asked.console, run, step):
        raise ConfigurationError((Fault("run", "its next step is not for this folder: copy the command"),))
    given = _handed_in(asked.console, run)
    started = asked.console.commands.start(shlex.split(step.command)[1:], f"After run {run.id}", given=given)
    return asked.go(f"/started/{started.number}")


def again(asked: Asked) -> Response:
    """Start a write once more, from its first row; where it deletes, once that is confirmed."""
    run = RunHistory().find(number_of(asked))
    found = _again(asked.console, run)
    if found is None or found.reason:
        raise ConfigurationError((Fault("run", found.reason if found else "is continued by its next step"),))
    if asked.form.get("confirm", "").strip() != found.confirm:
        return _one(asked, run, 400, not_confirmed=f"Write {found.confirm}: this deletes for good.")
    given = _handed_in(asked.console, run)
    started = asked.console.commands.start(found.words, f"Run {run.id} again", given=given)
    return asked.go(f"/started/{started.number}")


def _handed_in(console: Console, run: Run) -> bytes | None:
    """Return what the command of a run of another connector gets on standard input: its credential."""
    known = console.catalog.of_run(run.connector)
    if not run.connector:
        return None
    if known is None:
        raise ConfigurationError((Fault("connector", f"{run.connector} is no longer installed"),))
    return console.credentials.handed_in(known, run.credential)


def started(asked: Asked) -> Response:
    """Show a command that was started here."""
    shown = _started(asked)
    return asked.page("started.html", here="runs", live=not shown["ended"], **shown)


def started_live(asked: Asked) -> Response:
    """Show the part of it that changes."""
    shown = _started(asked)
    return asked.part("started_part.html", _LAST if shown["ended"] else 200, **shown)


def _started(asked: Asked) -> dict[str, Any]:
    found = asked.console.commands.find(number_of(asked))
    ended = found.exit_code is not None
    if ended:
        quarantine.settle(asked.console)
    if found.run is None:
        found.run = _run_of(found)
    about = _run(asked.console, RunHistory().find(found.run)) if found.run is not None else {"run": None}
    ending = {"ending": found.pid in asked.console.ending, "can_end": False}
    ending["some_rejected"] = found.exit_code == 1 and _CRASHED not in found.said and _ended_with_rejects(about["run"])
    return {**about, **ending, "started": found, "ended": ended, "said": found.said}


def _ended_with_rejects(run: Run | None) -> bool:
    """Say whether a command that ended with 1 came to its last record; a dry run is not recorded."""
    return run is None or run.status == "rejects"


def _run_of(found: Started) -> int | None:
    """Return the number of the run that a command is; a dry run has none."""
    runs = RunHistory().page(_LOOKED_AT)
    here = (run for run in runs if run.pid == found.pid and run.machine == processes.machine())
    return next((run.id for run in here if run.run_id >= found.since), None)


def end(asked: Asked) -> Response:
    """Ask a command to come to an end; a second time, to end at once."""
    found = asked.console.commands.find(number_of(asked))
    if found.exit_code is None:
        asked.console.ending.add(found.pid)
    found.ask_to_end()
    return asked.go(f"/started/{found.number}")


def end_run(asked: Asked) -> Response:
    """Ask the command of a run to come to an end, whatever started it; a second time, to end at once."""
    run = RunHistory().find(number_of(asked))
    if not _can_end(run):
        raise ConfigurationError((Fault("run", "has ended, or runs on another machine"),))
    asked.console.ending.add(run.pid)
    with suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGINT)
    return asked.go(f"/runs/{run.id}")
