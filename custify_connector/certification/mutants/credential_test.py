"""Mutants of group B: tests of a credential that report the wrong thing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from custify_connector.certification.mutating import CredentialTest, Plugin, mutant, with_credential_test, with_report
from custify_connector.contract import CredentialReport


@mutant("B1")
def every_key_is_good(healthy: Plugin) -> object:
    """The test looks whether the service answers, not what."""
    return with_report(healthy, lambda report: replace(report, ok=True, code="ok"))


@mutant("B2")
def every_failure_has_one_code(healthy: Plugin) -> object:
    """Whatever goes wrong is called an error of the service."""
    return with_report(healthy, lambda report: report if report.ok else replace(report, code="upstream_error"))


@mutant("B3")
def a_test_asks_three_times(healthy: Plugin) -> object:
    """It asks again, to be sure."""
    return with_credential_test(healthy, lambda given, test: [test(given) for _ in range(3)][-1])


def _leaking(healthy: Plugin, write: Callable[[str], str]) -> object:
    secret = next(name for name, one in healthy.describe()["credential"]["properties"].items() if one.get("writeOnly"))

    def showing(given: Mapping[str, Any], test: CredentialTest) -> CredentialReport:
        return replace(test(given), message=f"tried {write(str(given.get(secret, '')))}")

    return with_credential_test(healthy, showing)


@mutant("B4")
def the_message_shows_the_key(healthy: Plugin) -> object:
    """The report says which key was tried."""
    return _leaking(healthy, str)


@mutant("B4")
def the_message_shows_the_key_in_an_address(healthy: Plugin) -> object:
    """The report says which address was asked, with the key in it."""
    return _leaking(healthy, lambda key: f"https://example.com/?key={quote(key, safe='')}")


@mutant("B4")
def the_message_shows_the_key_in_base64(healthy: Plugin) -> object:
    """The report says which heading was sent."""
    return _leaking(healthy, lambda key: f"Basic {base64.b64encode(f'user:{key}'.encode()).decode()}")


@mutant("B5")
def an_outage_is_a_bad_key(healthy: Plugin) -> object:
    """Whatever is not a good answer is the key's fault."""
    return with_report(healthy, lambda report: report if report.ok else replace(report, code="unauthorized"))


@mutant("B6")
def no_answer_is_an_unreachable_service(healthy: Plugin) -> object:
    """A response that came too late is reported as an unreachable service."""
    return with_report(
        healthy, lambda report: replace(report, code="unreachable") if report.code == "timeout" else report
    )
