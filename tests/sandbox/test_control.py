import pytest

from custify_connector.sandbox import Fault


def test_the_journal_and_its_summary_can_be_read_from_outside(client, sandbox):
    client.get("/people/all", page="2")
    client.get("/people/unknown")
    sandbox.faults.add(Fault("reset"))
    with pytest.raises(ConnectionError):
        client.get("/tag")
    client.connection.close()
    entries = client.send("GET", "/_sandbox/journal", key="none needed").json
    assert [(one["path"], one["status"]) for one in entries] == [
        ("/people/all", 200),
        ("/people/unknown", 404),
        ("/tag", None),
    ]
    assert entries[0]["query"] == {"page": ["2"]}
    summary = client.get("/_sandbox/summary").json
    assert summary == {"requests": 3, "busiest_window": 3, "statuses": {"200": 1, "404": 1}, "unanswered": 1}


def test_content_and_drift_can_be_read_from_outside(client, sandbox):
    assert client.get("/_sandbox/content/companies").json == sandbox.content.companies
    assert client.get("/_sandbox/content/unknown").status == 400
    assert client.get("/_sandbox/drifted").json == {"created": [], "deleted": [], "updated": []}


def test_faults_can_be_ordered_and_reset_from_outside(client, sandbox):
    assert client.post("/_sandbox/faults", [{"kind": "status", "value": 503, "times": None}]).json == {"added": 1}
    assert client.get("/tag").status == 503
    assert client.post("/_sandbox/reset", {}).json == {"reset": True}
    assert client.get("/tag").status == 200
    assert len(sandbox.journal) == 1
    assert client.post("/_sandbox/faults", {"kind": "null"}).json == {"added": 1}
    assert client.get("/tag").raw == b"null"


def test_quirks_can_be_changed_one_by_one_from_outside(client, sandbox):
    shown = client.post("/_sandbox/quirks", {"total": "missing", "drift": {"creates": 1}}).json
    assert (shown["total"], shown["drift"]["creates"]) == ("missing", 1)
    assert client.post("/_sandbox/quirks", {"drift": None}).json["total"] == "missing"
    assert sandbox.quirks.drift is None
    assert sandbox.quirks.total == "missing"


def test_latency_and_limit_can_be_set_from_outside(client, sandbox):
    assert client.post("/_sandbox/settings", {"latency": 0.01, "rate_limit": [5, 2]}).json == {
        "latency": 0.01,
        "rate_limit": [5, 2.0],
    }
    assert (sandbox.latency, sandbox.rate_limit) == (0.01, (5, 2.0))
    assert client.post("/_sandbox/settings", {"rate_limit": None}).json["rate_limit"] is None
    assert client.post("/_sandbox/settings", {"latency": 0}).json["latency"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_sandbox/unknown", None, 404),
        ("POST", "/_sandbox/journal", {}, 404),
        ("POST", "/_sandbox/faults", [{"kind": "explode"}], 400),
        ("POST", "/_sandbox/faults", [{"colour": "red"}], 400),
        ("POST", "/_sandbox/faults", b"{", 400),
        ("POST", "/_sandbox/quirks", {"total": "wrong"}, 400),
        ("POST", "/_sandbox/quirks", {"colour": "red"}, 400),
        ("POST", "/_sandbox/settings", {"colour": "red"}, 400),
        ("POST", "/_sandbox/settings", {"rate_limit": [1]}, 400),
        ("POST", "/_sandbox/settings", [1], 400),
    ],
)
def test_what_makes_no_sense_is_refused(client, method, path, body, status):
    assert client.send(method, path, body).status == status


def test_controls_are_neither_journaled_nor_limited(make):
    sandbox, client = make(rate_limit=(1, 60.0))
    for _ in range(5):
        assert client.get("/_sandbox/summary").status == 200
    assert client.get("/tag").status == 200
    assert len(sandbox.journal) == 1
