"""Authenticate: a tile for each credential, and the form for a new one, drawn from the connector's own schema.

The key goes in once; no page has it afterwards.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from custify_connector.console import forms
from custify_connector.console.asking import Asked, Notice
from custify_connector.console.credentials import NotAccepted
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.vault import OpaqueMapping

_MOST_HELD = 20
"""How many forms may wait for another try."""


def every(asked: Asked) -> Response:
    """Show the tiles."""
    return _tiles(asked)


def _tiles(asked: Asked, name: str = "", faults: Mapping[str, str] | None = None) -> Response:
    known = asked.known
    entries = asked.console.credentials.entries(known)
    status = 400 if faults else 200
    return asked.page(
        "credentials.html", status, known=known, entries=entries, wrong_name=name, wrong=faults or {},
        key_field=_key_field(known.description["credential"]), here="credentials",
    )  # fmt: skip


def _key_field(schema: Mapping[str, Any]) -> forms.Field | None:
    return next((field for field in forms.fields_of(schema) if field.kind == "password"), None)


def form(asked: Asked) -> Response:
    """Show the form for a new credential."""
    return _form(asked)


def _form(asked: Asked, faults: Sequence[Fault] = (), refused: str = "", held: str = "") -> Response:
    schema = asked.known.description["credential"]
    typed = _without_keys(schema, {**asked.form, **asked.console.held.get(held, {})})
    fields = forms.fields_of(schema, typed, faults)
    others = forms.placed(faults, schema.get("properties", {})).get("", [])
    name = typed.get("name") or "NAME"
    return asked.page(
        "credential_form.html", 400 if faults or refused else 200, known=asked.known, fields=fields, others=others,
        refused=refused, words=_add_words(name, typed), here="credentials", held=held, can_skip=asked.known.in_vault,
    )  # fmt: skip


def _without_keys(schema: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed without any field that has the key in it: it must not come back, wherever it was put."""
    secret = [typed[each.name] for each in forms.fields_of(schema) if each.kind == "password" and typed.get(each.name)]
    return {name: text for name, text in typed.items() if not any(key in text for key in secret)}


def _add_words(name: str, typed: Mapping[str, str]) -> tuple[str, ...]:
    options = (("--description", "description"), ("--base-url", "base_url"), ("--allow-host", "allow_host"))
    chosen = tuple(word for option, field in options if typed.get(field) for word in (option, typed[field]))
    return ("credential", "add", name, *chosen)


def add(asked: Asked) -> Response:
    """Keep a new credential, once the service has accepted it."""
    known = asked.known
    typed, held = _with_held(asked)
    given, faults = forms.values_of(known.description["credential"], typed, "credential")
    if faults:
        return _form(asked, faults, held=held)
    try:
        report = asked.console.credentials.add(known, given, untested="untested" in asked.form)
    except ConfigurationError as error:
        return _form(asked, error.faults, held=held)
    except NotAccepted as error:
        faults = _at_its_field(known.description["credential"], error.report.message)
        return _form(asked, faults, "" if faults else error.report.message, held)
    asked.console.held.pop(held, None)
    said = f"{report.message}. " if report else ""
    return asked.go(f"/{known.name}/credentials", Notice("good", f"{said}{given.get('name', 'It')} is kept."))


def _at_its_field(schema: Mapping[str, Any], message: str) -> list[Fault]:
    """Return the fault of a field that a report speaks of, in the form `credential.base_url: reason`."""
    place, _, reason = message.partition(": ")
    is_field = place.startswith("credential.") and place.partition(".")[2] in schema.get("properties", {})
    return [Fault(place, reason)] if is_field else []


def _with_held(asked: Asked) -> tuple[dict[str, str], str]:
    """Return what was typed, with the keys that an earlier try of the form left, and the name under which they wait.

    A service shows a key once: an error must not lose it. They stay in memory, and no page has them.
    """
    names = [each.name for each in forms.fields_of(asked.known.description["credential"]) if each.kind == "password"]
    before = asked.console.held.pop(asked.form.get("held", ""), {})
    keys = {name: asked.form.get(name) or before.get(name, "") for name in names}
    if not any(keys.values()):
        return dict(asked.form), ""
    held = secrets.token_urlsafe(16)
    asked.console.held[held] = OpaqueMapping(keys)
    for old in list(asked.console.held)[:-_MOST_HELD]:
        del asked.console.held[old]
    return {**asked.form, **keys}, held


def test(asked: Asked) -> Response:
    """Ask the service whether it accepts a credential."""
    name = asked.form.get("name", "")
    report = asked.console.credentials.test(asked.known, name)
    notice = Notice("good" if report.ok else "bad", f"{name}: {report.message} ({report.elapsed_ms} ms)")
    return asked.go(f"/{asked.known.name}/credentials", notice)


def rotate(asked: Asked) -> Response:
    """Replace a key by one that the service accepts."""
    name, known = asked.form.get("name", ""), asked.known
    try:
        report = asked.console.credentials.rotate(known, name, asked.form.get("api_key", ""))
    except ConfigurationError as error:
        return _tiles(asked, name, {"rotate": "; ".join(fault.reason for fault in error.faults)})
    except NotAccepted as error:
        return _tiles(asked, name, {"rotate": f"The old key stays: {error.report.message}"})
    text = f"{report.message}. {name} has the new key; delete the old one where it was made."
    return asked.go(f"/{known.name}/credentials", Notice("good", text))


def remove(asked: Asked) -> Response:
    """Forget a credential, unless a run needs it."""
    name, known = asked.form.get("name", ""), asked.known
    try:
        asked.console.credentials.remove(known, name)
    except ConfigurationError as error:
        return _tiles(asked, name, {"remove": "; ".join(fault.reason for fault in error.faults)})
    text = f"{name} is removed here. Its key is valid until you delete it where it was made."
    return asked.go(f"/{known.name}/credentials", Notice("good", text))
