"""The first signal asks for an end, the second one ends at once; afterwards everything is as it was."""

import os
import signal
import threading

import pytest

from custify_connector.host.interruption import interruption

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_asks_for_an_end_and_names_the_exit_code(number, code):
    with interruption() as asked:
        assert not asked
        os.kill(os.getpid(), number)
        assert asked
        assert asked.exit_code == code


@pytest.mark.parametrize("first", BOTH)
@pytest.mark.parametrize("second", BOTH)
def test_a_second_signal_ends_the_run_at_once(first, second):
    with interruption() as asked:
        os.kill(os.getpid(), first)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), second)
        assert asked.exit_code == 128 + first


@pytest.mark.parametrize("error", [None, LookupError])
def test_the_handlers_before_come_back(error):
    before = [signal.getsignal(number) for number in BOTH]
    try:
        with interruption():
            assert [signal.getsignal(number) for number in BOTH] != before
            if error:
                raise error
    except LookupError:
        pass
    assert [signal.getsignal(number) for number in BOTH] == before


def test_outside_the_main_thread_nothing_is_listened_for():
    before, seen = signal.getsignal(signal.SIGINT), []

    def listen():
        with interruption() as asked:
            seen.extend([bool(asked), signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [False, before]
