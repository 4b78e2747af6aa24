"""Single delivery: one record to a call, looked up first where the plan says so.

Decides which calls are made for a record, and which file may be uploaded. Used by several threads; it does not know in
which order.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from custify_connector.contract import Receipt
from custify_connector.exchange.client import Client
from custify_connector.exchange.replies import refusal
from custify_connector.exchange.retrying import GivenUp, Settled
from custify_connector.exchange.wire import Request
from custify_connector.exchange.workers import Stopped
from custify_connector.writing.delivery import Delivered, ended
from custify_connector.writing.plan import WritePlan
from custify_connector.writing.preparing import preparer
from custify_connector.writing.receipts import is_suspect, receipt_of, refused
from custify_connector.writing.requests import Prepared, found, lookup

MAXIMUM_UPLOAD_BYTES = 25_000_000
"""Custify documents no limit; a file is held in memory while it is sent."""

_NOT_FOUND = 404


class SingleDelivery:
    """Sends records one by one; the first 404 of a plan with a fallback path moves the whole run to that path."""

    size = 1

    def __init__(self, client: Client, plan: WritePlan) -> None:
        self.stop = threading.Event()
        self._client = client
        self._plan = plan
        self._prepare = preparer(plan)
        self._first_path = plan.path

    def alike(self, _record: Prepared) -> object:
        """Return what all records are equal in."""
        return None

    def prepare(self, index: int, record: object) -> Prepared | Receipt:
        """Return a record's request, or the receipt of its rejection."""
        prepared = self._prepare(index, record)
        if isinstance(prepared, Receipt):
            return prepared
        reason = upload_refusal(prepared.request, self._plan.directory)
        return refused(prepared, str(self._plan.upload), reason) if reason else prepared

    def deliver(self, records: tuple[Prepared, ...]) -> Delivered:
        """Send one record until its outcome is known, or must stay unclear."""
        (prepared,) = records
        try:
            prepared, failed = self._found(prepared)
            verdict = failed or self._sent(prepared)
        except Stopped:
            return ended(records)
        receipt = receipt_of(prepared, verdict, capture=self._plan.capture_responses)
        if isinstance(verdict, GivenUp):
            # What the end of the run cut is not a sign of a service that is down.
            cut = self._client.ending.asked.is_set()
            return Delivered((receipt,), answered=cut, suspect=is_suspect(verdict) and not cut)
        where = f"{self._plan.destination}: {prepared.request.method} {prepared.request.path}"
        return Delivered((receipt,), refusal(verdict.response, where))

    def _sent(self, prepared: Prepared) -> Settled | GivenUp:
        verdict = self._exchange(prepared.request, repeatable=prepared.repeatable)
        fallback = self._plan.fallback_path if prepared.request.path == self._first_path else None
        if fallback and isinstance(verdict, Settled) and verdict.response.status == _NOT_FOUND:
            self._plan = replace(self._plan, path=fallback)
            self._prepare = preparer(self._plan)
            return self._exchange(replace(prepared.request, path=fallback), repeatable=prepared.repeatable)
        return verdict

    def _found(self, prepared: Prepared) -> tuple[Prepared, Settled | GivenUp | None]:
        """Look the record up where the plan says so; a look-up without an answer is the record's outcome."""
        request = lookup(self._plan, prepared)
        if request is None:
            return prepared, None
        verdict = self._exchange(request, repeatable=True)
        if isinstance(verdict, GivenUp) and self._client.ending.asked.is_set():
            raise Stopped  # only a look-up was under way
        if isinstance(verdict, Settled) and (verdict.response.ok or verdict.response.status == _NOT_FOUND):
            return found(self._plan, prepared, verdict.response) or prepared, None
        return replace(prepared, repeatable=True), verdict

    def _exchange(self, request: Request, *, repeatable: bool) -> Settled | GivenUp:
        return self._client.exchange(request, repeatable=repeatable, stop=self.stop)


def upload_refusal(request: Request, directory: str | None) -> str | None:
    """Return why a request's file may not be sent; None when it may, or when there is none.

    It must lie under the directory that the destination names, and not be too large.
    """
    if request.upload is None:
        return None
    try:
        return _file_refusal(request.upload, directory)
    except (OSError, ValueError, RuntimeError) as error:  # too long a name, a NUL, a loop of links, no right to look
        said = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return f"is not a file that can be read ({said})"


def _file_refusal(upload: Path, directory: str | None) -> str | None:
    file = upload.resolve()
    if directory is None or not file.is_relative_to(Path(directory).resolve()):
        return f"is not under {directory}, the directory that the destination's params name"
    if not file.is_file():
        return "is not a file that can be read"
    size = file.stat().st_size
    if size > MAXIMUM_UPLOAD_BYTES:
        return f"has {size:,} bytes; at most {MAXIMUM_UPLOAD_BYTES:,} are allowed"
    return None
