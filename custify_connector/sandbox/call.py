"""One request, ready for an endpoint: its path's parameters, its query, its decoded body, and the account.

Decided here: how endpoints read parameters and answer with records. This file does not know any endpoint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from .refusals import malformed
from .wire import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .content import Content
    from .quirks import Quirks
    from .table import Record
    from .wire import Request


@dataclass(frozen=True)
class Call:
    """What an endpoint is given. `arguments` are the parts of the path that its pattern names."""

    request: Request
    content: Content
    quirks: Quirks
    arguments: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None when it is not sent or empty."""
        values = self.request.query.get(name)
        return values[0] if values and values[0] else None

    def json(self, name: str) -> object:
        """Return the decoded JSON of a query parameter, or None; refuse what is not JSON (400)."""
        text = self.text(name)
        if text is None:
            return None
        try:
            decoded: object = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise malformed(f"{name} must be URL-encoded JSON") from None
        return decoded

    def flag(self, name: str) -> bool:
        """Say whether a query parameter is the word `true`."""
        return self.text(name) == "true"

    def payload(self) -> object:
        """Return the decoded JSON body; refuse what is not JSON (400)."""
        try:
            decoded: object = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            raise malformed("the body must be JSON") from None
        return decoded

    def body(self) -> Record:
        """Return the JSON object in the body; refuse anything else (400)."""
        payload = self.payload()
        if not isinstance(payload, dict):
            raise malformed("the body must be a JSON object")
        return payload


def json_reply(value: object, status: int = 200) -> Reply:
    """Answer with this value as JSON."""
    return Reply(status, orjson.dumps(value))
