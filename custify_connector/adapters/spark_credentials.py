"""The credential of an account, found where the work is done: in the environment of a worker, or in a file there.

Decides under which names keys are looked for. What it returns never leaves the process. It does not know Spark.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from custify_connector.adapters import environment as variables
from custify_connector.adapters.spark_options import Accounts
from custify_connector.contract.errors import ConfigurationError, Fault

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def credential_of(name: str, accounts: Accounts) -> dict[str, Any]:
    """Return the credential of an account: the key that an option gave, else what this process finds under the name."""
    if accounts.secret is None:
        return resolve(name, accounts.file)
    address = {"base_url": accounts.base_url} if accounts.base_url else {}
    return {"name": name, "api_key": accounts.secret, **address}


def resolve(name: str, file: str | None = None, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the credential of this name: from the file when one is named, else from the environment.

    In the environment `acme` is CUSTIFY_API_KEY_ACME, with CUSTIFY_BASE_URL_ACME, else CUSTIFY_BASE_URL; `default` is
    CUSTIFY_API_KEY. Raises ConfigurationError, which shows no value.
    """
    return _from_file(name, Path(file)) if file else _from_environment(name, environment)


def _from_environment(name: str, environment: Mapping[str, str]) -> dict[str, Any]:
    if not _NAME.fullmatch(name):
        # Other names would share one variable, and one account's rows could reach the other.
        reason = "in the environment, names are small letters, digits and _; others need credential_file"
        raise ConfigurationError((Fault(f"credential {name!r}", reason),))
    ending = "" if name == "default" else f"_{name.upper()}"
    key = environment.get(f"CUSTIFY_API_KEY{ending}")
    if not key:
        reason = f"unknown credential: set CUSTIFY_API_KEY{ending} in the environment of driver and workers"
        raise ConfigurationError((Fault(f"credential {name!r}", reason),))
    base_url = variables.base_url(environment, ending) or variables.base_url(environment)
    return {"name": name, "api_key": key, **({"base_url": base_url} if base_url else {})}


def _from_file(name: str, file: Path) -> dict[str, Any]:
    place = f"credential_file {file}"
    try:
        known = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError((Fault(place, f"cannot be read here: {error.strerror or error}"),)) from None
    except (ValueError, RecursionError):
        raise ConfigurationError((Fault(place, "is not JSON: {name: {api_key, base_url}}"),)) from None
    if not isinstance(known, dict) or not isinstance(known.get(name), dict):
        raise ConfigurationError((Fault(place, f"has no credential {name!r}"),))
    return {**known[name], "name": name}
