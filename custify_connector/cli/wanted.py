"""What the command line of a read asks for, before anything is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from custify_connector.cli.connector_option import own
from custify_connector.host.connectors import Chosen
from custify_connector.host.outputs import Form, form_of
from custify_connector.host.outputs.target import STANDARD

Mode = Literal["full", "incremental"]


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for; `form` and `mode` are None where nobody chose.

    `source` is one that is configured by hand, in place of endpoints.
    """

    endpoints: tuple[str, ...]
    output: str = STANDARD
    form: Form | None = None
    mode: Mode | None = None
    state: Path | None = None
    params: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    limit: int | None = None
    every: bool = False
    source: Mapping[str, Any] | None = None
    connector: Chosen = field(default_factory=own)

    @property
    def several(self) -> bool:
        """Whether the output takes several streams."""
        return self.every or len(self.endpoints) > 1

    @property
    def form_chosen(self) -> Form:
        """The form of the output."""
        return form_of(self.output, self.form)

    @property
    def narrowed(self) -> bool:
        """Whether only a part of the records is asked for."""
        return bool(self.params or self.fields or self.limit)
