"""Several streams side by side: one that fails stops no other, a refused key stops all."""

import threading

import pytest

from custify_connector.contract.errors import CredentialRefused, ServiceUnavailable
from custify_connector.contract.events import RateLimitWait, current_listener, listening
from custify_connector.host.runs import ReadCount
from custify_connector.host.several import read_all


def gives(count):
    return lambda _stopped: count


def fails(error):
    def read(_stopped):
        raise error

    return read


def never():
    return False


def test_each_stream_has_its_end_in_the_order_given():
    reported = []
    reads = {"a": gives(ReadCount(1)), "b": fails(ServiceUnavailable("gone")), "c": gives(ReadCount(3, ended=True))}
    done = read_all(reads, never, lambda name, _ended: reported.append(name))
    assert list(done) == ["a", "b", "c"]
    assert sorted(reported) == ["a", "b", "c"]
    assert [each.whole for each in done.values()] == [True, False, False]
    assert isinstance(done["b"].error, ServiceUnavailable)


def test_the_events_of_every_stream_go_to_who_listens():
    heard = []

    def read(_stopped):
        current_listener()(RateLimitWait(1.0))
        return ReadCount(1)

    with listening(heard.append):
        read_all({"a": read, "b": read}, never)
    assert heard == [RateLimitWait(1.0)] * 2


def test_those_under_way_learn_that_the_key_is_refused():
    begun, seen = threading.Event(), threading.Event()

    def waits(stopped):
        begun.set()
        while not stopped():
            seen.wait(0.01)
        return ReadCount(2, ended=True)

    def refused(_stopped):
        begun.wait(10)
        raise CredentialRefused("no")

    done = read_all({"a": waits, "b": refused}, never)
    assert done["a"].count == ReadCount(2, ended=True)


def test_nothing_is_begun_once_the_end_is_asked_for():
    done = read_all({"a": gives(ReadCount(1))}, lambda: True)
    assert (done["a"].count, done["a"].error) == (None, None)


def test_a_fault_of_the_program_ends_all_and_is_raised():
    with pytest.raises(ZeroDivisionError):
        read_all({"a": fails(ZeroDivisionError()), "b": gives(ReadCount(1))}, never)
