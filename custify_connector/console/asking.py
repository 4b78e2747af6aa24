"""What a screen is given, and what it answers with: the request, the console, pages, and the way to another page.

Decides how a page is rendered and how a form comes in. It does not know what any screen shows.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from custify_connector.certification.reporters import html
from custify_connector.console import commands
from custify_connector.console.catalog import Catalog, Known
from custify_connector.console.credentials import Credentials
from custify_connector.console.folder import Folder
from custify_connector.console.guarding import Gate
from custify_connector.console.started import Commands, Origin
from custify_connector.contract.errors import Fault
from custify_connector.host import words
from custify_connector.host.quarantine_index import Indexes

HERE = Path(__file__).parent
_CELL = 120
_MOST_NOTICES = 100


def pretty(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return a value as JSON for people."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def cell(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return a value as one cell of a table, cut where it is long."""
    text = "" if value is None else value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def sentence(text: str) -> str:
    """Return a text with a capital at its start, unless it begins with a name: of a file, an endpoint, a field."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return text[:1].upper() + text[1:] if first.rstrip(",;").isalpha() else text


def without(reason: str, field: object) -> str:
    """Return a reason without the field that it begins with, where that has a column of its own."""
    return reason.removeprefix(f"{field}: ")


def size(number: int) -> str:
    """Return bytes as people read them."""
    for unit, digits in (("B", 0), ("kB", 1), ("MB", 1)):
        if number < 1000:  # noqa: PLR2004 - the step of the units
            return f"{number:,.{digits}f} {unit}"
        number /= 1000  # type: ignore[assignment] # a figure to show
    return f"{number:,.1f} GB"


def _environment() -> jinja2.Environment:
    found = html.environment(HERE / "templates")
    found.filters.update(
        ago=words.ago, clock=words.clock, counted=words.counted, span=words.span, pretty=pretty, cell=cell, size=size,
        sentence=sentence, without=without, shown=commands.shown, quoted=lambda text: quote(str(text), safe=""),
    )  # fmt: skip
    return found


@dataclass
class Notice:
    """A sentence at the top of the next page: `good` or `bad`."""

    kind: str
    text: str


@dataclass
class Console:
    """All that the screens share; `certifying` has, by its connector, the number of a command that certifies.

    `ending` has the processes that were asked to end, `held` the keys of forms that are to be tried again, `notices`
    what the next page of a tab says, by the name that its address has.
    """

    folder: Folder
    catalog: Catalog
    gate: Gate
    commands: Commands
    credentials: Credentials = field(default_factory=Credentials)
    indexes: Indexes = field(default_factory=Indexes)
    templates: jinja2.Environment = field(default_factory=_environment)
    notices: dict[str, Notice] = field(default_factory=dict)
    certifying: dict[str, int] = field(default_factory=dict)
    held: dict[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    ending: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Asked:
    """One request: its parts, and the answers a screen can give."""

    console: Console
    request: Request
    form: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def known(self) -> Known:
        """The connector that the page is about."""
        return self.console.catalog.find(self.request.path_params["connector"])

    @property
    def query(self) -> Mapping[str, str]:
        """What stands after the question mark."""
        return self.request.query_params

    def number(self, name: str, least: int = 0) -> int:
        """Return a number of the query; the least one where it is none."""
        text = self.query.get(name, "")
        return max(least, int(text)) if text.isdecimal() and len(text) < 12 else least  # noqa: PLR2004 - what SQLite holds

    def page(self, template: str, status: int = 200, /, **values: Any) -> Response:  # noqa: ANN401 - for a template
        """Return a page."""
        console = self.console
        notice = console.notices.pop(self.query.get("notice", ""), None)
        shared = {
            "connectors": list(console.catalog.connectors.values()), "folder": str(console.folder.root),
            "form_token": console.gate.form_token, "notice": notice, "path": self.request.url.path,
        }  # fmt: skip
        return self._rendered(template, status, {**shared, **values})

    def part(self, template: str, status: int = 200, /, **values: Any) -> Response:  # noqa: ANN401 - for a template
        """Return a part of a page, or a page for a stranger; notices wait for a whole one of their tab."""
        return self._rendered(template, status, {"form_token": self.console.gate.form_token, **values})

    def _rendered(self, template: str, status: int, values: Mapping[str, Any]) -> Response:
        text = self.console.gate.page(self.console.templates.get_template(template).render(values))
        # A half character, as a damaged file may hold one, must not keep the rest from being seen.
        return HTMLResponse(text.encode("utf-8", "replace"), status)

    def origin(self, address: str, *, tried: bool = False) -> Origin:
        """Return the form that was sent, to come back to it."""
        typed = {name: text for name, text in self.form.items() if name != "form_token"}
        return Origin(address, typed, tried)

    def go(self, path: str, notice: Notice | None = None) -> Response:
        """Return the way to another page, with a sentence for its top."""
        if notice:
            path = f"{path}{'&' if '?' in path else '?'}notice={self._kept(notice)}"
        if "hx-request" in self.request.headers:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, 303)

    def _kept(self, notice: Notice) -> str:
        """Keep a notice for the page of this tab; the oldest that no page asked for is forgotten."""
        name, notices = secrets.token_urlsafe(8), self.console.notices
        notices[name] = notice
        for old in list(notices)[:-_MOST_NOTICES]:
            del notices[old]
        return name


def texts(faults: Sequence[Fault]) -> str:
    """Return faults as one text."""
    return "; ".join(dict.fromkeys(str(fault) for fault in faults))


Screen = Callable[[Asked], Response]
