"""What `--source` takes: a source configured by hand, as JSON, or `@FILE` with one.

Decides only that it is a JSON object; what is in it, the connector judges.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson


class SourceText(click.ParamType):  # type: ignore[type-arg] # generic in the newer versions of click alone
    """JSON, or the name of a file of it behind `@`."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as click has it
        """Return the source; fails, as click does, when it is no JSON object, or the file cannot be read."""
        if isinstance(value, dict):
            return value
        try:
            text = Path(value[1:]).read_bytes() if value.startswith("@") else value.encode()
            content = orjson.loads(text)
        except OSError as error:
            self.fail(f"{value[1:]} cannot be read: {error.strerror or error}", param, ctx)
        except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
            self.fail(f"is not JSON: {error}", param, ctx)
        if not isinstance(content, dict):
            self.fail('must be an object, such as {"request": {"path": "/people/all"}}', param, ctx)
        return content


SOURCE = SourceText()
