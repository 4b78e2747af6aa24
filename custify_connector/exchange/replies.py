"""What a reply says: the text of an error, the exception it stands for, the page it holds.

Pure. Custify documents no error body, so its text is looked for where clients have seen one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from custify_connector.checking.texts import Json
from custify_connector.contract.errors import (
    CredentialRefused,
    PermissionRefused,
    ServiceUnavailable,
)
from custify_connector.exchange.retrying import GivenUp
from custify_connector.exchange.wire import Failure, FailureKind, Response

_TEXT_LIMIT = 300
_FIELD_LIMIT = 100
_DEEPEST = 8
_ERROR, _NO_STATUS = 400, 600
_BAD_REQUESTS = frozenset({400, 409, 422})
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


@dataclass(frozen=True)
class Complaint:
    """What an error body complains of: a sentence, empty when there is none, and the dotted field it names."""

    text: str = ""
    field: str | None = None


def error_text(body: Json) -> str:
    """Return the first sentence that an error body holds, shortened; empty when there is none."""
    return complaint(body).text


def complaint(body: Json) -> Complaint:
    """Return the first complaint that an error body holds, its text shortened."""
    found = _first(body, None, 0) or _of_fields(body) or Complaint()
    return Complaint(" ".join(found.text.split())[:_TEXT_LIMIT], found.field)


def is_error(body: Json) -> bool:
    """Return whether the body of an answer of success says that there was none."""
    if not isinstance(body, Mapping):
        return False
    failed = body.get("success") is False or (error_status(body) or 0) >= _ERROR
    return failed or any(body.get(name) and _first(body[name], None, 0) is not None for name in ("error", "errors"))


def error_status(body: Json) -> int | None:
    """Return the HTTP status of an error that a body names (Custify's own client, `types.ts`)."""
    status = body.get("statusCode") if isinstance(body, Mapping) else None
    is_status = isinstance(status, int) and not isinstance(status, bool) and _ERROR <= status < _NO_STATUS
    return status if is_status else None


def _first(value: Json, field: str | None, depth: int) -> Complaint | None:
    """Return the first complaint in a value; `field` is the one that it is about, as far as is known."""
    if isinstance(value, str) and value.strip():
        return Complaint(value if field is None or field in value else f"{field}: {value}", field)
    if depth > _DEEPEST:
        return None
    if isinstance(value, list):
        return next(filter(None, (_first(item, field, depth + 1) for item in value)), None)
    return _of_object(value, field, depth + 1) if isinstance(value, Mapping) else None


def _of_object(body: Mapping[str, Json], field: str | None, depth: int) -> Complaint | None:
    about = _field_of(body) or field
    sentence = next(filter(None, (_detail(body.get(name), about, depth) for name in _SENTENCES)), None)
    detail = next(filter(None, (_detail(body.get(name), about, depth) for name in _DETAILS)), None)
    if sentence is None or detail is None or detail.text in sentence.text:
        said = sentence or detail
        return said and Complaint(said.text, said.field or (detail.field if detail else None))
    return Complaint(f"{sentence.text.rstrip('.: ')}: {detail.text}", detail.field or sentence.field)


def _detail(value: Json, field: str | None, depth: int) -> Complaint | None:
    """Return the first complaint of a list of them, or of an object of fields, each with its complaints."""
    if not isinstance(value, Mapping) or any(isinstance(value.get(name), str) for name in _SENTENCES):
        return _first(value, field, depth)
    return next(filter(None, (_first(inner, str(name), depth) for name, inner in value.items())), None)


def _of_fields(body: Json) -> Complaint | None:
    """Return the first complaint of a body that is nothing but fields, each with its complaints."""
    is_fields = isinstance(body, Mapping) and all(isinstance(value, list) for value in body.values())
    return _detail(body, None, 0) if is_fields else None


_SENTENCES = ("message", "error", "msg", "detail", "reason", "title")
_DETAILS = ("errors", "details", "violations", "issues", "validationErrors")
_FIELD_NAMES = ("field", "param", "property", "path", "loc", "pointer", "instancePath")
_WHERE = frozenset({"body", "query", "params", "data", "attributes"})


def _field_of(body: Mapping[str, Json]) -> str | None:
    """Return the field that an entry of a list of errors is about."""
    source = body.get("source")
    # The path of a whole answer is that of the request.
    names = [name for name in _FIELD_NAMES if name != "path" or not str(body.get(name)).startswith("/")]
    places = [body.get(name) for name in names] + ([source.get("pointer")] if isinstance(source, Mapping) else [])
    return next(filter(None, map(_dotted, places)), None)


def _dotted(place: Json) -> str | None:
    """Return a place as a dotted path; it may come as one, as a list, or as a JSON pointer."""
    parts = place if isinstance(place, list) else place.split("/") if isinstance(place, str) else []
    named = [str(part) for part in parts if isinstance(part, (str, int)) and part not in {"", *_WHERE}]
    return ".".join(named)[:_FIELD_LIMIT] or None


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
    later = "" if isinstance(given_up.last, Failure) and given_up.last.kind in _LASTING else "; try again later"
    return ServiceUnavailable(f"{where}: no usable response from Custify; {describe(given_up)}{later}")


_LASTING: frozenset[FailureKind] = frozenset({"tls", "proxy", "too_large", "redirected", "no_budget", "not_utf8"})
"""What a later run would meet again."""


def describe(given_up: GivenUp) -> str:
    """Say what was last seen of a request that was given up."""
    last = given_up.last
    if isinstance(last, Response):
        said = error_text(last.body)
        return f"the last one was {last.status}{': ' + said if said else ''}"
    return last.message
