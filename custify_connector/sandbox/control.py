"""The sandbox's own paths, below `/_sandbox/`: what a judge in another process reads and sets.

Decided here: these paths and their bodies. They need no key, are not limited and not in the journal.
This file does not know Custify.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import orjson

from .faults import Fault
from .quirks import Drift
from .refusals import error_body
from .wire import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from .admission import Rate
    from .state import State
    from .wire import Request

CONTROL_PREFIX = "/_sandbox/"


def control(state: State, request: Request) -> Reply:
    """Answer one request; 404 for a path there is not, 400 for a body that makes no sense."""
    name, _, rest = request.path[len(CONTROL_PREFIX) :].partition("/")
    handler = _HANDLERS.get((request.method, name))
    if handler is None:
        return Reply(404, error_body(404, f"no control {request.method} {request.path}"))
    try:
        body = orjson.loads(request.body) if request.body else None
        value = handler(state, rest, body)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        return Reply(400, error_body(400, str(error)))
    return Reply(200, orjson.dumps(value))


def _summary(state: State, _rest: str, _body: object) -> object:
    journal, statuses = state.journal, state.journal.statuses()
    return {
        "requests": len(journal),
        "busiest_window": journal.busiest_window(state.rate_limit[1] if state.rate_limit else 10.0),
        "statuses": {str(status): count for status, count in statuses.items()},
        "unanswered": len(journal) - sum(statuses.values()),
    }


def _faults(state: State, _rest: str, body: Any) -> object:  # noqa: ANN401 - JSON of any shape; TypeError is a 400
    faults = body if isinstance(body, list) else [body]
    state.faults.add(*[Fault(**fault) for fault in faults])
    return {"added": len(faults)}


def _quirks(state: State, _rest: str, body: Any) -> object:  # noqa: ANN401 - JSON of any shape; TypeError is a 400
    changes = dict(body)
    if changes.get("drift"):
        changes["drift"] = Drift(**changes["drift"])
    state.quirks = replace(state.quirks, **changes)
    return asdict(state.quirks)


def _reset(state: State, _rest: str, _body: object) -> object:
    state.journal.clear()
    state.faults.clear()
    return {"reset": True}


def _settings(state: State, _rest: str, body: Any) -> object:  # noqa: ANN401 - JSON of any shape; TypeError is a 400
    unknown = set(body) - {"latency", "rate_limit"}
    if unknown:
        raise ValueError(f"no setting {', '.join(sorted(unknown))}")
    if "latency" in body:
        state.latency = float(body["latency"])
    if "rate_limit" in body:
        state.rate_limit = _rate(body["rate_limit"])
    return {"latency": state.latency, "rate_limit": state.rate_limit}


def _rate(sent: Any) -> Rate | None:  # noqa: ANN401 - JSON of any shape; TypeError is a 400
    if sent is None:
        return None
    requests, seconds = sent
    return int(requests), float(seconds)


_HANDLERS: dict[tuple[str, str], Callable[[State, str, Any], object]] = {
    ("GET", "journal"): lambda state, _rest, _body: state.journal.entries,
    ("GET", "summary"): _summary,
    ("GET", "content"): lambda state, rest, _body: state.content.records(rest),
    ("GET", "drifted"): lambda state, _rest, _body: state.tide.drifted,
    ("POST", "faults"): _faults,
    ("POST", "quirks"): _quirks,
    ("POST", "reset"): _reset,
    ("POST", "settings"): _settings,
}
