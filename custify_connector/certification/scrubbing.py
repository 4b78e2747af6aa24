"""Secrets out of texts: nothing of a report may show a key, whatever a connector has put in its answers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import quote

from custify_connector.certification.findings import Finding, Verdict

_INSTEAD = "<secret>"


def forms(secret: str) -> set[str]:
    """Return a secret as it may be written: itself, for an address, and in base64 at any offset."""
    inside = {_coded(" " * skip + secret)[4 if skip else 0 : -4] for skip in range(3)}
    return {secret, quote(secret, safe=""), _coded(secret), *(text for text in inside if len(text) >= len(secret))}


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


def shows(text: str, secrets: Iterable[str]) -> bool:
    """Say whether a text shows a secret, in any of its forms."""
    return any(form in text for secret in secrets for form in forms(secret))


def scrubbed(verdict: Verdict, secrets: Iterable[str]) -> Verdict:
    """Return the verdict with every secret in it replaced."""
    known = sorted({form for secret in secrets for form in forms(secret)}, key=len, reverse=True)

    def clean(text: str) -> str:
        for form in known:
            text = text.replace(form, _INSTEAD)
        return text

    return replace(
        verdict, reason=clean(verdict.reason), findings=tuple(_cleaned(one, clean) for one in verdict.findings)
    )


def _cleaned(finding: Finding, clean: Callable[[str], str]) -> Finding:
    return replace(
        finding,
        subject=clean(finding.subject),
        expected=clean(finding.expected),
        got=clean(finding.got),
        requests=tuple(map(clean, finding.requests)),
    )
