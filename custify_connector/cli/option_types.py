"""What two options take: `--source` a source configured by hand, `--state` a name or a path.

Decides only that a source is a JSON object, what is in it, the connector judges; and that a bare name is a place below
the data directory.
"""

from __future__ import annotations

import codecs
import os
from pathlib import Path
from typing import Any

import click
import orjson
from click.shell_completion import CompletionItem

from custify_connector.cli import completing
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import named_states


class SourceText(click.ParamType):  # type: ignore[type-arg] # generic in the newer versions of click alone
    """JSON, or the name of a file of it behind `@`."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as click has it
        """Return the source; fails, as click does, when it is not a JSON object, or the file cannot be read."""
        if isinstance(value, dict):
            return value
        try:
            text = Path(value[1:]).read_bytes() if value.startswith("@") else value.encode()
            content = orjson.loads(text.removeprefix(codecs.BOM_UTF8))
        except OSError as error:
            self.fail(f"{value[1:]} cannot be read: {error.strerror or error}", param, ctx)
        except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
            self.fail(f"is not JSON: {error}", param, ctx)
        if not isinstance(content, dict):
            self.fail('must be an object, such as {"request": {"path": "/people/all"}}', param, ctx)
        return content


SOURCE = SourceText()


class StatePath(click.Path):
    """A path; a bare name such as `nightly` is the place where the state of that name is kept."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as click has it
        """Return the path; fails, as click does, when the data directory cannot be made."""
        try:
            place = named_states.path_of(os.fspath(value))
        except ConfigurationError as error:
            self.fail(str(error), param, ctx)
        return super().convert(place, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer names, and files."""
        named = [CompletionItem(name) for name in completing.states(incomplete)]
        return [*named, *super().shell_complete(ctx, param, incomplete)]


STATE = StatePath()
