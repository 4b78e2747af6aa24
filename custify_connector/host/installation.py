"""How this package was installed here, and the command that adds an extra to it.

A package that came from a folder or an address is on no index: pip finds an extra of it only where it was found before
(PEP 610, `direct_url.json`).
"""

from __future__ import annotations

import json
import shlex
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

DISTRIBUTION = "custify-connector"


def command_for(*extras: str) -> str:
    """Return the command that installs extras beside what is here: `pip install 'custify-connector[duckdb]'`."""
    names = f"[{','.join(sorted(extras))}]"
    origin = _origin()
    if origin.get("dir_info", {}).get("editable"):
        folder = url2pathname(urlsplit(origin["url"]).path)
        return f"pip install --editable {shlex.quote(folder + names)}"
    return f"pip install {shlex.quote(f'{DISTRIBUTION}{names}{_address(origin)}')}"


def unusable(extra: str, error: ImportError) -> str:
    """Return why an extra cannot be used: it is not installed, or its libraries cannot be loaded on this machine."""
    if isinstance(error, ModuleNotFoundError):
        return f"is not installed: {command_for(extra)}"
    reason = " ".join(str(error).split())
    again = command_for(extra).replace("pip install", "pip install --force-reinstall", 1)
    return f"cannot be loaded: {reason}. Install what it needs, or run {again}"


def _origin() -> dict[str, Any]:
    """Return what pip noted of the place that the package came from; nothing for one that came from an index."""
    try:
        origin = json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, ValueError):
        return {}
    return origin if isinstance(origin, dict) and "url" in origin else {}


def _address(origin: dict[str, Any]) -> str:
    if not origin:
        return ""
    source = origin.get("vcs_info", {})
    kind, revision = source.get("vcs"), source.get("requested_revision")
    return f" @ {kind + '+' if kind else ''}{origin['url']}{'@' + revision if revision else ''}"
