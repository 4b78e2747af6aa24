"""The commands that this console has started: each a process of its own, with what it said, until it has ended.

Decides how a command is started, asked to end, and listened to. It does not know what a command does.
"""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from custify_connector.contract.errors import ConfigurationError, Fault

_MOST_AT_ONCE = 8
_MOST_KEPT = 200
_SAID = 20_000
_PATIENCE_SECONDS = 10.0
_PROGRAM = "from custify_connector.cli import main; main(prog_name='custify')"


@dataclass(frozen=True)
class Origin:
    """The form that a command came from: its address, what was typed, and whether that was only tried."""

    address: str
    form: Mapping[str, str]
    tried: bool = False


@dataclass
class Started:
    """A command that runs or has ended; `said` is what it wrote for people.

    `since` is in milliseconds since 1970, as runs have it. `origin` is the form that it came from, `run` the number of
    the run that it is, once that is known.
    """

    number: int
    words: tuple[str, ...]
    title: str
    process: subprocess.Popen[bytes] = field(repr=False)
    output: BinaryIO = field(repr=False)
    since: int = 0
    origin: Origin | None = None
    run: int | None = None

    @property
    def pid(self) -> int:
        """The process."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self.process.poll()

    @property
    def said(self) -> str:
        """The end of what it wrote to standard error."""
        with Path(self.output.name).open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _SAID))
            return stream.read().decode("utf-8", "replace")

    def ask_to_end(self) -> None:
        """Ask it to finish what is under way, and begin nothing new."""
        if self.exit_code is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGINT)


class Commands:
    """Every command that was started here; the oldest that have ended are forgotten."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._started: dict[int, Started] = {}
        self._lock = threading.Lock()

    def start(
        self,
        words: Sequence[str],
        title: str,
        origin: Origin | None = None,
        given: bytes | None = None,
        *,
        all_of_it: bool = False,
    ) -> Started:
        """Start `custify WORDS` in the folder; raises ConfigurationError when too many run already.

        `given` is what it reads from standard input; `all_of_it` keeps what it writes to standard output, too.
        """
        with self._lock:
            if sum(each.exit_code is None for each in self._started.values()) >= _MOST_AT_ONCE:
                raise ConfigurationError((Fault("run", f"{_MOST_AT_ONCE} run already: wait until one has ended"),))
            output: Any = tempfile.NamedTemporaryFile(prefix="custify-console-")  # noqa: SIM115 - kept while it is shown
            since = time.time_ns() // 1_000_000
            process = subprocess.Popen(  # noqa: S603 - words of our own, never a shell
                [sys.executable, "-c", _PROGRAM, *words],
                cwd=self._folder,
                stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                stdout=output if all_of_it else subprocess.DEVNULL,
                stderr=output,
            )
            if process.stdin and given is not None:
                with suppress(BrokenPipeError), process.stdin as stream:
                    stream.write(given)
            started = Started(next(self._numbers), tuple(words), title, process, output, since, origin)
            self._started[started.number] = started
            self._forget()
        return started

    def _forget(self) -> None:
        ended = [each for each in self._started.values() if each.exit_code is not None]
        for each in ended[: max(0, len(self._started) - _MOST_KEPT)]:
            self._started.pop(each.number).output.close()

    def find(self, number: int) -> Started:
        """Return one; raises ConfigurationError when it is not known any more."""
        found = self._started.get(number)
        if found is None:
            raise ConfigurationError((Fault("run", "is no longer known: the list of runs has it"),))
        return found

    def with_words(self, words: Sequence[str]) -> Started | None:
        """Return the last command that begins with these words; None when none does."""
        found = (each for each in reversed(self._started.values()) if each.words[: len(words)] == tuple(words))
        return next(found, None)

    def of_run(self, pid: int) -> Started | None:
        """Return the command that runs in a process, None when it was not started here or has ended."""
        found = (each for each in self._started.values() if each.pid == pid and each.exit_code is None)
        return next(found, None)

    def close(self) -> None:
        """Ask every command to end, wait for that, and end those that do not."""
        for each in self._started.values():
            each.ask_to_end()
        for each in self._started.values():
            try:
                each.process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()
            each.output.close()
        self._started.clear()
