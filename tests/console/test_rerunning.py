"""A write that is decided is run again from its page, with what it was started with, or the page says why not."""

import dataclasses
import os

import pytest

from custify_connector.console import rerunning
from custify_connector.host.recorded_run import Run

from .conftest import started

FORM = {"credential": "acme", "file": "rows.csv", "target.id": "user_id", "quarantine": "rejected.jsonl"}
BEGAN = "2026-01-01T00:00:00Z"


def ended(client, answer, text="All went well"):
    client.wait_for(f"{started(answer)}/live", text)


@pytest.fixture
def written(signed_in, folder):
    """Write two rows; return the client."""
    (folder / "rows.csv").write_text("id\nu-1\nu-2\n")
    ended(signed_in, signed_in.post("/custify/destination/upsert_person/write", **FORM))
    return signed_in


def test_a_finished_write_is_run_again_with_the_same_words(written, sandbox):
    before = sandbox.journal.count("POST")
    assert 'action="/runs/1/again"' in written.get("/runs/1").text
    ended(written, written.post("/runs/1/again"))
    one, two = (written.console.commands.find(number).words for number in (1, 2))
    assert one == two
    assert sandbox.journal.count("POST") == 2 * before


def test_a_write_whose_file_is_gone_says_so_and_cannot_be_started(written, folder):
    (folder / "rows.csv").unlink()
    assert "rows.csv is gone" in written.get("/runs/1").text
    refused = written.post("/runs/1/again")
    assert (refused.status, "rows.csv is gone" in refused.text) == (400, True)


def test_a_write_whose_credential_is_gone_says_so(written):
    written.post("/custify/credentials/remove", name="acme")
    assert "The credential acme is gone" in written.get("/runs/1").text


def test_a_delete_is_run_again_only_once_it_is_confirmed(signed_in, folder, sandbox):
    (folder / "rows.csv").write_text("id\nu-1\n")
    sure = {"max_deletes": "1", "confirm": "delete_person"}
    write = "/custify/destination/delete_person/write"
    signed_in.wait_for(f"{started(signed_in.post(write, **FORM, **sure))}/live", "Run 1")
    ended_at = signed_in.wait_for("/runs/1", "/runs/1/again")
    assert "Write delete_person to confirm" in ended_at.text
    refused = signed_in.post("/runs/1/again", confirm="delete")
    assert (refused.status, "f-confirm-fault" in refused.text) == (400, True)
    assert signed_in.post("/runs/1/again", confirm="delete_person").status == 303
    assert sandbox.journal.entries


def test_a_read_has_its_own_step(signed_in):
    ended(signed_in, signed_in.post("/custify/source/tags/run", credential="acme", output="tags.jsonl"))
    assert "/runs/1/again" not in signed_in.get("/runs/1").text
    assert signed_in.post("/runs/1/again").status == 400


@pytest.fixture
def run(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("id\nu-1\n")
    os.utime(rows, (0, 0))
    words = ("write", "create_event", "rows.csv", "--resume")
    return Run("write", "create_event", "acme", command=words, folder=str(tmp_path), input=str(rows), status="finished",
               started=BEGAN)  # fmt: skip


def again(run, tmp_path, **endpoint):
    return rerunning.again_of(run, tmp_path, {"repeat": "always", **endpoint}, "")


def test_it_begins_with_the_first_row(run, tmp_path):
    assert again(run, tmp_path).words == ("write", "create_event", "rows.csv")


@pytest.mark.parametrize(("repeat", "warned"), [("always", ""), ("never", "another record."),
                                                ("deduplication_id", "unless it has a deduplication_id")])  # fmt: skip
def test_what_creates_a_second_time_is_said(run, tmp_path, repeat, warned):
    assert warned in "".join(again(run, tmp_path, repeat=repeat).warnings)
    assert bool(again(run, tmp_path, repeat=repeat).warnings) == bool(warned)


def test_a_request_by_hand_that_deletes_is_confirmed_too(run, tmp_path):
    by_hand = dataclasses.replace(run, endpoint="", settings={"request": {"method": "DELETE", "path": "/people"}})
    assert (again(by_hand, tmp_path).confirm, again(run, tmp_path).confirm) == ("delete", "")


def test_a_file_that_was_changed_since_is_said(run, tmp_path):
    (tmp_path / "rows.csv").write_text("id\nu-2\n")
    assert again(run, tmp_path).warnings == ("rows.csv was changed after that run.",)


@pytest.mark.parametrize(("changes", "reason"), [
    ({"input": "-"}, "standard input"), ({"command": ()}, "not started by a command"),
    ({"command": ("sync", "run", "nightly")}, "part of custify sync run nightly"),
    ({"folder": "/elsewhere"}, "another folder, /elsewhere"), ({"input": "/nowhere/rows.csv"}, "is gone"),
])  # fmt: skip
def test_why_it_cannot_be_run_again_is_said(run, tmp_path, changes, reason):
    assert reason in again(dataclasses.replace(run, **changes), tmp_path).reason


def test_a_replay_leads_to_its_quarantine(run, tmp_path):
    sent = str(tmp_path / ".custify" / "replays" / "1" / "rejected.jsonl")
    assert "rejected.jsonl" in again(dataclasses.replace(run, kind="replay", input=sent), tmp_path).reason


@pytest.mark.parametrize("status", ["running", "interrupted", "failed", "died", "incomplete"])
def test_what_is_not_decided_is_continued_instead(run, tmp_path, status):
    assert again(dataclasses.replace(run, status=status), tmp_path) is None
