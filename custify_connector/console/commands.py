"""What the command line would be for what a page is about to do: the words after `custify`.

Pure. It is what the page shows to copy, and what is started for a run: the two cannot differ.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from custify_connector.console.pacing import USUAL, Pace
from custify_connector.host import named_states

Words = tuple[str, ...]


def shown(words: Iterable[str]) -> str:
    """Return a command as it is typed into a shell."""
    return shlex.join(["custify", *words])


def _option(name: str, value: object) -> Words:
    return () if value in (None, "", False) else (name, str(value))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was chosen: nothing that is empty, false or None."""
    return {name: value for name, value in values.items() if value not in ("", None, False, [], {})}


def parameters(values: Mapping[str, Any]) -> Words:
    """Return the words for parameters: text as it is, the rest as JSON."""
    texts = (f"{name}={value if isinstance(value, str) else _json(value)}" for name, value in values.items())
    return tuple(word for text in texts for word in ("--param", text))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def whom(credential: str, connector: str) -> Words:
    """Return the words for who is asked: a stored credential, or one handed in, for another connector."""
    if connector:
        return ("--connector", connector, "--credential-file", "-")
    return _option("--credential", credential)


@dataclass(frozen=True)
class Read:
    """A read as its form describes it; an empty text was not chosen.

    `manual` is a source configured by hand, in place of an endpoint; `connector` is empty for this installation's own.
    """

    endpoint: str
    credential: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    mode: str = ""
    fields: tuple[str, ...] = ()
    limit: int | None = None
    state: str = ""
    output: str = ""
    undocumented: bool = False
    connector: str = ""
    manual: Mapping[str, Any] | None = None
    overwrite: bool = False
    pace: Pace = USUAL

    def source(self) -> dict[str, Any]:
        """Return the argument of the hook."""
        chosen = {"mode": self.mode, "fields": list(self.fields), "limit": self.limit, "params": dict(self.parameters)}
        settings = {"settings": {"undocumented": True}} if self.undocumented else {}
        what = {"endpoint": self.endpoint} if self.manual is None else self.manual
        return {**what, **{name: value for name, value in chosen.items() if value}, **settings}

    def sample(self, count: int) -> Words:
        """Return the command that shows the first records."""
        return ("sample", *self._what(), "--count", str(count), *parameters(self.parameters), *self._whom())

    def words(self) -> Words:
        """Return the command that reads it into a file."""
        fields = tuple(word for name in self.fields for word in ("--field", name))
        options = (("--output", self.output), ("--mode", self.mode), ("--state", self.state), ("--limit", self.limit))
        chosen = tuple(word for name, value in options for word in _option(name, value))
        chosen += ("--overwrite",) * self.overwrite
        asked = (*parameters(self.parameters), *self.pace.words(), *self._whom())
        return ("read", *self._what(), *chosen, *fields, *asked)

    def unplanned(self) -> Words:
        """Return the options that a plan cannot hold."""
        return self.pace.words()

    def plan(self, places: Callable[[str], str]) -> dict[str, Any]:
        """Return the plan that reads it; `places` turns a path of the folder into one of the plan."""
        state = self.state and (self.state if named_states.is_name(self.state) else places(self.state))
        chosen = {"mode": self.mode, "state": state, "params": dict(self.parameters), "fields": list(self.fields),
                  "limit": self.limit, "overwrite": self.overwrite}  # fmt: skip
        read = {"endpoints": [self.endpoint], "output": places(self.output), **_given(chosen)}
        return _given({"credential": self.credential, "undocumented": self.undocumented, "reads": [read]})

    def _what(self) -> Words:
        return (self.endpoint,) if self.manual is None else ("--source", _json(self.manual))

    def _whom(self) -> Words:
        return whom(self.credential, self.connector) + ("--undocumented",) * self.undocumented


@dataclass(frozen=True)
class ReadSeveral:
    """A read of several endpoints into a folder or a database; `left_out` are those that `--all` would read besides."""

    endpoints: tuple[str, ...]
    left_out: tuple[str, ...]
    credential: str
    output: str
    state: str = ""
    undocumented: bool = False
    connector: str = ""
    pace: Pace = USUAL

    def words(self) -> Words:
        """Return the command, by the endpoints that it names or leaves out, whichever are fewer."""
        left_out = tuple(word for name in self.left_out for word in ("--except", name))
        what = ("--all", *left_out) if len(self.left_out) < len(self.endpoints) else self.endpoints
        kept = (
            _option("--output", self.output) + _option("--state", self.state) + ("--undocumented",) * self.undocumented
        )
        return ("read", *what, *kept, *self.pace.words(), *whom(self.credential, self.connector))


@dataclass(frozen=True)
class Write:
    """A write as its form describes it; an empty text was not chosen."""

    endpoint: str
    file: str
    credential: str
    rules: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    table: str = ""
    empty: str = "absent"
    delivery: str = "single"
    on_reject: str = "continue"
    max_rejects: str = ""
    quarantine: str = ""
    skip_unchanged: bool = False
    undocumented: bool = False
    connector: str = ""
    query: str = ""
    capture: bool = False
    resend_unclear: bool = False
    pace: Pace = USUAL

    def destination(self, *, dry_run: bool) -> dict[str, Any]:
        """Return the argument of the hook."""
        chosen: dict[str, Any] = {
            "params": dict(self.parameters),
            "delivery": self.delivery,
            "on_reject": self.on_reject,
        }
        if self.max_rejects:
            chosen["max_rejects"] = int(self.max_rejects) if self.max_rejects.isdecimal() else self.max_rejects
        settings = {"settings": {"undocumented": True}} if self.undocumented else {}
        return {"endpoint": self.endpoint, "dry_run": dry_run, **chosen, **settings}

    def sample(self, count: int) -> Words:
        """Return the command that shows the requests of the first rows."""
        return ("sample", self.endpoint, self.file, "--count", str(count), *self._what(), *self._unsent())

    def dry_run(self) -> Words:
        """Return the command that checks every row and sends nothing."""
        return ("write", self.endpoint, self.file, *self._what(), *self._how(), "--dry-run", *self._unsent())

    def diff(self, rows: str) -> Words:
        """Return the command that compares so many rows, or all, with what the service holds."""
        compared = (
            "write",
            self.endpoint,
            self.file,
            *self._what(),
            *_option("--empty", self.empty if self.empty != "absent" else ""),
            "--diff",
            rows,
        )
        return (*compared, *whom(self.credential, self.connector))

    def words(self) -> Words:
        """Return the command that writes."""
        kept = _option("--quarantine", self.quarantine) + ("--skip-unchanged",) * self.skip_unchanged
        kept += self.unplanned()
        return (
            "write", self.endpoint, self.file, *self._what(), *self._how(), *kept,
            *whom(self.credential, self.connector),
        )  # fmt: skip

    def unplanned(self) -> Words:
        """Return the options that a plan cannot hold."""
        return ("--capture",) * self.capture + ("--resend-unclear",) * self.resend_unclear + self.pace.words()

    def plan(self, places: Callable[[str], str]) -> dict[str, Any]:
        """Return the plan that writes it; `places` turns a path of the folder into one of the plan."""
        usual = {"empty": "absent", "delivery": "single", "on_reject": "continue"}
        quarantine = self.quarantine and places(self.quarantine)
        run = {"credential": self.credential, "delivery": self.delivery, "on_reject": self.on_reject,
               "max_rejects": self.max_rejects, "quarantine": quarantine, "skip_unchanged": self.skip_unchanged,
               "undocumented": self.undocumented}  # fmt: skip
        write = {"endpoint": self.endpoint, "file": places(self.file), "table": self.table, "query": self.query,
                 "map": list(self.rules),
                 "empty": self.empty, "params": dict(self.parameters)}  # fmt: skip
        kept = {name: value for name, value in run.items() if value != usual.get(name)}
        return {**_given(kept), "writes": [_given({n: value for n, value in write.items() if value != usual.get(n)})]}

    def _unsent(self) -> Words:
        """Return the credential where nothing is sent: none for our own connector; another may want its credential."""
        return whom("", self.connector)

    def _what(self) -> Words:
        rules = tuple(word for rule in self.rules for word in ("--map", rule))
        undocumented = ("--undocumented",) * self.undocumented
        given = _option("--table", self.table) + _option("--query", self.query)
        return rules + parameters(self.parameters) + given + undocumented

    def _how(self) -> Words:
        defaults = {"--empty": "absent", "--delivery": "single", "--on-reject": "continue", "--max-rejects": ""}
        chosen = (self.empty, self.delivery, self.on_reject, self.max_rejects)
        pairs = zip(defaults.items(), chosen, strict=True)
        return tuple(word for (name, usual), value in pairs if value != usual for word in (name, value))
