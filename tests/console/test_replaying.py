"""A record leaves its quarantine when its receipt says that it arrived, and for no other reason."""

import json
import os
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from custify_connector.console import replaying
from custify_connector.console.started import Commands
from custify_connector.contract.errors import ConfigurationError

from .conftest import started

PEOPLE = [{"user_id": f"u-{n}", "email": f"u{n}@example.com"} for n in range(4)]


def line(record, number, **error):
    meta = {"destination": "upsert_person", "sourceKey": "people.csv", "sourceOffset": number + 100}
    return json.dumps({"nexlaMetaData": meta, "error": {"code": "conflict", **error}, "rawMessage": record})


@pytest.fixture
def kept(folder):
    path = folder / "kept.jsonl"
    path.write_text("".join(line(record, number) + "\n" for number, record in enumerate(PEOPLE)))
    return path


def ids(path):
    return [json.loads(text)["rawMessage"].get("user_id") for text in path.read_text().splitlines()]


def replay(client, name="kept.jsonl", **more):
    page = started(client.post("/quarantine/replay", file=name, credential="acme", **more))
    client.wait_for(page, "What it said")
    until = time.monotonic() + 60
    while "End it</button>" in client.get(f"{page}/live").text:
        assert time.monotonic() < until
        time.sleep(0.05)
    return client.get(f"{page}/live").text


def test_what_arrived_leaves_and_is_kept_with_its_receipt(signed_in, kept, folder):
    replay(signed_in)
    assert ids(kept) == []
    (sent,) = folder.glob("kept.sent-*.jsonl")
    assert ids(sent) == ["u-0", "u-1", "u-2", "u-3"]
    assert json.loads(sent.read_text().splitlines()[0])["receipt"]["outcome"] == "sent"
    shown = signed_in.get("/quarantine/file?file=kept.jsonl").text
    assert sent.name in shown
    assert sent.name in signed_in.get("/quarantine").text.partition(">Sent again<")[2]
    assert not list((folder / ".custify" / "replays").rglob("*.jsonl"))


@pytest.mark.slow
def test_nothing_leaves_while_the_service_is_down(signed_in, kept, sandbox):
    sandbox.stop()
    replay(signed_in)
    assert ids(kept) == [record["user_id"] for record in PEOPLE]
    assert "Sent again" not in signed_in.get("/quarantine").text


def test_nothing_leaves_for_a_refused_key(signed_in, kept, sandbox):
    before = kept.read_text()
    sandbox.revoke()
    shown = replay(signed_in)
    assert kept.read_text() == before
    assert "Sent again" not in signed_in.get("/quarantine").text
    assert "All went well" not in shown


class Refusing:
    """A service that takes so many writes, and refuses the key from then on."""

    def __init__(self, writes):
        service = self
        service.writes = writes

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self, code, body=b"{}"):
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self._answer(200, b'{"data": [], "meta": {"total": 0}}')

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.writes -= 1
                self._answer(200 if service.writes >= 0 else 401, b'{"id": "1"}')

            def log_message(self, *words):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()


def lead_to(client, address):
    """Let acme lead to another service."""
    client.post("/custify/credentials/remove", name="acme")
    added = client.post("/custify/credentials/add", name="acme", api_key="made-up", base_url=address)
    assert added.status == 303, added.text


def test_only_what_was_sent_before_the_key_was_refused_leaves(signed_in, kept):
    with Refusing(writes=1) as service:
        lead_to(signed_in, service.address)
        replay(signed_in)
    assert len(ids(kept)) == 3


def test_nothing_leaves_when_no_run_can_start(signed_in, kept, monkeypatch, folder):
    before = kept.read_text()

    def busy(*_words, **_more):
        raise ConfigurationError(())

    monkeypatch.setattr(Commands, "start", busy)
    assert signed_in.post("/quarantine/replay", file="kept.jsonl", credential="acme").status == 400
    assert kept.read_text() == before
    assert not list((folder / ".custify").rglob("*.jsonl"))


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_what_was_not_sent_stays_when_the_run_is_ended(signed_in, folder, sandbox, way):
    many = [{"user_id": f"m-{n}", "email": f"m{n}@example.com"} for n in range(60)]
    path = folder / "kept.jsonl"
    path.write_text("".join(line(record, number) + "\n" for number, record in enumerate(many)))
    sandbox.latency = 0.3
    page = started(signed_in.post("/quarantine/replay", file="kept.jsonl", credential="acme"))
    signed_in.wait_for(page, "Run 1")
    command = signed_in.console.commands.find(int(page.rpartition("/")[2]))
    os.kill(command.pid, way)
    command.process.wait(60)
    sandbox.latency = 0.0
    signed_in.get(page)
    written = {str(each.get("user_id")) for each in sandbox.content.tables["people"]}
    assert {f"m-{n}" for n in range(60)} - written <= set(ids(path))
    assert "/runs/1/resume" not in signed_in.get("/runs/1").text
    assert "replay kept.jsonl again" in signed_in.get("/runs/1").text.lower()


def test_what_is_rejected_again_has_its_new_reason_and_its_first_line(signed_in, folder):
    path = folder / "kept.jsonl"
    path.write_text(line({"name": "no identity"}, 1) + "\n" + line(PEOPLE[0], 2) + "\n" + "no line\n")
    replay(signed_in)
    first, second = path.read_text().splitlines()
    assert json.loads(first)["nexlaMetaData"]["sourceKey"] == "people.csv"
    assert json.loads(first)["nexlaMetaData"]["sourceOffset"] == 101
    assert json.loads(first)["error"]["code"] != "conflict"
    assert second == "no line"


def test_a_record_that_is_older_than_what_was_sent_since_stays_unless_it_is_wanted(signed_in, folder, sandbox):
    for number in (2, 1):
        place = {"destination": "upsert_person", "runId": number, "sourceKey": "p.csv", "sourceOffset": 1}
        record = {"user_id": "u-0", "name": f"Name {number}"}
        text = json.dumps({"nexlaMetaData": {**place, "ingestTime": number}, "error": {}, "rawMessage": record})
        (folder / f"{number}.jsonl").write_text(text + "\n")
    replay(signed_in, "2.jsonl")
    replay(signed_in, "1.jsonl")
    (kept,) = map(json.loads, (folder / "1.jsonl").read_text().splitlines())
    assert (kept["error"]["code"], kept["nexlaMetaData"]["given"]) == ("outdated", [1, 1])
    replay(signed_in, "1.jsonl", older_too="on")
    assert ids(folder / "1.jsonl") == []
    assert [one["name"] for one in sandbox.content.people if one.get("user_id") == "u-0"] == ["Name 1"]


@pytest.mark.usefixtures("kept")
def test_a_record_that_is_being_sent_is_not_sent_twice(folder):
    replaying.prepare(folder, "kept.jsonl", {0, 1})
    with pytest.raises(ConfigurationError, match="already"):
        replaying.prepare(folder, "kept.jsonl", {1, 2})
    assert replaying.prepare(folder, "kept.jsonl", {2, 3}).count() == 2


def test_a_line_that_was_changed_meanwhile_stays(kept, folder):
    running = replaying.prepare(folder, "kept.jsonl", None)
    changed = line({"user_id": "u-0", "email": "other@example.com"}, 0)
    kept.write_text("\n".join([changed, *kept.read_text().splitlines()[1:], line(PEOPLE[0], 9)]) + "\n")
    running.receipts.write_text("".join(json.dumps({"line": n, "outcome": "sent"}) + "\n" for n in (1, 2)))
    replaying.settle(running)
    assert ids(kept) == ["u-0", "u-2", "u-3", "u-0"]


@pytest.mark.parametrize("outcome", ["not_tried", "failed", "rejected", "planned"])
def test_no_other_outcome_takes_a_record_out(kept, folder, outcome):
    running = replaying.prepare(folder, "kept.jsonl", None)
    before = kept.read_text()
    running.receipts.write_text("".join(json.dumps({"line": n, "outcome": outcome}) + "\n" for n in range(1, 5)))
    replaying.settle(running)
    assert kept.read_text() == before


def test_the_receipts_of_a_killed_run_count_up_to_the_last_whole_line(kept, folder):
    running = replaying.prepare(folder, "kept.jsonl", None)
    part = running.receipts.with_name(f"{running.receipts.name}.part")
    part.write_text('{"line": 1, "outcome": "sent"}\n{"line": 2, "outco')
    replaying.settle(running)
    assert ids(kept) == ["u-1", "u-2", "u-3"]
