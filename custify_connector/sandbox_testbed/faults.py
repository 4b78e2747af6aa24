"""A fault of `testbed` in the sandbox's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from custify_connector.contract.testbed import FaultKind, InjectedFault, Scope
from custify_connector.sandbox import Fault, Sandbox
from custify_connector.sandbox.faults import Kind

_METHODS: Mapping[Scope, str | None] = {"any": None, "reads": "GET", "writes": "POST"}
"""The method by which the sandbox names a scope; every case that creates something posts."""


def sandbox_fault(fault: InjectedFault, elsewhere: Sandbox) -> Fault:
    """Return a fault as the sandbox orders it; a redirect leads to `elsewhere`."""
    kind, value = _KINDS[fault.kind](fault, elsewhere)
    method = _METHODS[fault.scope]
    return Fault(
        kind, method, times=fault.times, after=fault.after, before=not fault.applied, value=value, about=fault.about
    )


def _status(fault: InjectedFault, _elsewhere: Sandbox) -> tuple[Kind, object]:
    limited = fault.status == 429  # noqa: PLR2004 - Too Many Requests, the one with a header of its own
    return ("rate_limited", fault.retry_after) if limited else ("status", fault.status)


_KINDS: Mapping[FaultKind, Callable[[InjectedFault, Sandbox], tuple[Kind, object]]] = {
    "status": _status,
    "reset": lambda *_: ("reset", None),
    "timeout": lambda fault, _: ("slow", fault.seconds),
    "truncated": lambda *_: ("cut", None),
    "not_json": lambda *_: ("not_json", None),
    "empty": lambda *_: ("empty", None),
    "html": lambda *_: ("html", None),
    "no_records": lambda *_: ("no_records", None),
    "error_as_success": lambda *_: ("error_as_success", None),
    "drip": lambda fault, _: ("trickle", fault.seconds),
    "redirect": lambda _, elsewhere: ("redirect", f"{elsewhere.base_url}/people/all"),
    "revoke": lambda *_: ("revoke", None),
}
