"""Mutants of group F: connectors that overload a service or give up."""

from __future__ import annotations

import http.client
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from custify_connector.certification.mutating import Broken, Plugin, Read, mutant, with_batches, with_read, with_written
from custify_connector.contract import Batch, ServiceUnavailable

T = TypeVar("T")

_Namesake = type("ServiceUnavailable", (Exception,), {})
"""Named as the contract names it, and another class: no host that catches the contract's sees it."""


@mutant("F1")
def the_limit_is_not_kept(healthy: Plugin) -> object:
    """The setting that limits the pace is not passed on."""

    def unlimited(argument: dict[str, Any]) -> dict[str, Any]:
        return {**argument, "settings": {**argument.get("settings", {}), "rate_limit": None}}

    reading = with_batches(healthy, source=unlimited)
    return with_written(reading, destination=unlimited)


@mutant("F2")
def every_page_is_rested_upon(healthy: Plugin) -> object:
    """A pause after each page keeps the limit by guess."""

    def rested(batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            yield batch
            time.sleep(0.15)

    return with_batches(healthy, rested)


@mutant("F3")
def a_pause_is_taken_for_a_death(healthy: Plugin) -> object:
    """What brings nothing for half a second is ended."""
    return _impatient(healthy, 0.5)


@mutant("F4")
def a_second_try_is_never_waited_for(healthy: Plugin) -> object:
    """What brings nothing for a fifth of a second is ended."""
    return _impatient(healthy, 0.2)


@mutant("F4")
def an_outage_is_an_error_like_any_other(healthy: Plugin) -> object:
    """The error does not say whether to try again later."""
    return _renamed(healthy, RuntimeError)


@mutant("F4")
def an_outage_is_an_error_of_the_same_name(healthy: Plugin) -> object:
    """A host that catches the contract's error does not catch it."""
    return _renamed(healthy, _Namesake)


@mutant("F5")
def a_refusal_is_asked_again(healthy: Plugin) -> object:
    """Whatever goes wrong is done once more."""

    def twice(read: Read, source: dict[str, Any], state: Any) -> Iterator[Batch]:  # noqa: ANN401 - also what is not a state
        try:
            for batch in read(source, state):
                state = batch.state
                yield batch
        except Exception:  # noqa: BLE001 - that is what is wrong here
            yield from read(source, state)

    return with_read(healthy, twice)


@mutant("F6")
def a_revoked_key_is_an_outage(healthy: Plugin) -> object:
    """The host is asked to try again later, and does so for ever."""
    return _renamed(healthy, ServiceUnavailable)


@mutant("F7")
def the_shared_budget_is_not_passed_on(healthy: Plugin) -> object:
    """Each process has the whole limit for itself."""

    def own(source: dict[str, Any]) -> dict[str, Any]:
        settings = source.get("settings", {})
        return {**source, "settings": {name: settings[name] for name in ("rate_limit",) if name in settings}}

    return with_batches(healthy, source=own)


@mutant("F8")
def a_read_goes_on_after_its_end(healthy: Plugin) -> object:
    """What was begun is finished in the background, wanted or not."""
    return with_batches(healthy, going_on)


def going_on(items: Iterator[T], pause_seconds: float = 0.2) -> Iterator[T]:
    """Yield items; when closed before the last, a thread takes the rest all the same."""
    try:
        for item in items:  # noqa: UP028 - it must not close what it takes from
            yield item
    except GeneratorExit:
        threading.Thread(target=_finish, args=(items, pause_seconds), name="unwanted", daemon=True).start()
        raise


def _finish(items: Iterator[object], pause_seconds: float) -> None:
    with suppress(Exception):  # its service has ended meanwhile
        for _ in items:
            time.sleep(pause_seconds)


@mutant("F11")
def a_reply_has_all_the_time_it_takes(healthy: Plugin) -> object:
    """The setting that limits how long an answer may take is not passed on."""

    def patient(source: dict[str, Any]) -> dict[str, Any]:
        return {**source, "settings": {**source.get("settings", {}), "timeout_seconds": 60}}

    return with_batches(healthy, source=patient)


@mutant("F10")
def a_redirect_is_followed_with_everything(healthy: Plugin) -> object:
    """Wherever an answer sends, the request goes again, with all its headers."""

    def following(batches: Iterator[Batch]) -> Iterator[Batch]:
        with _following():
            yield from batches

    return with_batches(healthy, following)


@contextmanager
def _following() -> Iterator[None]:
    """Let the standard library's connections follow redirects for so long: what a connector sends by is built on it."""
    put, answered = http.client.HTTPConnection.putheader, http.client.HTTPConnection.getresponse
    sent: list[tuple[str, str]] = []

    def putheader(self: Any, name: Any, *values: Any) -> None:  # noqa: ANN401 - as the library has it
        sent.append((_text(name), _text(values[0])))
        put(self, name, *values)

    def getresponse(self: Any) -> http.client.HTTPResponse:  # noqa: ANN401 - as above
        answer = answered(self)
        target = urlsplit(answer.headers.get("Location") or "")
        if target.netloc:
            headers = {name: value for name, value in sent if name.lower() not in {"host", "content-length"}}
            other = http.client.HTTPConnection(target.netloc, timeout=5)
            other.request("GET", target.path, headers=headers)
            answered(other).read()
            other.close()
        return answer

    http.client.HTTPConnection.putheader = putheader  # type: ignore[method-assign,assignment] # put back below
    http.client.HTTPConnection.getresponse = getresponse  # type: ignore[method-assign] # as above
    try:
        yield
    finally:
        http.client.HTTPConnection.putheader = put  # type: ignore[method-assign] # as it was
        http.client.HTTPConnection.getresponse = answered  # type: ignore[method-assign] # as above


def _text(value: object) -> str:
    # As the connection encodes it: a text that hides a key may show it there alone.
    encoded = value if isinstance(value, bytes) else value.encode("latin-1") if isinstance(value, str) else None
    return str(value) if encoded is None else encoded.decode("latin-1")


def _renamed(healthy: Plugin, kind: Callable[[str], Exception]) -> Broken:
    """Return a connector that raises whatever it raises as another kind."""

    def renamed(batches: Iterator[Batch]) -> Iterator[Batch]:
        try:
            yield from batches
        except Exception as error:
            raise kind(str(error)) from error

    return with_batches(healthy, renamed)


def _impatient(healthy: Plugin, seconds: float) -> Broken:
    """Return a connector that ends a read when a batch takes longer than so many seconds."""

    def hurried(batches: Iterator[Batch]) -> Iterator[Batch]:
        ready: queue.Queue[Batch | None] = queue.Queue()
        threading.Thread(target=_into, args=(batches, ready), daemon=True).start()
        while (batch := _next(ready, seconds)) is not None:
            yield batch

    return with_batches(healthy, hurried)


def _into(batches: Iterator[Batch], ready: queue.Queue[Batch | None]) -> None:
    with suppress(Exception):  # what it raises is lost: that is part of the harm
        for batch in batches:
            ready.put(batch)
    ready.put(None)


def _next(ready: queue.Queue[Batch | None], seconds: float) -> Batch | None:
    try:
        return ready.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("nothing came") from None
