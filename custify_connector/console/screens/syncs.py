"""Syncs: what was saved under a name in the folder, how each last ended, and a run at once."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response

from custify_connector.console.asking import Asked, Notice
from custify_connector.console.commands import Read, Write
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import syncs
from custify_connector.manifest import resources

PLACE = "sync"
"""The field of a form that has the name."""


def every(asked: Asked) -> Response:
    """Show every sync of the folder."""
    found = syncs.every(_folder(asked), resources.schema("load"))
    return asked.page("syncs.html", here="syncs", syncs=found, words=("sync", "list"))


def run(asked: Asked) -> Response:
    """Start the command that runs a sync."""
    sync = syncs.find(_folder(asked), asked.form.get("name", ""), resources.schema("load"))
    started = asked.console.commands.start(("sync", "run", sync.name), f"Sync {sync.name}")
    return asked.go(f"/started/{started.number}")


def saved(asked: Asked, wanted: Read | Write) -> Response:
    """Save what a form asks for under its name; raises ConfigurationError, with the place of that field."""
    if unplanned := wanted.unplanned():
        reason = f"a plan has no {unplanned[0]}; leave it out here, and give it to custify sync run"
        raise ConfigurationError((Fault(PLACE, reason),))
    if not asked.known.in_vault:
        raise ConfigurationError((Fault(PLACE, f"a plan takes no connector, so {asked.known.title} cannot be in one"),))
    try:
        path = syncs.save(_folder(asked), asked.form.get(PLACE, ""), wanted.plan(_beside))
    except ConfigurationError as error:
        raise ConfigurationError(tuple(Fault(PLACE, fault.reason) for fault in error.faults)) from None
    name = asked.console.folder.named(path)
    return asked.go("/syncs", Notice("good", f"{path.stem} is saved as {name}. Commit that file to keep its history."))


def _folder(asked: Asked) -> Path:
    return asked.console.folder.inside(syncs.FOLDER, PLACE)


def _beside(path: str) -> str:
    """Return a path of the console's folder as a plan in the folder of syncs has it."""
    return f"../{path}"
