"""What to type after a run: decided from what is known of it, and nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from custify_connector.host.recorded_run import Run
from custify_connector.host.vault import RESERVED

_KEY_REFUSED = 3
_WITHOUT_A_STATE = ("-", ".jsonl", ".ndjson", ".csv", ".tsv", ".gz", ".parquet")
"""Outputs that keep no state themselves, as a database does."""
_NAMING_A_CREDENTIAL = frozenset({"--credential", "--credential-file"})


@dataclass(frozen=True)
class Step:
    """A command, None when there is nothing to type, and what comes of it."""

    command: str | None
    why: str


def after(run: Run) -> Step:
    """Return the next step after a run."""
    if run.status != "running" and is_about_the_key(run):
        return _about_the_key(run)
    return going_on(run)


def going_on(run: Run) -> Step:
    """Return the step that continues a run, also where its key has to be accepted first."""
    if run.status == "running":
        return Step(None, "it is still running; look again later")
    return _after_a_read(run) if run.kind == "read" else _after_a_write(run)


def is_about_the_key(run: Run) -> bool:
    """Say whether a run ended because its key was refused."""
    return run.exit_code == _KEY_REFUSED


def _about_the_key(run: Run) -> Step:
    if run.connector:
        return Step(_again(run), f"retries, once {run.connector} accepts the credential")
    if run.credential == RESERVED:
        return Step("custify doctor", "says what is wrong with the key of CUSTIFY_API_KEY")
    return Step(shlex.join(["custify", "credential", "test", run.credential]), "says what is wrong with the key")


def _after_a_read(run: Run) -> Step:
    again = _again(run)
    if run.status == "finished":
        return Step(again, _read_again(run))
    if run.status == "incomplete":
        return Step(again, "starts over; add --allow-incomplete to keep what came")
    if run.state:
        return Step(again, "resumes where it stopped")
    return Step(again, "starts over; add --state NAME to make it resume where it stopped")


def _read_again(run: Run) -> str:
    if run.settings.get("mode") != "incremental":
        return "reads it all again"
    if run.state or (run.output and not run.output.endswith(_WITHOUT_A_STATE)):
        return "reads what changed since"
    return "reads it all again; add --state NAME to read only what changed"


def _after_a_write(run: Run) -> Step:
    if run.status in {"interrupted", "failed", "died"} and run.journal:
        return Step(resumed(run.command), "resumes; what is decided is not sent again")
    if run.errors and run.journal and run.errors == run.outcomes.get("not_tried"):
        more = "; with more rows than max_deletes, raise that first" if _deletes_at_most(run) else ""
        return Step(resumed(run.command), f"tries the rows that were not tried{more}")
    if run.errors and run.quarantine:
        return Step(replay(run.quarantine, _credential(run)), "sends the rejected records again, once they are fixed")
    if run.errors:
        again = _again(run, "--quarantine", "rejected.jsonl")
        return Step(again, "keeps the rejected records, each with its reason, for custify replay")
    return Step(None, "nothing: every record is decided")


def _deletes_at_most(run: Run) -> bool:
    return "max_deletes" in (run.settings.get("params") or {})


def replay(quarantine: str, credential: Sequence[str]) -> str:
    """Return the command that sends a quarantine file again; `credential` are the words that name one."""
    return shlex.join(["custify", "replay", quarantine, *credential])


def _credential(run: Run) -> tuple[str, ...]:
    """Return the words that name the credential of a run; a plan names one that is not among its words."""
    typed = tuple(_credential_words(run.command))
    is_named = run.kind == "load" and run.credential not in {"", RESERVED} and not run.connector
    return typed or (("--credential", run.credential) if is_named else ())


def resumed(command: Sequence[str]) -> str | None:
    """Return the command that resumes the write of a command; None where nothing was typed."""
    more = () if "--resume" in command else ("--resume",)
    return shlex.join(["custify", *command, *more]) if command else None


def with_file(command: Sequence[str], file: str, other: str) -> str | None:
    """Return the command with another file in the place of one, and its rejected rows beside that; None without it."""
    if file not in command:
        return None
    words, at = list(command), list(command).index(file)
    words[at] = other
    again = PurePath(other)
    named = str(again.with_name(f"{again.name.partition('.')[0]}-again{''.join(again.suffixes)}"))
    replaced = {other: named, f"--rejected-rows={other}": f"--rejected-rows={named}"}
    return shlex.join(
        ["custify", *(word if place == at else replaced.get(word, word) for place, word in enumerate(words))]
    )


def _credential_words(command: Sequence[str]) -> Iterator[str]:
    words = iter(command)
    for word in words:
        name, equals, _value = word.partition("=")
        if name in _NAMING_A_CREDENTIAL:
            yield from (word,) if equals else (word, next(words, ""))


def _again(run: Run, *more: str) -> str | None:
    return shlex.join(["custify", *run.command, *more]) if run.command else None
