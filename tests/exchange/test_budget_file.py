"""The window that processes share: never more than the limit in it, whichever counts, and whichever is killed."""

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import custify_connector
from custify_connector.contract.errors import ConfigurationError
from custify_connector.exchange.budget_file import BudgetFile

ROOT = Path(custify_connector.__file__).parents[1]
JITTER = 0.25


@pytest.fixture
def opened(tmp_path):
    """Return what opens one file once more."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(BudgetFile(tmp_path / "budget")))


@pytest.fixture
def window(opened):
    """Return a shared window."""
    return opened()


def counted(window, now, requests=3, seconds=10.0):
    return window.try_to_count(now, now + JITTER, requests, seconds)


def test_places_are_given_until_the_window_is_full_and_again_when_the_first_has_left_it(window):
    assert [counted(window, now) for now in (100.0, 101.0, 102.0)] == [0.0, 0.0, 0.0]
    assert counted(window, 103.0) == pytest.approx(7.25)
    assert counted(window, 110.125) == pytest.approx(0.125)
    assert counted(window, 110.25) == 0.0
    assert counted(window, 110.25) == pytest.approx(1.0)


def test_what_waits_does_not_take_a_place(window):
    for now in (100.0, 100.0, 100.0):
        counted(window, now)
    for _ in range(20):
        assert counted(window, 105.0) > 0
    assert [counted(window, 110.25) for _ in range(3)] == [0.0] * 3


def test_two_windows_with_one_file_are_one(opened):
    one, other = opened(), opened()
    assert [counted(each, 100.0) for each in (one, other, one)] == [0.0] * 3
    assert counted(other, 100.0) == counted(one, 100.0) > 0


def test_a_hold_is_everybodys(opened):
    one, other = opened(), opened()
    one.hold_back(107.0)
    one.hold_back(104.0)
    assert counted(other, 100.0) == 7.0
    assert counted(other, 107.0) == 0.0


WALL = 1_700_000_000.0


def at_wall(window, now, wall):
    return window.try_to_count(now, now + JITTER, 3, 10.0, wall - now)


@pytest.mark.parametrize("now", [5.0, 49_950.0, 50_004.0, 90_000.0])
def test_after_a_restart_of_the_machine_the_wall_clock_says_what_is_in_the_window(window, now):
    for _ in range(3):
        at_wall(window, 50_000.0, WALL)
    assert at_wall(window, now, WALL + 4) == pytest.approx(6.25)
    assert at_wall(window, now + 20, WALL + 24) == 0.0


@pytest.mark.parametrize("jump", [-86_400.0, -20.0, 20.0, 86_400.0])
def test_a_change_of_the_wall_clock_changes_nothing(window, jump):
    for _ in range(3):
        at_wall(window, 50_000.0, WALL)
    assert at_wall(window, 50_004.0, WALL + 4 + jump) == pytest.approx(6.25)
    assert at_wall(window, 50_010.25, WALL + 10.25 + jump) == 0.0


def test_a_small_change_of_the_wall_clock_holds_places_longer_and_never_shorter(window):
    for _ in range(3):
        at_wall(window, 50_000.0, WALL)
    assert at_wall(window, 50_004.0, WALL + 4 - 2) == pytest.approx(8.25)
    assert at_wall(window, 50_004.0, WALL + 4 + 5) == pytest.approx(6.25)


def test_a_restart_at_a_wall_clock_that_was_set_back_holds_places_for_one_window(window):
    for _ in range(3):
        at_wall(window, 50_000.0, WALL)
    assert at_wall(window, 5.0, 0.0) == pytest.approx(10.0)
    assert at_wall(window, 15.0, 10.0) == 0.0


def test_a_hold_lasts_over_a_restart_and_a_change_of_the_wall_clock_and_never_for_ever(window):
    window.hold_back(50_007.0, 50_000.0, WALL - 50_000)
    assert at_wall(window, 50_002.0, WALL + 2 + 3_600) == pytest.approx(5.0)
    assert at_wall(window, 12.0, WALL + 3) == pytest.approx(4.0)
    assert at_wall(window, 12.0, 0.0) == 0.0


def test_a_hold_from_before_the_machine_was_restarted_does_not_hide_one_of_today(window):
    window.hold_back(50_000.0)
    window.hold_back(12.0)
    assert counted(window, 5.0) == 7.0


@pytest.mark.parametrize("seconds", [0.125, 0.25, 1.0])
def test_a_window_shorter_than_the_jitter_holds_too(window, seconds):
    """What counts a quarter of a second from now is of this window, however short the window is."""
    assert [counted(window, 100.0, 2, seconds) for _ in range(3)][:2] == [0.0, 0.0]
    assert counted(window, 100.0, 2, seconds) == pytest.approx(JITTER + seconds)


def test_a_window_that_was_closed_stays_in_its_file(opened):
    first = opened()
    for _ in range(3):
        counted(first, 100.0)
    first.close()
    assert counted(opened(), 100.0) > 0


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_text("no database at all" * 99)])
def test_a_file_that_cannot_be_used_is_refused(tmp_path, make):
    path = tmp_path / "budget"
    make(path)
    with pytest.raises(ConfigurationError, match=r"settings\.budget: .*budget (cannot be used|is damaged)"):
        BudgetFile(path)


steps = st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=40)


@given(steps, st.integers(1, 4), st.sampled_from([0.5, 1.0, 4.0]))
def test_no_window_holds_more_than_the_limit_whatever_the_schedule(tmp_path_factory, steps, requests, seconds):
    path = tmp_path_factory.mktemp("law") / "budget"
    now, places = 100.0, []
    with closing(BudgetFile(path)) as one, closing(BudgetFile(path)) as other:
        for sixteenths, which in steps:
            now += sixteenths / 16
            wait = (one, other)[which].try_to_count(now, now + JITTER, requests, seconds)
            assert wait >= 0
            if wait == 0:
                places.append(now)
    assert all(last - first >= seconds for first, last in zip(places, places[requests:], strict=False))


def most_in_a_window(moments, seconds):
    """Return the most moments in any half-open window."""
    moments = sorted(moments)
    return max(sum(first <= moment < first + seconds for moment in moments) for first in moments)


def work(window, requests, seconds, times):
    """Take so many places, waiting as asked; returns when each was taken."""
    moments = []
    while len(moments) < times:
        now = time.monotonic()
        wait = window.try_to_count(now, now + JITTER, requests, seconds)
        if wait == 0:
            moments.append(now)
        else:
            time.sleep(wait)
    return moments


def test_threads_with_one_file_keep_to_the_limit(window):
    moments = []
    threads = [threading.Thread(target=lambda: moments.extend(work(window, 6, 0.3, 3))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(moments) == 18
    assert most_in_a_window(moments, 0.3) <= 6


WORKER = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from custify_connector.exchange.budget_file import BudgetFile
    window, times = BudgetFile(Path(sys.argv[1])), int(sys.argv[2])
    while times:
        now = time.monotonic()
        wait = window.try_to_count(now, now + 0.25, 5, 0.3)
        if wait == 0:
            times -= 1
            print(repr(now), flush=True)
        else:
            time.sleep(wait)
""")


def start(path, times):
    command = [sys.executable, "-c", WORKER, str(path), str(times)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - our own code


def test_processes_with_one_file_keep_to_the_limit_also_when_one_of_them_is_killed(tmp_path):
    path = tmp_path / "budget"
    killed, *others = [start(path, times) for times in (10_000, 10, 10)]
    seen = [float(killed.stdout.readline()) for _ in range(3)]
    killed.send_signal(signal.SIGKILL)
    outputs = [process.communicate()[0] for process in (killed, *others)]
    seen += [float(line) for output in outputs for line in output.splitlines()]
    assert [process.returncode for process in others] == [0, 0]
    assert most_in_a_window(seen, 0.3) <= 5
    assert len(list(itertools.chain(seen))) >= 23
