import threading

import pytest

from custify_connector.exchange.concurrency import InFlight


def entered(in_flight):
    """Say whether one more may enter at once; the one who waits is let in by the next who leaves."""
    thread = threading.Thread(target=in_flight.enter, daemon=True)
    thread.start()
    thread.join(timeout=0.05)
    return not thread.is_alive()


def test_no_more_than_the_bound_are_under_way():
    in_flight = InFlight(2)
    assert entered(in_flight)
    assert entered(in_flight)
    assert not entered(in_flight)
    in_flight.leave()


@pytest.mark.parametrize(
    ("answers", "allowed"),
    [
        pytest.param([0.01] * 8, 4, id="quick"),
        pytest.param([0.004, *[0.04] * 8], 4, id="slower, and not to be noticed"),
        pytest.param([0.1, 0.19], 4, id="a little slower"),
        pytest.param([0.1, 0.5], 3, id="slow"),
        pytest.param([0.1, 0.5, 0.5], 2, id="slow and slow"),
        pytest.param([0.1, *[9.0] * 20], 1, id="never less than one"),
        pytest.param([0.1, 0.5, *[0.1] * 4], 4, id="quick again"),
        pytest.param([0.1, 0.5, 0.1, 0.1], 3, id="not yet quick again"),
    ],
)
def test_fewer_are_under_way_while_more_only_make_each_slower(answers, allowed):
    in_flight = InFlight(4)
    for seconds in answers:
        in_flight.enter()
        in_flight.took(seconds)
        in_flight.leave()
    for _ in range(allowed):
        in_flight.enter()
    assert not entered(in_flight)
    in_flight.leave()
