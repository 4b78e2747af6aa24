"""Threads that make requests: how many calls are under way, and whether another is worth it."""

import threading
from contextlib import closing

import pytest

from custify_connector.exchange.workers import Workers


def refuse():
    raise LookupError("it is refused")


@pytest.mark.parametrize("most", [1, 2, 3])
def test_there_is_room_while_fewer_are_under_way(most):
    gate = threading.Event()
    with closing(Workers(3, "custify-test")) as workers:
        first = workers.submit(gate.wait, 10)
        others = [workers.submit(gate.wait, 10) for _ in range(most - 1)]
        assert workers.has_room(most + 1, first)
        gate.set()
        assert workers.has_room(most, first)
        assert all(call.result() for call in [first, *others])


def test_it_is_waited_for_a_call_that_ends_first_and_no_longer_than_for_the_first_one():
    gate, other_gate = threading.Event(), threading.Event()
    with closing(Workers(2, "custify-test")) as workers:
        first, _other = workers.submit(gate.wait, 10), workers.submit(other_gate.wait, 10)
        other_gate.set()
        assert workers.has_room(2, first)
        assert not first.done()
        other_gate.clear()
        workers.submit(other_gate.wait, 10)
        gate.set()
        assert not workers.has_room(1, first)
        assert first.done()
        other_gate.set()


def test_after_a_call_that_raised_there_is_no_room_though_an_earlier_one_is_late():
    gate = threading.Event()
    with closing(Workers(2, "custify-test")) as workers:
        first, refused = workers.submit(gate.wait, 10), workers.submit(refuse)
        assert not workers.has_room(2, refused)
        assert not workers.has_room(2, first)
        gate.set()
    assert isinstance(refused.exception(), LookupError)
