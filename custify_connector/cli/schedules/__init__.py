"""What starts a sync every day, as text for each scheduler: the templates of this folder, filled.

Decides which folder, program and home are named. No key is among the words.
"""

from __future__ import annotations

import getpass
import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import Any, Literal, get_args

import click

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import home
from custify_connector.host.syncs import Sync

Form = Literal["cron", "systemd", "airflow", "kubernetes"]
FORMS: tuple[Form, ...] = get_args(Form)

_FILES: dict[Form, str] = {
    "cron": "cron.txt",
    "systemd": "systemd.txt",
    "airflow": "airflow.txt",
    "kubernetes": "kubernetes.txt",
}
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class Time(click.ParamType):  # type: ignore[type-arg] # generic in the newer versions of click alone
    """A time of the day."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - as click has it
        """Return the time; fails, as click does, for a text that is none."""
        if not _TIME.fullmatch(str(value)):
            self.fail(f"must be a time such as 02:15, not {value!r}", param, ctx)
        return str(value)


def text(form: Form, sync: Sync, at: str) -> str:
    """Return what a scheduler takes, with absolute paths."""
    hour, minute = at.split(":")
    path, folder = sync.path.resolve(), str(Path.cwd())
    for place in (str(path), folder, str(home.directory())):
        if not place.isprintable():
            raise ConfigurationError((Fault(repr(place), "a schedule cannot name a folder with a line break"),))
    words = [*program(), "sync", "run", sync.name, "--folder", str(path.parent)]
    values = {
        "name": sync.name,
        "at": at,
        "cron": f"{int(minute)} {int(hour)} * * *",
        "home": str(home.directory()),
        "cron_command": f"cd {shlex.quote(folder)} && exec {shlex.join(words)}".replace("%", r"\%"),
        "unit_folder": folder.replace("%", "%%"),
        "unit_home": _for_systemd(f"CUSTIFY_HOME={home.directory()}", "$"),
        "unit_command": " ".join(map(_for_systemd, words)),
        "python_words": repr(words),
        "python_folder": repr(folder),
        "python_home": repr(str(home.directory())),
        "user": _user(),
        "identifier": re.sub(r"\W", "_", sync.name),
        "object": sync.name.lower().replace("_", "-")[:40].strip("-") or "sync",
    }
    return Template((Path(__file__).parent / _FILES[form]).read_text("utf-8")).substitute(values)


def _user() -> str:
    """Return who runs this; a container may have a user without a name."""
    with suppress(KeyError, OSError, ImportError):
        return getpass.getuser()
    return "custify"


def program() -> list[str]:
    """Return the command as a program that needs no search path."""
    script = Path(sys.executable).with_name("custify")
    return [str(script)] if script.exists() else [sys.executable, "-m", "custify_connector"]


def _for_systemd(word: str, dollar: str = "$$") -> str:
    """Return a word as a unit has it: % means something there, in a command also $, and so do quotes and spaces."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", dollar)
    return escaped if re.fullmatch(r"[\w./:@%+=-]+", escaped) else f'"{escaped}"'
