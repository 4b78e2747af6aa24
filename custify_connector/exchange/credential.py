"""A credential mapping, checked and turned into a value that cannot show its key.

Decides which base URLs may be sent a key. This file does not know how a request is made.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from custify_connector.checking.json_schema import faults_of
from custify_connector.checking.secret import Secret
from custify_connector.checking.texts import Json
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.manifest import Manifest, resources

_URL = re.compile(r"https?://(\[[0-9a-f:.]+\]|[0-9a-z-]+(\.[0-9a-z-]+)*)(:[0-9]*)?(/[\x21-\x7e]*)?", re.IGNORECASE)
"""What every reader of URLs understands alike; `urlsplit` accepts much more, and leaves out line ends."""


_URL_VARIABLES = ("CUSTIFY_BASE_URL", "CUSTIFY_API_URL")
"""The connector's own variable, and the one that Custify's own client reads."""


def environment_url(environment: Mapping[str, str], ending: str = "") -> str | None:
    """Return the base URL that the environment sets, None where it sets none; `ending` is that of an account.

    Raises ConfigurationError where both variables are set and differ: a key must not go to the wrong one.
    """
    first, second = (environment.get(f"{name}{ending}") or None for name in _URL_VARIABLES)
    if first and second and first.rstrip("/") != second.rstrip("/"):
        names = f"{_URL_VARIABLES[0]}{ending}", f"{_URL_VARIABLES[1]}{ending}"
        raise ConfigurationError((Fault(names[1], f"is not the URL that {names[0]} has: unset one of them"),))
    return first or second


@dataclass(frozen=True)
class Credential:
    """A checked credential; `base_url` has no trailing slash."""

    name: str
    base_url: str
    key: Secret
    description: str = ""

    @property
    def account(self) -> tuple[str, str]:
        """What shares one rate limit within this process: the server and the key, the latter only as a fingerprint."""
        return self.base_url, self.key.fingerprint()


def check(credential: object, manifest: Manifest, *, quick: bool = True) -> Credential:
    """Return the checked credential; raises ConfigurationError with every fault, none of which shows a value.

    Unless `quick` is False, jsonschema itself sees only a credential that the fast check refuses (see `faults_of`).
    """
    faults = faults_of(credential, resources.schema("credential"), "credential", quick=quick)
    if not isinstance(credential, Mapping):
        raise ConfigurationError(faults)
    base_url = credential.get("base_url", manifest.base_url)
    if isinstance(base_url, str):
        base_url = base_url.rstrip("/")
        faults += tuple(_address_faults(base_url, manifest, credential.get("allow_host")))
    if faults:
        raise ConfigurationError(faults)
    return Credential(
        name=credential["name"],
        base_url=base_url,
        key=Secret(credential["api_key"]),
        description=credential.get("description", ""),
    )


def _address_faults(base_url: str, manifest: Manifest, allow_host: Json) -> Iterator[Fault]:
    place = "credential.base_url"
    try:
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        yield Fault(place, "is not a URL")
        return
    if not host or parts.scheme not in {"http", "https"}:
        yield Fault(place, f"must be a URL such as {manifest.base_url}")
    elif any(sign in base_url for sign in "@?#"):
        yield Fault(place, "must be the bare URL of the API: no user, query or fragment")
    elif not _URL.fullmatch(base_url):
        yield Fault(place, "is not a URL")
    else:
        yield from _trust_faults(parts, host, manifest, allow_host)


def _trust_faults(parts: SplitResult, host: str, manifest: Manifest, allow_host: Json) -> Iterator[Fault]:
    place = "credential.base_url"
    known = any(host == domain or host.endswith(f".{domain}") for domain in manifest.hosts)
    if known and parts.path:
        yield Fault(place, f"must end with the host: the API has no {parts.path} in front of its paths")
    if is_loopback(host):
        return
    if parts.scheme != "https":
        yield Fault(place, "must be https: the key would travel unencrypted")
    if not known and allow_host != host:
        domains = ", ".join(manifest.hosts)
        yield Fault(place, f"is not a host of {domains}; if the key may be sent there, set allow_host to {host!r}")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
