"""When fewer requests under way are allowed: only where more of them gave fewer answers a second."""

from hypothesis import given
from hypothesis import strategies as st

from custify_connector.exchange.saturation import ANSWERS, SECONDS, Ceiling, Latency, Saturation, Throughput, judged
from custify_connector.manifest import RateLimit

BOUND = 32
throughputs = st.builds(Throughput, st.floats(1, 64), st.floats(0.01, 1_000))


@given(st.lists(throughputs, max_size=60))
def test_at_least_one_and_never_more_than_the_bound(throughputs_seen):
    ceiling = Ceiling(BOUND)
    for each in throughputs_seen:
        ceiling = judged(ceiling, each, BOUND)
        assert 1 <= ceiling.most <= BOUND


def test_fewer_that_gave_no_more_answers_are_taken_back():
    ceiling = judged(Ceiling(BOUND), Throughput(32, 8.0), BOUND)
    assert ceiling.most < BOUND
    assert judged(ceiling, Throughput(ceiling.most, 8.0), BOUND).most == BOUND


def test_fewer_that_gave_more_answers_are_followed_by_fewer_still():
    ceiling = judged(Ceiling(BOUND), Throughput(32, 2.0), BOUND)
    assert judged(ceiling, Throughput(ceiling.most, 4.0), BOUND).most < ceiling.most


def seen(saturation, answers):
    """Take in answers, eight of them in the least time of a while."""
    for number, answer in enumerate(answers):
        saturation.answered(100 + number * SECONDS / 8, answer, BOUND, RateLimit(100, 10))


def test_answers_that_came_as_quickly_as_the_limit_allows_change_nothing():
    saturation = Saturation(BOUND)
    seen(saturation, [Latency(3.2, 32)] * ANSWERS * 4)
    assert saturation.most == BOUND


def test_few_requests_under_way_are_no_evidence():
    saturation = Saturation(BOUND)
    seen(saturation, [Latency(9.0, 4)] * ANSWERS * 4)
    assert saturation.most == BOUND


def test_a_service_that_is_slower_than_the_limit_is_tried_with_fewer():
    saturation = Saturation(BOUND)
    seen(saturation, [Latency(16.0, 32)] * ANSWERS * 2)
    assert saturation.most < BOUND
