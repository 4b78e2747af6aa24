"""Which file may be uploaded: one under the directory that the user named, and not too large.

Decides on paths and sizes; it does not read the file, and does not know where it goes.
"""

from __future__ import annotations

from pathlib import Path

from custify_connector.exchange.wire import Request

MAXIMUM_BYTES = 25_000_000
"""Custify documents no limit; a file is held in memory while it is sent."""


def refusal(request: Request, directory: str | None) -> str | None:
    """Return why the request's file may not be sent; None when it may, or there is none."""
    if request.upload is None:
        return None
    allowed = Path(directory or "").resolve()
    file = request.upload.resolve()
    if directory is None or not file.is_relative_to(allowed):
        return f"is not under {directory}, the directory that the destination's params name"
    if not file.is_file():
        return "is not a file that can be read"
    size = file.stat().st_size
    if size > MAXIMUM_BYTES:
        return f"has {size:,} bytes; at most {MAXIMUM_BYTES:,} are allowed"
    return None
