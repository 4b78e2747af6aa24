"""Certification: run the command that proves a connector keeps its contract, follow it, and read its report here.

The report is what the command wrote: as JSON, shown by the template of its own page. It decides nothing of a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import Response

from custify_connector.certification.catalogue import all_checks
from custify_connector.certification.reporters import as_json, html, terminal
from custify_connector.certification.reports import Report
from custify_connector.certification.running import Selection
from custify_connector.console.asking import Asked
from custify_connector.console.catalog import Known
from custify_connector.console.started import Started
from custify_connector.contract.errors import ConfigurationError, Fault

_LARGEST = 50_000_000
_EXIT_CODES = frozenset({0, 1})
"""Of a certification that came to its end: the rung was reached, or it was not."""


def _files(name: str) -> tuple[str, str]:
    return f"{name}-certification.json", f"{name}-certification.html"


def _words(name: str) -> tuple[str, ...]:
    as_data, as_page = _files(name)
    return ("certify", name, "--json", as_data, "--report", as_page)


@dataclass(frozen=True)
class Kept:
    """The last report of a connector in this folder: None where there is none; `fault` where it cannot be read."""

    report: Report | None = None
    fault: str = ""


def _kept(asked: Asked, known: Known) -> Kept:
    name = _files(known.name)[0]
    try:
        path = asked.console.folder.inside(name, name)
        return Kept(as_json.report_of(_content(path))) if path.is_file() else Kept()
    except (OSError, ValueError, ConfigurationError) as error:
        return Kept(fault=f"{name} cannot be shown: {getattr(error, 'strerror', None) or error}")


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        content = stream.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError("it is too large to be a report")
    return content


def every(asked: Asked) -> Response:
    """Show every connector with the rung that it reached last."""
    tiles = [
        (known, _kept(asked, known), _running(asked, known)) for known in asked.console.catalog.connectors.values()
    ]
    return asked.page("certification.html", tiles=tiles, html=html, here="certification")


def one(asked: Asked) -> Response:
    """Show a connector's report, or how far a run has come that makes a new one."""
    known = asked.known
    return asked.page(
        "certified.html", known=known, kept=_kept(asked, known), words=_words(known.name), html=html,
        file=_files(known.name)[1], here="certification", live=_running(asked, known) is not None,
        **_progress(asked, known),
    )  # fmt: skip


def live(asked: Asked) -> Response:
    """Show the part that changes while it runs; once it has ended, the whole page is loaded, with its report."""
    known = asked.known
    answer = asked.part("certifying.html", known=known, **_progress(asked, known))
    if _running(asked, known) is None:
        answer.headers["HX-Refresh"] = "true"
    return answer


def _started(asked: Asked, known: Known) -> Started | None:
    number = asked.console.certifying.get(known.name)
    try:
        return None if number is None else asked.console.commands.find(number)
    except ConfigurationError:
        return None


def _running(asked: Asked, known: Known) -> Started | None:
    started = _started(asked, known)
    return started if started and started.exit_code is None else None


def _progress(asked: Asked, known: Known) -> dict[str, Any]:
    """Return how far a run has come: the checks that are done, how many there are, and which one is at work."""
    started = _started(asked, known)
    chosen = [check for check in all_checks() if Selection().has(check)]
    done = terminal.parsed(started.said) if started else []
    titles = {check.id: check.title for check in chosen}
    following = next((check.id for check in chosen if check.id not in {each[0] for each in done}), "")
    ended = started is not None and started.exit_code is not None
    failed = ended and started is not None and started.exit_code not in _EXIT_CODES
    return {
        "runs": started is not None and not ended, "done": done, "total": len(chosen),
        "now": f"{following} {titles.get(following, '')}".strip(), "broken": started.said if failed and started else "",
        "stopped": failed and started is not None and started.exit_code in {130, 143, -2},
    }  # fmt: skip


def run(asked: Asked) -> Response:
    """Start the certification of a connector, unless it runs already."""
    known = asked.known
    for name in _files(known.name):
        asked.console.folder.inside(name, name)
    if _running(asked, known) is None:
        command = asked.console.commands.start(_words(known.name), f"Certify {known.title}", all_of_it=True)
        asked.console.certifying[known.name] = command.number
    return asked.go(f"/certification/{known.name}")


def end(asked: Asked) -> Response:
    """Ask a certification to come to an end."""
    running = _running(asked, asked.known)
    if running is None:
        raise ConfigurationError((Fault("certification", "has ended"),))
    running.ask_to_end()
    return asked.go(f"/certification/{asked.known.name}")
