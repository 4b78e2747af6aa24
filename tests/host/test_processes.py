import os
import subprocess
from pathlib import Path

import pytest

from custify_connector.host import processes


def test_this_process_is_running_and_known_again():
    since = processes.started(processes.own())
    assert since == processes.started(os.getpid())
    assert processes.is_running(processes.own(), since, processes.machine())


def test_a_number_that_no_process_has_is_not_running():
    assert not processes.is_running(2**22 + 1, "boot 1", processes.machine())


@pytest.mark.parametrize(("since", "where"), [(None, processes.machine()), ("x", "elsewhere")])
def test_what_cannot_be_known_counts_as_running(since, where):
    assert processes.is_running(2**22 + 1, since, where)


def test_without_proc_the_system_is_asked(monkeypatch):
    def reported(words, **_options):
        return subprocess.CompletedProcess(words, 0, "Tue Nov 24 09:30:00 2026\n", "")

    monkeypatch.setattr(Path, "read_text", lambda *_: (_ for _ in ()).throw(OSError))
    monkeypatch.setattr(Path, "exists", lambda *_: False)
    monkeypatch.setattr(subprocess, "run", reported)
    assert processes.started(os.getpid()) == "Tue Nov 24 09:30:00 2026"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: (_ for _ in ()).throw(OSError))
    assert processes.started(os.getpid()) is None
