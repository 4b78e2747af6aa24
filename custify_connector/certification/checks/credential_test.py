"""Group B: testing a credential."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds
from custify_connector.certification.listening import collected_log
from custify_connector.certification.scrubbing import shows
from custify_connector.certification.trials import Trial
from custify_connector.contract import Source
from custify_connector.contract.testbed import InjectedFault, NotOffered

_MOST_REQUESTS = 2
_LATE_SECONDS = 40.0
_BOUND_SECONDS = 30.0
_BLAMES_THE_KEY = {"unauthorized", "forbidden", "invalid_credential"}


@check("B1", "rehearsed")
def a_good_key_passes_and_a_bad_one_fails(bench: Bench) -> Iterator[Finding]:
    """A test answers one report for either key: a bad key is what it is there to find, and nothing to raise."""
    trial = bench.open()
    good, bad = trial.test(), trial.test(trial.service.credentials.bad)
    yield equal("the good key", (True, "ok"), (good.ok, good.code))
    yield holds("the bad key", "not ok, with a code of its own", bad, not bad.ok and bad.code != "ok")


@check("B2", "hardened")
def each_cause_has_its_own_code(bench: Bench) -> Iterator[Finding]:
    """A reader of a report must know who has to act: each cause has its own code, and none of them is `ok`."""
    trial = bench.open()
    credentials = trial.service.credentials
    if credentials.forbidden is None or not {"unreachable", "tls_error"} <= credentials.unanswered.keys():
        raise NotOffered("the testbed has no credential for each cause: no permission, unreachable, no trust in TLS")
    yield equal("a bad key", "unauthorized", trial.test(credentials.bad).code)
    yield equal("a key without permission", "forbidden", trial.test(credentials.forbidden).code)
    for code, credential in sorted(credentials.unanswered.items()):
        yield equal(code.replace("_", " "), code, trial.test(credential).code)
    for status, code in ((429, "rate_limited"), (500, "upstream_error"), (503, "upstream_error")):
        yield equal(f"status {status}", code, _under(bench, InjectedFault("status", status, times=None)).test().code)


@check("B3", "rehearsed")
def a_test_is_short_and_writes_nothing(bench: Bench) -> Iterator[Finding]:
    """A test is made often, and by people who wait: at most two requests, and none that changes anything."""
    trial = bench.open()
    for name, credential in (("good", trial.service.credentials.good), ("bad", trial.service.credentials.bad)):
        before = trial.requests
        trial.test(credential)
        seen = trial.service.journal()[before:]
        yield holds(f"the {name} key", f"at most {_MOST_REQUESTS} requests", len(seen), 0 < len(seen) <= _MOST_REQUESTS)
        yield equal(f"the {name} key, writes", 0, sum(one.write for one in seen))


@check("B4", "rehearsed")
def no_key_is_shown_anywhere(bench: Bench) -> Iterator[Finding]:
    """No report, log, error or traceback shows a key, as it is, as in an address, or in base64."""
    trial = bench.open()
    credentials = trial.service.credentials
    for name, credential in (("good", credentials.good), ("bad", credentials.bad), ("no", {})):
        with collected_log() as lines:
            said = [_said(lambda given=credential: bench.connector.test_credential(given))]  # type: ignore[misc]
            said += [_said(_reader(bench, trial, stream, credential)) for stream in trial.streams[:1]]
        for place, text in (("answers and errors", " ".join(said)), ("logs", "\n".join(lines))):
            shown = shows(text, credentials.secrets)
            yield holds(f"the {name} key, {place}", "no key", "a key is shown" if shown else "as expected", not shown)


@check("B5", "hardened")
def an_outage_is_not_a_bad_key(bench: Bench) -> Iterator[Finding]:
    """A user must not change a key because the service is down: no fault of the service blames the credential."""
    for fault in (InjectedFault("status", 503, times=None), InjectedFault("reset", times=None),
                  InjectedFault("html", times=None), InjectedFault("empty", times=None)):  # fmt: skip
        report = _under(bench, fault).test()
        blamed = report.ok or report.code in _BLAMES_THE_KEY
        yield holds(fault.kind, "not ok, and no word against the key", report.code, not blamed)


@check("B6", "hardened", seconds=60)
def a_test_ends_though_no_answer_comes(bench: Bench) -> Iterator[Finding]:
    """Where the service does not answer, the test gives up within half a minute and says `timeout`."""
    trial = _under(bench, InjectedFault("timeout", seconds=_LATE_SECONDS, times=None))
    report = trial.test()
    yield equal("no answer", (False, "timeout"), (report.ok, report.code))
    yield holds("no answer", f"an end within {_BOUND_SECONDS:g} s", f"{report.elapsed_ms} ms",
                report.elapsed_ms <= _BOUND_SECONDS * 1000, measured=True)  # fmt: skip


def _under(bench: Bench, fault: InjectedFault) -> Trial:
    trial = bench.open()
    trial.service.inject(fault)
    return trial


def _reader(bench: Bench, trial: Trial, stream: str, credential: Mapping[str, Any]) -> Callable[[], object]:
    return lambda: len(list(bench.connector.read_source(credential, cast("Source", trial.service.source(stream)))))


def _said(call: Callable[[], object]) -> str:
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 - what it says is what is looked at
        return f"{error} {error!r} {''.join(traceback.format_exception(error))}"
    return f"{answer} {answer!r}"
