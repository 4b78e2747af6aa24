"""How this Custify says no: a status, a sentence, and the field that is to blame.

Decided here: the body of an error. This file does not know why something is refused.
"""

from __future__ import annotations

from http import HTTPStatus

import orjson

_REASONS = {one.value: one.phrase for one in HTTPStatus}


class RefusalError(Exception):
    """A request that is answered with an error `status` (an HTTP status) and `message`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def malformed(message: str) -> RefusalError:
    """Return the refusal of a request that breaks a rule of the API (400)."""
    return RefusalError(400, message)


def missing(what: str) -> RefusalError:
    """Return the refusal of a request that names something which does not exist (404)."""
    return RefusalError(404, f"{what} not found")


def reason(status: int) -> str:
    """Return the standard phrase of an HTTP status."""
    return _REASONS.get(status, "Unknown")


def error_body(status: int, message: str) -> bytes:
    """Return the JSON of an error, in the shape of the vendor's own type: error, message, statusCode."""
    return orjson.dumps({"error": reason(status), "message": message, "statusCode": status})
