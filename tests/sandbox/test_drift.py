import pytest

from custify_connector.sandbox import Drift, Quirks


@pytest.mark.parametrize(("path", "key"), [("/people/all", "people"), ("/company/all", "companies")])
def test_drift_takes_turns_before_every_nth_list_request(make, path, key):
    drift = Drift(creates=2, deletes=3, updates=4, every=2)
    sandbox, client = make(quirks=Quirks(drift=drift))
    before = {one["id"]: one for one in sandbox.content.records(key)}
    for expected in ((0, 0, 0), (2, 0, 0), (2, 0, 0), (2, 3, 0), (2, 3, 0), (2, 3, 4), (2, 3, 4), (4, 3, 4)):
        client.get(path)
        drifted = sandbox.drifted
        assert (len(drifted.created), len(drifted.deleted), len(drifted.updated)) == expected
    after = {one["id"]: one for one in sandbox.content.records(key)}
    assert set(after) == set(before) - set(drifted.deleted) | set(drifted.created)
    assert all(after[key]["updated_at"] > before[key]["updated_at"] for key in drifted.updated)
    assert set(drifted.deleted) | set(drifted.updated) <= set(before)


def test_drift_is_seen_by_the_request_that_it_precedes(make):
    _, client = make(quirks=Quirks(drift=Drift(creates=1)))
    totals = [client.get("/company/all").json["total"] for _ in range(3)]
    assert totals == [31, 32, 33]


def test_drift_is_the_same_every_time(make):
    def drifted():
        sandbox, client = make(quirks=Quirks(drift=Drift(creates=1, deletes=1, updates=1)))
        for _ in range(9):
            client.get("/people/all")
        return sandbox.drifted

    assert drifted() == drifted()


def test_other_requests_do_not_drift_and_no_turns_are_no_drift(make):
    sandbox, client = make(quirks=Quirks(drift=Drift(creates=1)))
    client.get("/tag")
    client.get("/people", user_id="x")
    client.post("/people", {"user_id": "a"})
    sandbox.quirks = Quirks(drift=Drift())
    client.get("/people/all")
    assert sandbox.drifted.created == []


def test_drift_deletes_no_more_than_there_is(make):
    sandbox, client = make(people=3, companies=2, quirks=Quirks(drift=Drift(deletes=2)))
    for _ in range(4):
        client.get("/people/all")
    assert sandbox.content.people == []
    assert len(sandbox.drifted.deleted) == 3
