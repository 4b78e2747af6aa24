"""The testbed of this connector: the emulated Custify, in the words of `testbed`.

Decided here: which sandbox a setup asks for. It knows the sandbox and the values of `testbed`, and nothing of how the
connector works.
"""

from __future__ import annotations

import secrets
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from custify_connector.contract.testbed import NotOffered, Quirk, Service, Setup
from custify_connector.sandbox import Drift as SandboxDrift
from custify_connector.sandbox import Quirks, Sandbox
from custify_connector.sandbox_testbed.service import SIZED, EmulatedCustify

__all__ = ["open_service"]

_PEOPLE, _COMPANIES, _PAGE_CAP = 60, 8, 20

_QUIRKS: Mapping[Quirk, Mapping[str, Any]] = {
    "bare_object": {"people_envelope": "object", "single_bare": "page"},
    "missing_past_end": {"past_end": "missing"},
    "no_total": {"total": "missing"},
    "low_total": {"total": "low"},
    "high_total": {"total": "high"},
    "unordered": {"ignore_sorting": True},
    "unstable_ties": {"unstable_ties": True},
    "forgotten_batch": {"batch_expiry": 0.0},
}


@contextmanager
def open_service(setup: Setup) -> Iterator[Service]:
    """Start a sandbox as the setup asks; NotOffered where there is no such sandbox."""
    rate = setup.rate_limit
    key = f"testbed-{secrets.token_hex(16)}"
    other = Sandbox(people=0, companies=0, api_key=key, rate_limit=None)
    asked = Sandbox(
        **_sizes(setup.sizes),
        api_key=key,
        rate_limit=(rate.requests, rate.seconds) if rate else None,
        latency=setup.latency_seconds,
        quirks=_quirks(setup),
    )
    with other, asked, _without_tls() as address:
        yield EmulatedCustify(asked, other, setup, address)


class _Plain(socketserver.BaseRequestHandler):
    """Answers a TLS handshake in plain text, so that no secure connection comes about; no certificate is needed."""

    def handle(self) -> None:
        self.request.recv(1024)
        self.request.sendall(b"no secure connection here\n")


@contextmanager
def _without_tls() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Plain) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _sizes(sizes: Mapping[str, int]) -> dict[str, int]:
    others = sizes.keys() - set(SIZED)
    if others:
        raise NotOffered(f"the sandbox sets the number of {' and '.join(SIZED)} alone, not of {', '.join(others)}")
    return {"people": sizes.get("people", _PEOPLE), "companies": sizes.get("companies", _COMPANIES)}


def _quirks(setup: Setup) -> Quirks:
    drift = setup.drift
    words: dict[str, Any] = {"page_cap": setup.page_cap or _PAGE_CAP}
    for quirk in sorted(setup.quirks):
        words |= _QUIRKS[quirk]
    if drift:
        words["drift"] = SandboxDrift(drift.creates, drift.deletes, drift.updates, drift.every)
    return Quirks(**words)
