"""Where `connector.yaml` and `schemas/` are: inside the package when installed, beside it in a checkout."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

PACKAGE = Path(__file__).resolve().parent


@lru_cache(maxsize=1)
def root() -> Path:
    """Return the folder that holds the manifest; raises FileNotFoundError when the installation lost it."""
    for folder in (PACKAGE, PACKAGE.parent):
        if (folder / "connector.yaml").is_file() and (folder / "schemas").is_dir():
            return folder
    raise FileNotFoundError("connector.yaml and schemas/ are neither in the package nor beside it: install it again")


@lru_cache(maxsize=128)
def schema(name: str) -> dict[str, Any]:
    """Return a schema by its name under `schemas/` (`credential`, `records/person`)."""
    loaded: dict[str, Any] = orjson.loads((root() / "schemas" / f"{name}.json").read_bytes())
    return loaded
