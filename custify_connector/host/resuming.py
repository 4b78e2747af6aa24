"""Which journal a run keeps, and what is said of it before anything is sent.

Decides what `--resume` continues: the run of the same input, else the one run that had the same destination, account
and mapping and whose input is gone: it was renamed or moved. It knows journals; it does not know rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custify_connector.checking.values import dumped
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import journal
from custify_connector.host.account import Account
from custify_connector.host.journal import Known
from custify_connector.host.outputs.postgres_engine import is_postgres

ENDING = ".journal"
_NAMED = 3


@dataclass(frozen=True)
class Wanted:
    """A run that is about to begin.

    `destination` names it among all connectors; `mapping` is whatever makes records of its rows; `input` the absolute
    path of its file, with the table or query. `in_plan` is set for one of several writes, which may share an input.
    """

    destination: str
    mapping: Mapping[str, Any]
    input: str
    account: Account
    same_account: bool = False
    in_plan: bool = False


@dataclass(frozen=True)
class Choice:
    """The journal to keep, and the sentence to say first, if any."""

    path: Path
    sentence: str | None = None


def short(text: str) -> str:
    """Return what stands for a text in the name of a file."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def fresh(folder: Path, wanted: Wanted) -> Choice:
    """Return the journal of a run that starts from its first row; an earlier run of its input is not continued."""
    own = _own(folder, wanted)
    for path, known in _alike(folder, wanted):
        if path != own and wanted.input in known.inputs and _is_same(known, wanted):
            journal.leave(path, wanted.input)
    unfinished = [
        path
        for path, known in _of_input(folder, wanted)
        if not known.finished and (known.account is None or _is_same(known, wanted))
    ]
    return Choice(own, started_over(unfinished[0]) if unfinished else None)


def started_over(path: Path) -> str:
    """Return what is said where an interrupted run is not continued."""
    return f"{path}: an earlier run did not finish; starting with the first row (add --resume to continue it)"


def resumed(folder: Path, wanted: Wanted) -> Choice:
    """Return the journal of the run to continue; raises ConfigurationError where it cannot be known which."""
    alike = [(path, known) for path, known in _alike(folder, wanted) if _is_same(known, wanted)]
    found = [each for each in alike if _is_of(each[1], wanted)] or _renamed(alike)
    if found:
        path, known = found[0]
        return Choice(path, going_on(known, wanted.input))
    _refuse_foreign(folder, wanted)
    _refuse_other_mapping(folder, wanted)
    return Choice(_own(folder, wanted), "no earlier run of this input was found: starting with the first row")


def going_on(known: Known, input_name: str) -> str:
    """Return what is said of a run that is continued."""
    name = Path(known.inputs[-1] if known.inputs else input_name).name
    since = f", which began {known.began}" if known.began else ""
    end = "had finished: only rows that are new or changed since are sent" if known.finished else "goes on"
    return f"the run of {name}{since}, {end}; rows that it decided are not sent again"


def _renamed(alike: list[tuple[Path, Known]]) -> list[tuple[Path, Known]]:
    """Return the run whose input is not where it was, so that it may have another name by now."""
    gone = [(path, known) for path, known in alike if not all(map(_is_there, known.inputs))]
    if len(gone) > 1:
        paths = ", ".join(str(path) for path, _ in gone[:_NAMED])
        reason = f"the inputs of several earlier runs are gone: name the run with --journal ({paths})"
        raise ConfigurationError((Fault("--resume", f"{reason}, or leave out --resume"),))
    return gone


def _is_there(input_name: str) -> bool:
    """Return whether an input is there; that of a database is followed by its table or query.

    A database elsewhere is never gone: it cannot have been renamed to another input.
    """
    return (
        is_postgres(input_name)
        or Path(input_name).exists()
        or Path(input_name.rpartition(": ")[0] or input_name).exists()
    )


def _is_of(known: Known, wanted: Wanted) -> bool:
    """Return whether a run had this input; what 0.1.0 kept is found by the name of its file."""
    return wanted.input in known.inputs or known.began is None


def _is_same(known: Known, wanted: Wanted) -> bool:
    if known.account is None:
        return wanted.same_account
    is_at_one_place = known.account.place == wanted.account.place
    return known.account.is_same(wanted.account) or (wanted.same_account and is_at_one_place)


def _refuse_foreign(folder: Path, wanted: Wanted) -> None:
    """Raise ConfigurationError where the run to continue is that of another key, or of one that is not known."""
    for path, known in _alike(folder, wanted):
        is_near = known.account is None or known.account.place == wanted.account.place
        if is_near and (_is_of(known, wanted) or not known.finished):
            raise ConfigurationError((Fault(str(path), journal.foreign(known.account, wanted.account)),))


def _refuse_other_mapping(folder: Path, wanted: Wanted) -> None:
    """Raise ConfigurationError where the input's interrupted run made other records of its rows."""
    for path, known in [] if wanted.in_plan else _of_input(folder, wanted):
        if not known.finished and wanted.input in known.inputs and _is_same(known, wanted):
            reason = (
                "is of an interrupted run of this input with another --map, --empty or --param: run the same command"
            )
            raise ConfigurationError((Fault(str(path), f"{reason}, or leave out --resume to send all rows"),))


def _alike(folder: Path, wanted: Wanted) -> Iterator[tuple[Path, Known]]:
    """Yield the journals of this destination and mapping, and the one that 0.1.0 kept for this input."""
    yield from _known(path for path in _files(folder) if path.name.startswith(_start(wanted)))
    old = folder / f"{wanted.destination}-{short(wanted.input)}{ENDING}"
    yield from _known(iter([old] if old.exists() else []))


def _of_input(folder: Path, wanted: Wanted) -> Iterator[tuple[Path, Known]]:
    """Yield the journals of this destination and input, whatever their mapping and account."""
    start = f"{wanted.destination}-"
    of_destination = _known(path for path in _files(folder) if path.name.startswith(start))
    old = f"{start}{short(wanted.input)}{ENDING}"
    yield from (each for each in of_destination if wanted.input in each[1].inputs or each[0].name == old)


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else [])


def _known(paths: Iterator[Path]) -> Iterator[tuple[Path, Known]]:
    return ((path, found) for path in paths if (found := journal.known(path)) is not None)


def _start(wanted: Wanted) -> str:
    return f"{wanted.destination}-{short(dumped(wanted.mapping).decode())}-"


def _own(folder: Path, wanted: Wanted) -> Path:
    account = f"{wanted.account.place} {wanted.account.stored or wanted.account.key}"
    return folder / f"{_start(wanted)}{short(account)}-{short(wanted.input)}{ENDING}"
