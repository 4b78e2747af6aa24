"""What a reply says: the text of an error, the exception it stands for, the page it holds.

Pure. Custify documents no error body, so its text is looked for where clients have seen one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.checking.texts import Json
from custify_connector.contract.errors import (
    CredentialRefused,
    PermissionRefused,
    ServiceUnavailable,
)
from custify_connector.exchange.retrying import GivenUp
from custify_connector.exchange.wire import Response

_TEXT_LIMIT = 300
_BAD_REQUESTS = frozenset({400, 409, 422})
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


def error_text(body: Json) -> str:
    """Return the first sentence that an error body holds, shortened; empty when there is none."""
    text = body if isinstance(body, str) else _first_text(body) if isinstance(body, Mapping) else ""
    return " ".join(text.split())[:_TEXT_LIMIT]


def _first_text(body: Mapping[str, Any]) -> str:
    error, errors = body.get("error"), body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    candidates = (
        body.get("message"),
        error.get("message") if isinstance(error, Mapping) else error,
        first.get("message") if isinstance(first, Mapping) else first,
        body.get("msg"),
    )
    return next((text for text in candidates if isinstance(text, str) and text), "")


def refusal(response: Response, where: str) -> CredentialRefused | None:
    """Return the exception for a key that is refused at `where`; None when it was not."""
    if response.status == _UNAUTHORIZED:
        advice = "check that the key is whole and current, and that the API URL is the one shown beside it in Custify"
        return CredentialRefused(f"{where}: Custify refused the API key (401); {advice}")
    if response.status == _FORBIDDEN:
        said = error_text(response.body)
        return PermissionRefused(f"{where}: the API key is not allowed here (403){': ' + said if said else ''}")
    return None


def unavailable(given_up: GivenUp, where: str) -> ServiceUnavailable:
    """Return the exception for a request that was given up."""
    return ServiceUnavailable(f"{where}: Custify gave no usable answer; {describe(given_up)}; try again later")


def describe(given_up: GivenUp) -> str:
    """Say what was last seen of a request that was given up."""
    last = given_up.last
    if isinstance(last, Response):
        said = error_text(last.body)
        return f"it last answered {last.status}{': ' + said if said else ''}"
    return last.message
