"""The console as an application: every address with its screen, behind the gate.

Decides in which order a request is judged: its place, who asks, the form's token; only then a screen sees it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from custify_connector.certification.reporters import html
from custify_connector.console import guarding
from custify_connector.console.asking import HERE, Asked, Console, Screen
from custify_connector.console.guarding import Head
from custify_connector.console.screens import (
    authenticate,
    certification,
    destination,
    manual,
    quarantine,
    quarantine_changes,
    run_rows,
    runs,
    several,
    source,
    syncs,
)
from custify_connector.contract.errors import ConfigurationError, ConnectorError

_log = logging.getLogger(__name__)

_ONWARD = """<!doctype html><title>Custify console</title><meta http-equiv="refresh" content="0; url={}/">"""
"""Leads on from a page of ours: a browser that came from a file takes no strict cookie along a redirect."""
_LEADING_ON = ("location", "hx-redirect")
_LARGEST_FORM = 8_000_000
_MOST_FIELDS = 5_000

_LOOKS: tuple[tuple[str, Screen], ...] = (
    ("/runs", runs.every),
    ("/syncs", syncs.every),
    ("/runs/{number:int}", runs.one),
    ("/runs/find", run_rows.find),
    ("/runs/rows/{number:int}", run_rows.row),
    ("/runs/{number:int}/rows", run_rows.rows),
    ("/runs/{number:int}/output", run_rows.output),
    ("/runs/{number:int}/live", runs.live),
    ("/started/{number:int}", runs.started),
    ("/started/{number:int}/live", runs.started_live),
    ("/quarantine", quarantine.every),
    ("/quarantine/file", quarantine.file),
    ("/quarantine/record", quarantine.record),
    ("/certification", certification.every),
    ("/certification/{connector}", certification.one),
    ("/certification/{connector}/live", certification.live),
    ("/{connector}/credentials", authenticate.every),
    ("/{connector}/credentials/add", authenticate.form),
    ("/{connector}/by-hand", manual.form),
    ("/{connector}/source", source.choose),
    ("/{connector}/source/{endpoint}", source.form),
    ("/{connector}/destination", destination.choose),
    ("/{connector}/destination/{endpoint}", destination.form),
)
_CALLS: tuple[tuple[str, Screen], ...] = (
    ("/runs/{number:int}/resume", runs.resume),
    ("/runs/{number:int}/again", runs.again),
    ("/runs/{number:int}/end", runs.end_run),
    ("/started/{number:int}/end", runs.end),
    ("/syncs/run", syncs.run),
    ("/quarantine/fix", quarantine.fix),
    ("/quarantine/replay", quarantine.replay),
    ("/quarantine/edit", quarantine_changes.edit),
    ("/quarantine/export", quarantine_changes.export),
    ("/quarantine/import", quarantine_changes.take),
    ("/certification/{connector}/run", certification.run),
    ("/certification/{connector}/end", certification.end),
    ("/{connector}/credentials/add", authenticate.add),
    ("/{connector}/credentials/test", authenticate.test),
    ("/{connector}/credentials/rotate", authenticate.rotate),
    ("/{connector}/credentials/remove", authenticate.remove),
    ("/{connector}/by-hand", manual.form),
    ("/{connector}/by-hand/test", manual.test),
    ("/{connector}/by-hand/run", manual.run),
    ("/{connector}/source", several.run),
    ("/{connector}/source/{endpoint}", source.form),
    ("/{connector}/source/{endpoint}/test", source.test),
    ("/{connector}/source/{endpoint}/run", source.run),
    ("/{connector}/source/{endpoint}/save", source.save),
    ("/{connector}/destination/{endpoint}", destination.form),
    ("/{connector}/destination/{endpoint}/preview", destination.preview),
    ("/{connector}/destination/{endpoint}/compare", destination.compare),
    ("/{connector}/destination/{endpoint}/compare-all", destination.compare_all),
    ("/{connector}/destination/{endpoint}/dry-run", destination.dry_run),
    ("/{connector}/destination/{endpoint}/write", destination.write),
    ("/{connector}/destination/{endpoint}/save", destination.save),
)


def application(console: Console) -> ASGIApp:
    """Return the application, to be served on loopback."""
    looked_at = {path for path, _ in _LOOKS}
    routes: Sequence[Any] = (
        Route("/static/report.css", _report_style),
        Mount("/static", StaticFiles(directory=HERE / "static")),
        Route("/", _looking(console, _home)),
        *(Route(path, _looking(console, screen), methods=["GET"]) for path, screen in _LOOKS),
        *(Route(path, _calling(console, screen), methods=["POST"]) for path, screen in _CALLS),
        *(Route(path, _looking(console, _back), methods=["GET"]) for path, _ in _CALLS if path not in looked_at),
        Route("/{rest:path}", _looking(console, _nowhere), methods=["GET", "POST"]),
    )
    return _Guard(Starlette(routes=routes), console)


def _home(asked: Asked) -> Response:
    first = next(iter(asked.console.catalog.connectors))
    return RedirectResponse(f"/{first}/credentials", 303)


def _back(asked: Asked) -> Response:
    """Lead from the address of a call, as a reload of its answer asks for it, to the page that its form is on."""
    onward = f"{asked.request.url.path.rpartition('/')[0]}?again"
    reason = "This address takes what a form sends. Its page opens at once."
    return asked.page("problem.html", 405, title="To the form", reason=reason, onward=onward)


def _report_style(_request: Request) -> Response:
    return FileResponse(html.TEMPLATES / "report.css")


def _nowhere(asked: Asked) -> Response:
    return asked.page("problem.html", 404, title="There is no such page", reason="There is nothing at this address.")


def _looking(console: Console, screen: Screen) -> Any:  # noqa: ANN401 - what Starlette takes
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(_shown, screen, Asked(console, request))

    return answer


def _calling(console: Console, screen: Screen) -> Any:  # noqa: ANN401 - as above
    async def answer(request: Request) -> Response:
        form = await _form(request)
        asked = Asked(console, request, form or {})
        if form is None:
            reason = "The form is larger than this console takes; use the command for it."
            return asked.page("problem.html", 413, title="Too much at once", reason=reason)
        if not console.gate.accepts_form(form.get("form_token", "")):
            reason = "The form is not of this session. Load the page again, and send it from there."
            return asked.page("problem.html", 403, title="Not sent", reason=reason)
        return await run_in_threadpool(_shown, screen, asked)

    return answer


def _shown(screen: Screen, asked: Asked) -> Response:
    try:
        return screen(asked)
    except ConfigurationError as error:
        return asked.page("problem.html", 400, title="This is not possible", reason=str(error))
    except ConnectorError as error:
        return asked.page("problem.html", 502, title="The service did not do that", reason=str(error))
    except Exception as error:  # noqa: BLE001 - a connector may raise anything, and its text may hold anything
        _log.error("%s %s: %s", asked.request.method, asked.request.url.path, type(error).__name__)
        reason = f"A fault of this program or of the connector: {type(error).__name__}."
        return asked.page("problem.html", 500, title="Something went wrong", reason=reason)


async def _form(request: Request) -> dict[str, str] | None:
    """Return what a form sent, None when it is too large; a field that comes twice keeps its last value."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            return None
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:  # too many fields, or no text: no browser sends that
        return None


class _Guard:
    """Stands before everything: refuses, opens, and gives each answer its headers."""

    def __init__(self, app: ASGIApp, console: Console) -> None:
        self._app = app
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        inner = self._console.gate.inner(scope["path"])
        scope = scope if inner is None else {**scope, "path": inner, "raw_path": inner.encode()}
        request = Request(scope, receive)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in guarding.HEADERS.items():
                    headers[name] = value
                for name in _LEADING_ON:
                    if name in headers:
                        headers[name] = self._console.gate.placed(headers[name])
                if scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-cache"
            await send(message)

        answer = self._judged(request, is_inside=inner is not None)
        await (self._app if answer is None else answer)(scope, receive, sent)

    def _judged(self, request: Request, *, is_inside: bool) -> Response | None:
        """Return the answer of the gate; None where the request may pass."""
        gate, head = self._console.gate, _head(request, self._console.gate.cookie_name)
        refusal = guarding.refusal_of_place(head, gate)
        if refusal is None and request.url.path == "/" and gate.opens(head):
            onward = HTMLResponse(_ONWARD.format(gate.prefix))
            opened = onward if head.site == "cross-site" else RedirectResponse("/", 303)
            opened.set_cookie(gate.cookie_name, gate.session, httponly=True, samesite="strict", path=gate.prefix)
            return opened
        if refusal is None and not request.url.path.startswith("/static/"):
            refusal = guarding.refusal_of_stranger(head if is_inside else replace(head, cookie=""), gate)
        if refusal is None:
            return None
        # A stranger's page must not show the prefix.
        page = self._console.templates.get_template("refused.html").render(reason=refusal.reason)
        return HTMLResponse(page, refusal.status)


def _head(request: Request, cookie_name: str) -> Head:
    headers: Headers = request.headers
    return Head(
        method=request.method,
        host=headers.get("host", ""),
        origin=headers.get("origin", ""),
        site=headers.get("sec-fetch-site", ""),
        mode=headers.get("sec-fetch-mode", ""),
        cookie=request.cookies.get(cookie_name, ""),
        token=request.query_params.get("token", ""),
    )
