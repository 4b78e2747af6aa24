"""The key and address of an account, from the variables that the command and Custify's own server read.

What a host's configuration says comes first; a variable fills in only what it leaves out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from custify_connector.exchange.credential import environment_url

KEY = "CUSTIFY_API_KEY"


def base_url(environment: Mapping[str, str] = os.environ, ending: str = "") -> str | None:
    """Return the address that the environment sets; see `environment_url`."""
    return environment_url(environment, ending)


def completed(credential: Mapping[str, Any], name: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return a credential with what it leaves out: the key, `name` where the key is the environment's, the address."""
    found = dict(credential)
    if "api_key" not in found and (key := environment.get(KEY)):
        found = {"name": name, **found, "api_key": key}
    if "base_url" not in found and (address := base_url(environment)):
        found["base_url"] = address
    return found
