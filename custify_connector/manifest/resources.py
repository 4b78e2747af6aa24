"""Where `connector.yaml` and `schemas/` are: inside the package when installed, beside it in a checkout."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

PACKAGE = Path(__file__).resolve().parents[1]


@lru_cache(maxsize=1)
def root() -> Path:
    """Return the folder that holds the manifest; raises FileNotFoundError when the installation lost it."""
    for folder in (PACKAGE, PACKAGE.parent):
        if (folder / "connector.yaml").is_file() and (folder / "schemas").is_dir():
            return folder
    raise FileNotFoundError("connector.yaml and schemas/ are neither in the package nor beside it: install it again")


@lru_cache(maxsize=16)
def schema(name: str) -> dict[str, Any]:
    """Return one of the connector's own schemas by its name under `schemas/` (`credential`)."""
    return load(root() / "schemas" / f"{name}.json")


@lru_cache(maxsize=256)
def load(path: Path) -> dict[str, Any]:
    """Return a schema, read once; callers must not change it."""
    loaded: dict[str, Any] = orjson.loads(path.read_bytes())
    return loaded
