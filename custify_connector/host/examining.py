"""Everything a run needs, looked at one by one: this machine first, then the service, with a single request.

Decides what is fine, what is worth a word, and what has to be mended, and how. It prints nothing.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from custify_connector import credential, credential_testing, manifest
from custify_connector.credential import Credential
from custify_connector.errors import ConfigurationError
from custify_connector.host import home, key_stores, private_file
from custify_connector.host.run_history import RunHistory
from custify_connector.host.vault import RESERVED, Vault
from custify_connector.manifest import Manifest
from custify_connector.pacing import current_budget
from custify_connector.plans import Settings
from custify_connector.wire import Failure, Request, Response, Send

OpenSend = Callable[[Credential, Settings], AbstractContextManager[Send]]
Verdict = Literal["ok", "note", "fault", "skipped"]

_DISTRIBUTION = "custify-connector"
OLDEST_PYTHON = (3, 10)
_LITTLE_SPACE = 200_000_000
_CLOCK_EXACT, _CLOCK_NOTE, _CLOCK_FAULT = 2, 30, 300


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it; `note` is worth a word, and hinders nothing."""

    name: str
    verdict: Verdict
    found: str
    mend: str = ""


def this_machine() -> list[Finding]:
    """Look at what needs no network."""
    looks: tuple[Callable[[], Finding], ...] = (_python, _extras, _directory, _space, _keys, _stored, _runs)
    return [_looked(look) for look in looks]


def _looked(look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ConfigurationError as error:
        return Finding(look.__name__.strip("_"), "fault", str(error))


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("python", "ok", found)
    return Finding("python", "fault", found, "use Python 3.10 or newer")


def _extras() -> Finding:
    needs: dict[str, list[str]] = {}
    for text in metadata.requires(_DISTRIBUTION) or ():
        requirement, _, marker = text.partition(";")
        if "extra ==" in marker:
            name = marker.rpartition("extra ==")[2].strip(" \"')")
            needs.setdefault(name, []).append(_bare(requirement))
    missing = [name for name, wanted in needs.items() if not all(map(_is_installed, wanted))]
    found = f"installed: {', '.join(sorted(set(needs) - set(missing))) or 'none'}"
    if not missing:
        return Finding("extras", "ok", found)
    mend = f"only if you want them: pip install '{_DISTRIBUTION}[{','.join(sorted(missing))}]'"
    return Finding("extras", "note", f"{found}; not installed: {', '.join(sorted(missing))}", mend)


def _bare(requirement: str) -> str:
    return next(
        (requirement[:place] for place, sign in enumerate(requirement) if sign in "<>=!~[ ("), requirement
    ).strip()


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _directory() -> Finding:
    path = home.made()
    mode = path.stat().st_mode & 0o777
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding(
            "directory", "fault", f"{path} cannot be written to", f"chmod u+rwx {path}, or set {home.VARIABLE}"
        )
    if os.name == "posix" and mode & 0o022:
        return Finding("directory", "fault", f"{path} has mode {mode:04o}: others may change it", f"chmod 700 {path}")
    return Finding("directory", "ok", f"{path}, mode {mode:04o}")


def _space() -> Finding:
    free = shutil.disk_usage(home.made()).free
    found = f"{free / 1e9:,.1f} GB free"
    return Finding("space", "ok", found) if free > _LITTLE_SPACE else Finding("space", "fault", found, "make room")


def _keys() -> Finding:
    private_file.read(home.directory() / "keys.json")
    place = key_stores.preferred(home.directory())
    if place.kind == "keyring":
        return Finding("keys", "ok", f"new keys go into {place.place}")
    install = "" if _is_installed("keyring") else f"pip install '{_DISTRIBUTION}[keyring]', and "
    mend = f"only if you want a keyring: {install}start and unlock the one of your desktop"
    return Finding("keys", "note", f"no keyring works here: keys go into {place.place}", mend)


def _stored() -> Finding:
    vault = Vault()
    names = [entry.name for entry in vault.entries()]
    for name in names:
        vault.credential(name)
    return Finding("stored", "ok", f"credentials: {', '.join(names)}" if names else "no credential is kept here")


def _runs() -> Finding:
    history = RunHistory()
    died = len(history.page(1000, None, {"status": "died"}))
    found = f"{history.count():,} runs in {history.path}"
    if died:
        return Finding("runs", "note", f"{found}, {died} of which died", "custify runs --status died")
    return Finding("runs", "ok", found)


def the_service(found: Mapping[str, Any] | None, open_send: OpenSend, budget_file: Path | None = None) -> list[Finding]:
    """Ask the service once: what its answer tells of network, clock, key and limits.

    Without a credential, a made-up key is sent in its place, and nothing is said of the key. Raises ConfigurationError
    when the budget file cannot be used.
    """
    known = manifest.load()
    given = found or {"name": "none", "api_key": "none", **_address()}
    try:
        checked = credential.check(given, known)
    except ConfigurationError as error:
        return [Finding("credential", "fault", str(error), "mend it, and try again")]
    settings = Settings(known.rate_limit, max_in_flight=1, timeout_seconds=credential_testing.TIMEOUT_SECONDS)
    budget = current_budget(checked.account, known.rate_limit)
    if budget_file is not None:
        budget.share(budget_file)
    request = Request("GET", known.credential_test.path, tuple(known.credential_test.query.items()))
    with open_send(checked, settings) as send:
        outcome = credential_testing.once(request, send, budget)
    return list(_told(checked.base_url, outcome, known, None if found is None else str(found["name"])))


def _address() -> dict[str, str]:
    base_url = os.environ.get("CUSTIFY_BASE_URL")
    return {"base_url": base_url} if base_url else {}


def _told(base_url: str, outcome: Response | Failure, known: Manifest, name: str | None) -> Iterator[Finding]:
    yield network(base_url, outcome)
    if isinstance(outcome, Response):
        yield clock(outcome.headers.get("date"), datetime.now(timezone.utc))
    if name is not None:
        yield key(credential_testing.report(known.credential_test, outcome, "", 0), name)
    if isinstance(outcome, Response):
        yield limits(outcome.headers, known)


_NETWORK_REMEDIES = {
    "unreachable": "check the API URL, DNS, the firewall, and HTTPS_PROXY where you have a proxy",
    "tls": "check the clock, and REQUESTS_CA_BUNDLE where a proxy signs with a certificate of its own",
    "timeout": "check the network and the proxy, and try again",
}


def network(base_url: str, outcome: Response | Failure) -> Finding:
    """Tell whether the service was reached: its name found, a connection made, and trusted."""
    proxies = [name for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy") if os.environ.get(name)]
    through = f" through {proxies[0]}" if proxies else ""
    if isinstance(outcome, Response):
        secure = (
            "name, connection and certificate are fine" if base_url.startswith("https") else "the connection is fine"
        )
        return Finding("network", "ok", f"{base_url} answers{through}: {secure}")
    remedy = _NETWORK_REMEDIES.get(outcome.kind, "check whether a proxy answers in Custify's place")
    return Finding("network", "fault", f"{base_url}{through}: {outcome.message}", remedy)


def clock(date: str | None, now: datetime) -> Finding:
    """Compare this machine's clock with the service's, as its answer's Date header tells it."""
    told = None
    with suppress(TypeError, ValueError):
        told = parsedate_to_datetime(date) if date else None
    if told is None:
        return Finding("clock", "skipped", "the service did not tell the time")
    ahead = (now - told.replace(tzinfo=told.tzinfo or timezone.utc)).total_seconds()
    side = "ahead of" if ahead > 0 else "behind"
    found = f"{abs(ahead):,.0f} s {side} Custify's" if abs(ahead) > _CLOCK_EXACT else "tells the same time as Custify's"
    if abs(ahead) <= _CLOCK_NOTE:
        return Finding("clock", "ok", found)
    verdict: Verdict = "fault" if abs(ahead) > _CLOCK_FAULT else "note"
    return Finding("clock", verdict, found, "set the clock, or let the system keep it: timedatectl set-ntp true")


def key(report: Any, name: str) -> Finding:  # noqa: ANN401 - a CredentialReport
    """Tell whether the service accepted the key."""
    if report.ok:
        return Finding("credential", "ok", f"{name}: {report.message}")
    unknown = report.code not in {"unauthorized", "forbidden"}
    said = f"{name}: {report.message}"
    return Finding("credential", "skipped", said) if unknown else Finding("credential", "fault", said, _new_key(name))


def _new_key(name: str) -> str:
    if name == RESERVED:
        return "set CUSTIFY_API_KEY to a key that Custify shows as valid"
    return f"a key that is kept here is replaced by: custify credential rotate {shlex.quote(name)}"


def limits(headers: Mapping[str, str], known: Manifest) -> Finding:
    """Tell what the service said of its rate limit, beside what is kept to here."""
    ours = f"this connector sends at most {known.rate_limit.requests} requests in {known.rate_limit.seconds:g} s"
    limit, left = headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining", "an unknown number")
    if limit is None:
        return Finding("limits", "ok", f"Custify named none in its answer; {ours}")
    return Finding("limits", "ok", f"Custify allows {limit} requests, {left} of them left now; {ours}")
