"""Group F, faults: what is tried again, what is not, and what is said in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.checks.damaged_replies import damaged
from custify_connector.certification.findings import Finding, equal, holds, shown
from custify_connector.contract import CredentialRefused, ServiceUnavailable
from custify_connector.contract.testbed import FaultKind, InjectedFault, RateLimit

_TOO_MANY = 429
_PASSING: tuple[InjectedFault, ...] = (
    *(InjectedFault("status", status=status, after=1) for status in (500, 502, 503, 504)),
    InjectedFault("reset", after=1),
    InjectedFault("timeout", after=1, seconds=2.0),
)
_LASTING: tuple[FaultKind, ...] = ("status", "reset")
_REFUSED = (400, 401, 403, 404, 422)
_MISSING = 404
"""Not judged in a read: there it is how some services end a list, and another page may be asked for to be sure."""


@check("F3", "hardened")
def a_refusal_for_the_limit_is_waited_out(bench: Bench) -> Iterator[Finding]:
    """After 429 nothing is sent before the time that it names, in seconds or as a date; without one, a while later."""
    for name, least in (("seconds", 0.95), ("a date", 1.0), ("none", 0.1)):
        trial = bench.open(rate_limit=RateLimit(100, 1.0), page_cap=5)
        stream = trial.streams[0]
        # The date is made where it is needed: the waits before it would use it up.
        words = {"seconds": "1", "a date": formatdate(time.time() + 3, usegmt=True)}
        trial.service.inject(InjectedFault("status", status=_TOO_MANY, retry_after=words.get(name), after=1))
        reading = trial.read(stream, settings=trial.service.settings(in_flight=1))
        yield equal(f"{name}, records", len(trial.service.truth(stream)), len(reading.records))
        times = [one.at for one in trial.service.journal()]
        refused = [one.at for one in trial.service.journal() if one.status == _TOO_MANY]
        pause = min((at - refused[0] for at in times if refused and at > refused[0]), default=0.0)
        yield holds(f"{name}, the pause", f"at least {least:g} s", f"{pause:.2f} s", pause >= least, measured=True)


@check("F4", "hardened", seconds=60)
def a_passing_fault_is_tried_again(bench: Bench) -> Iterator[Finding]:
    """A fault that passes is not noticed; one that stays is given up after some tries, and called the service's."""
    trials = [bench.open(page_cap=5) for _ in _PASSING]
    for fault, trial in zip(_PASSING, trials, strict=True):
        trial.service.inject(fault)
    patience = trials[0].service.settings(timeout_seconds=1.0)
    with ThreadPoolExecutor(len(trials)) as pool:
        readings = list(pool.map(lambda trial: trial.read(trial.streams[0], settings=patience), trials))
    for fault, trial, reading in zip(_PASSING, trials, readings, strict=True):
        name = f"{fault.kind} {fault.status}" if fault.kind == "status" else fault.kind
        yield equal(f"{name} once, error", None, reading.error)
        yield equal(f"{name} once, records", len(trial.service.truth(trial.streams[0])), len(reading.records))
    for kind, trial, reading in damaged(bench, _LASTING, after=1, status=503):
        yield holds(f"{kind} for ever, error", "ServiceUnavailable", shown(reading.error or "none"),
                    isinstance(reading.error, ServiceUnavailable))  # fmt: skip
        tries = trial.requests - 1
        yield holds(f"{kind} for ever, tries", "more than one, and an end", tries, tries > 1, measured=True)


@check("F5", "hardened")
def a_refused_request_is_not_sent_again(bench: Bench) -> Iterator[Finding]:
    """What is wrong with a request or a key is wrong the next time, too."""
    for status in _REFUSED:
        trial = bench.open(page_cap=5)
        alone = trial.service.settings(in_flight=1)
        after = 0 if status == _MISSING else 1  # where nothing is read, the first request is that of the write
        trial.service.inject(InjectedFault("status", status=status, after=after, times=None))
        if status != _MISSING:
            trial.read(trial.streams[0], settings=alone)
            refused = sum(one.status == status for one in trial.service.journal())
            yield equal(f"{trial.streams[0]}, {status}", 1, refused)
        for case in trial.cases("upsert", "create")[:1]:
            before = trial.requests
            trial.write(case, [case.make(1)], settings=alone)
            refused = sum(one.status == status for one in trial.service.journal()[before:])
            yield equal(f"{case.name}, {status}", 1, refused)


@check("F6", "hardened")
def a_key_revoked_in_the_middle_stops_the_read(bench: Bench) -> Iterator[Finding]:
    """Once a key is refused nothing more is asked with it, and the error is the key's, not the service's."""
    trial = bench.open(page_cap=5)
    trial.service.inject(InjectedFault("revoke", after=3))
    reading = trial.read(trial.streams[0], settings=trial.service.settings(in_flight=1))
    refused = [one for one in trial.service.journal() if not one.authorised or one.status == _REFUSED[1]]
    yield holds("error", "CredentialRefused", shown(reading.error or "none"),
                isinstance(reading.error, CredentialRefused))  # fmt: skip
    yield equal("requests refused", 1, len(refused))
    yield holds("state", "that of what was passed", reading.state, reading.state is not None)


@check("F11", "hardened", seconds=60)
def a_reply_that_drips_is_given_up_in_time(bench: Bench) -> Iterator[Finding]:
    """A reply that comes byte by byte is never finished in time: it is given up, and the page asked again."""
    trial, still = bench.open(page_cap=5), bench.open(page_cap=5)
    trial.service.inject(InjectedFault("drip", after=1, seconds=6.0))
    patience = trial.service.settings(timeout_seconds=1.0, in_flight=1)
    reading = trial.read(trial.streams[0], settings=patience)
    still.read(still.streams[0], settings=patience)
    yield equal("error", None, reading.error)
    yield equal("records", len(trial.service.truth(trial.streams[0])), len(reading.records))
    yield equal("requests more than without it", 1, trial.requests - still.requests)


@check("F10", "hardened")
def a_redirect_to_another_host_never_carries_the_key(bench: Bench) -> Iterator[Finding]:
    """A server that redirects a request would otherwise receive the key."""
    trial = bench.open()
    trial.service.inject(InjectedFault("redirect"))
    trial.read(trial.streams[0])
    given = [one for one in trial.service.strays() if one.authorised]
    yield equal("requests with the key at the other host", [], given)
