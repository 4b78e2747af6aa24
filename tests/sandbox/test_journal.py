import threading

import pytest

from custify_connector.sandbox import Entry, Journal
from custify_connector.sandbox.journal import Outcome


def entry(at=0.0, **fields):
    return Entry(**{"index": 0, "at": at, "method": "GET", "path": "/tag", "query": {}, **fields})


def test_every_request_has_an_entry_that_says_what_came_of_it(client, sandbox):
    client.get("/people/all", page="2", itemsPerPage="5")
    client.post("/people", {"user_id": "x"})
    client.get("/unknown")
    first, second, third = sandbox.journal.entries
    assert (first.index, first.method, first.path, first.status) == (0, "GET", "/people/all", 200)
    assert first.query == {"page": ["2"], "itemsPerPage": ["5"]}
    assert (first.body, first.applied, first.key_ok, first.fault) == (None, False, True, None)
    assert (second.body, second.applied) == ({"user_id": "x"}, True)
    assert (third.status, third.applied) == (404, False)
    assert first.at <= second.at <= third.at
    assert first.duration >= 0


def test_no_key_and_no_header_is_kept(client, sandbox):
    client.send("GET", "/tag", headers={"X-Secret": "hush"})
    client.send("GET", "/tag", key="wrong-key")
    assert "hush" not in repr(sandbox.journal.entries)
    assert sandbox.api_key not in repr(sandbox.journal.entries)
    assert "wrong-key" not in repr(sandbox.journal.entries)
    assert [one.key_ok for one in sandbox.journal.entries] == [True, False]


def test_a_body_that_is_no_json_is_kept_as_none(client, sandbox):
    client.send("POST", "/people", b"{")
    client.send("POST", "/file", b"x", headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert [one.body for one in sandbox.journal.entries] == [None, None]


def test_entries_are_counted_by_method_path_and_status(client, sandbox):
    client.get("/people/all")
    client.get("/people/unknown")
    client.post("/people", {})
    journal = sandbox.journal
    assert journal.count() == 3
    assert journal.count(method="GET") == 2
    assert journal.count(path_prefix="/people/") == 2
    assert journal.count(status=404) == journal.count("GET", "/people", 404) == 1
    assert journal.statuses() == {200: 1, 400: 1, 404: 1}
    assert len(journal) == 3


@pytest.mark.parametrize(
    ("times", "seconds", "busiest"),
    [
        ([], 10.0, 0),
        ([1.0], 10.0, 1),
        ([0.0, 10.0], 10.0, 1),
        ([0.0, 9.9, 10.0, 19.8], 10.0, 3),
        ([5.0, 1.0, 1.2], 1.0, 2),
    ],
)
def test_the_busiest_window_is_half_open(times, seconds, busiest):
    journal = Journal()
    for at in times:
        journal.open(entry(at))
    journal.open(entry(times[0] if times else 0.0, accepted=False))
    assert journal.busiest_window(seconds) == busiest


def test_a_bounded_journal_keeps_the_newest_entries_and_counts_all():
    journal = Journal(keep=10)
    for number in range(100):
        index = journal.open(entry(float(number)))
        journal.close(index, Outcome(200), number + 0.5)
    journal.close(0, Outcome(500), 200.0)
    kept = journal.entries
    assert 10 <= len(kept) <= 20
    assert [one.index for one in kept] == list(range(100 - len(kept), 100))
    assert kept[-1].status == 200
    assert len(journal) == 100
    assert journal.busiest_window(10.0) == 10
    assert journal.statuses() == {200: 100, 500: 1}


def test_a_cleared_journal_starts_again(client, sandbox):
    client.get("/tag")
    index = sandbox.journal.open(entry())
    sandbox.journal.clear()
    sandbox.journal.close(index, Outcome(200), 1.0)
    assert sandbox.journal.entries == []
    assert sandbox.journal.busiest_window() == 0
    client.get("/tag")
    assert sandbox.journal.entries[0].index == 0


def test_what_the_limit_takes_back_is_no_longer_counted():
    journal = Journal()
    for at in (1.0, 2.0):
        index = journal.open(entry(at))
    journal.close(index, Outcome(429, accepted=False), 2.0)
    assert journal.busiest_window() == 1
    assert [one.accepted for one in journal.entries] == [True, False]


def test_entries_of_many_threads_are_all_kept_in_the_order_of_arrival(make):
    sandbox, client = make()
    clients = [type(client)(sandbox) for _ in range(6)]

    def ask(one):
        for _ in range(20):
            one.get("/tag", itemsPerPage="1")
        one.connection.close()

    threads = [threading.Thread(target=ask, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = sandbox.journal.entries
    assert [one.index for one in entries] == list(range(120))
    assert all(one.status == 200 for one in entries)
    assert [one.at for one in entries] == sorted(one.at for one in entries)
