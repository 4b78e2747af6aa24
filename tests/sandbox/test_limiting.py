import threading
import time

import pytest

from custify_connector.sandbox import Permissions, Quirks
from custify_connector.sandbox.admission import MovingWindow


def test_at_most_n_requests_are_let_in_in_any_window_and_refused_ones_cost_nothing():
    window, rate = MovingWindow(), (3, 10.0)
    verdicts = [(at, window.admit("k", rate, at)) for at in (0.0, 4.0, 5.0, 6.0, 9.9, 10.0, 10.1, 14.0, 15.0, 15.0)]
    assert [at for at, verdict in verdicts if verdict.allowed] == [0.0, 4.0, 5.0, 10.0, 14.0, 15.0]


@pytest.mark.parametrize(("at", "seconds"), [(5.0, 5), (6.5, 4), (9.999, 1), (9.0, 1)])
def test_retry_after_is_in_whole_seconds_and_always_enough(at, seconds):
    window, rate = MovingWindow(), (2, 10.0)
    window.admit("k", rate, 0.0)
    window.admit("k", rate, 4.0)
    refused = window.admit("k", rate, at)
    assert (refused.allowed, refused.remaining, refused.retry_after) == (False, 0, seconds)
    assert window.admit("k", rate, at + seconds).allowed


def test_keys_do_not_share_a_window_and_none_is_no_limit():
    window = MovingWindow()
    assert window.admit("a", (1, 10.0), 0.0).allowed
    assert window.admit("b", (1, 10.0), 0.0).allowed
    assert not window.admit("a", (1, 10.0), 0.0).allowed
    assert window.admit("a", None, 0.0).limit is None
    assert window.admit("c", (0, 10.0), 0.0).retry_after == 10


def test_a_request_given_back_leaves_its_place_to_another():
    window = MovingWindow()
    window.admit("a", (1, 10.0), 1.0)
    window.give_back("a", 1.0)
    window.give_back("a", 1.0)
    assert window.admit("a", (1, 10.0), 2.0).allowed


def test_over_the_limit_a_request_is_429_with_its_headers(make):
    _, client = make(rate_limit=(2, 30.0))
    answers = [client.get("/tag") for _ in range(3)]
    assert [one.status for one in answers] == [200, 200, 429]
    assert [one.headers["X-RateLimit-Remaining"] for one in answers] == ["1", "0", "0"]
    assert {one.headers["X-RateLimit-Limit"] for one in answers} == {"2"}
    assert [one.headers.get("Retry-After") for one in answers] == [None, None, "30"]
    assert answers[2].json["statusCode"] == 429


def test_after_retry_after_the_next_request_is_let_in(make):
    _, client = make(rate_limit=(1, 0.5))
    assert [client.get("/tag").status for _ in range(2)] == [200, 429]
    time.sleep(0.5)
    assert client.get("/tag").status == 200


def test_the_limit_headers_can_be_left_out_except_on_a_429(make):
    _, client = make(rate_limit=(1, 30.0), quirks=Quirks(limit_headers=False))
    assert "X-RateLimit-Limit" not in client.get("/tag").headers
    assert client.get("/tag").headers["X-RateLimit-Limit"] == "1"


def test_without_a_limit_there_are_no_headers(client):
    assert "X-RateLimit-Limit" not in client.get("/tag").headers


def test_each_key_has_a_budget_of_its_own_and_the_limit_can_change(make):
    sandbox, client = make(rate_limit=(1, 30.0))
    sandbox.keys["other"] = Permissions()
    assert client.get("/tag").status == 200
    assert client.send("GET", "/tag", key="other").status == 200
    assert client.get("/tag").status == 429
    sandbox.rate_limit = None
    assert client.get("/tag").status == 200
    assert sandbox.rate_limit is None


def test_all_threads_share_the_limit(make):
    sandbox, client = make(rate_limit=(25, 30.0))
    clients = [type(client)(sandbox) for _ in range(8)]
    statuses = []

    def ask(one):
        statuses.extend(one.get("/tag").status for _ in range(10))
        one.connection.close()

    threads = [threading.Thread(target=ask, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(200), statuses.count(429)) == (25, 55)
    assert sandbox.journal.busiest_window(30.0) == 25
