"""A plan of reads and writes: the YAML file that `custify load` takes, and that a sync is.

Decides what is a usable file. It knows the text and its schema, which the caller has; it knows no connector.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from custify_connector.checking import strict_yaml
from custify_connector.checking.json_schema import faults_of
from custify_connector.contract.errors import ConfigurationError, Fault, refuse


def read(path: Path, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a plan says; raises ConfigurationError with every fault of it."""
    found: dict[str, Any] = unchecked(path)
    refuse(faults_of(found, schema, str(path)))
    return found


def unchecked(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what a file says; raises ConfigurationError for one that is not YAML."""
    try:
        document = strict_yaml.parse(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConfigurationError((Fault(str(path), f"cannot be opened: {error.strerror or error}"),)) from None
    except UnicodeDecodeError:
        raise ConfigurationError((Fault(str(path), "is not UTF-8: save the plan as UTF-8"),)) from None
    return document.value


class _Plain(yaml.SafeDumper):
    """Writes every value out, since a plan has no aliases."""

    def ignore_aliases(self, _data: Any) -> bool:  # noqa: ANN401 - as yaml has it
        """Return that no value is written as an alias of another."""
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Write text with a character that a plain one would lose, such as a line break of its own kind, with escapes."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Plain.add_representer(str, _quoted)


def text_of(document: Mapping[str, Any]) -> str:
    """Return a plan as the text of its file."""
    return yaml.dump(dict(document), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
