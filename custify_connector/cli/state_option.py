"""What `--state` takes: a name, kept below the data directory, or a path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from custify_connector.cli import completing
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import named_states


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
