"""What a page says of what it cannot do, and what others on the machine may see."""

import os
import stat
import threading
import time
from pathlib import Path

import orjson
import pytest

from custify_connector.console import serving
from custify_connector.host import examining, home, quarantine_index, words
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory


@pytest.mark.parametrize("name", ["x" * 300 + ".jsonl", "é" * 120 + ".jsonl", "a/" * 1500 + "a.jsonl"])
def test_a_name_that_no_file_can_have_is_refused_at_its_field(signed_in, name):
    answer = signed_in.post("/custify/source/people/run", credential="acme", output=name)
    assert (answer.status, "too long" in answer.text) == (400, True)


def test_a_command_that_broke_did_not_reject_records(signed_in):
    broken = signed_in.console.commands.start(("read", "people", "--output", "x" * 300 + ".jsonl"), "Read")
    broken.process.wait(60)
    shown = signed_in.get(f"/started/{broken.number}").text
    assert "Some records were not accepted" not in shown


@pytest.mark.parametrize(
    "path", ["/runs/99999999999999999999999", "/runs/9223372036854775808/live", "/started/9" + "9" * 30]
)
def test_a_number_that_no_run_has_is_not_a_fault_of_the_program(client, path):
    assert client.get(path).status == 400


def line(message, **error):
    return orjson.dumps({"nexlaMetaData": {}, "error": {"message": message, **error}, "rawMessage": {}}) + b"\n"


def groups(tmp_path, *messages):
    path = tmp_path / "q.jsonl"
    path.write_bytes(b"".join(line(each) for each in messages))
    return [(group.message, len(group.lines)) for group in quarantine_index.index_of(path).largest()]


def test_reasons_that_differ_in_their_values_alone_are_one(tmp_path):
    lines = [f"line {n} has a value of another type: seats is 'x{n}'" for n in range(8)]
    companies = [f"company 'company-{n}' does not exist" for n in range(50)]
    assert groups(tmp_path, *lines, *companies) == [
        ("company … does not exist", 50), ("has a value of another type: seats is …", 8),
    ]  # fmt: skip


def test_a_single_reason_is_shown_as_it_is_and_values_alone_are_no_pattern(tmp_path):
    assert groups(tmp_path, "company 'a' does not exist") == [("company 'a' does not exist", 1)]
    assert len(groups(tmp_path, "1", "2", "3")) == 3


def test_the_files_of_the_data_directory_are_their_owners_alone(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv("CUSTIFY_HOME", str(folder))
    (folder / "runs.sqlite").touch(mode=0o644)
    before = os.umask(0o022)
    try:
        RunHistory().begin(Run("read", "people", "acme"))
    finally:
        os.umask(before)
    assert [oct(stat.S_IMODE(each.stat().st_mode)) for each in folder.glob("*.sqlite*")] == ["0o600"] * len(
        list(folder.glob("*.sqlite*"))
    )
    finding = examining._directory()  # noqa: SLF001 - one line of the report
    assert (finding.verdict, finding.fix) == ("note", f"chmod 700 {folder}")


def test_a_vault_in_a_directory_that_others_see_is_its_owners_alone(signed_in):
    assert stat.S_IMODE((home.directory() / "credentials.sqlite").stat().st_mode) == 0o600
    assert signed_in.get("/runs").status == 200


def test_a_browser_gets_a_private_file_and_no_link_among_its_words(monkeypatch):
    seen = []

    def blocking(address):
        path = Path(address.removeprefix("file://"))
        seen.append((address, stat.S_IMODE(path.stat().st_mode), path.read_text()))
        threading.Event().wait(1)

    monkeypatch.setattr(serving.webbrowser, "open", blocking)
    with serving._opening("http://127.0.0.1:1/?token=secret"):  # noqa: SLF001 - what serve does around its server
        until = time.monotonic() + 10
        while not seen:
            assert time.monotonic() < until
            time.sleep(0.01)
        (address, mode, text) = seen[0]
    assert "secret" not in address
    assert mode == 0o600
    assert "url=http://127.0.0.1:1/?token=secret" in text
    assert not Path(address.removeprefix("file://")).exists()


def test_a_page_of_ours_leads_on_for_a_browser_that_came_from_a_file(stranger):
    path = f"/?token={stranger.console.gate.token}"
    opened = stranger.get(path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")
    assert opened.status == 200
    assert "url=/" in opened.text
    stranger.cookie = opened.headers["set-cookie"].partition(";")[0]
    assert stranger.get("/custify/credentials").status == 200


def test_emojis_that_are_joined_are_text(signed_in, folder):
    name = "👩‍🚀 crew"
    assert words.is_one_line(name)
    assert not any(map(words.is_one_line, ("a\nb", "a\x00", "\ud800", "a\u2028b")))
    (folder / "rows.csv").write_text(f"email,{name}\na@example.com,x\n")
    assert name in signed_in.get("/custify/destination/upsert_person?file=rows.csv").text


def test_a_test_by_hand_changes_nothing_unless_it_is_allowed(signed_in, sandbox):
    before = len(sandbox.content.tables["people"])
    form = {"credential": "acme", "by_hand.request.path": "/people", "by_hand.request.method": "POST",
            "by_hand.request.body": '{"email": "made@example.com"}'}  # fmt: skip
    refused = signed_in.post("/custify/by-hand/test", **form)
    assert (refused.status, "f-by_hand-request-method-fault" in refused.text) == (400, True)
    assert "f-may-change" in refused.text
    assert len(sandbox.content.tables["people"]) == before
    signed_in.post("/custify/by-hand/test", **form, may_change="on")
    assert sandbox.journal.entries[-1].method == "POST"


@pytest.mark.parametrize("path", ["/custify/source/people/test", "/custify/destination/upsert_person/preview",
                                  "/custify/destination/upsert_person/write", "/custify/by-hand/test",
                                  "/custify/credentials/rotate", "/quarantine/replay", "/runs/1/resume"])  # fmt: skip
def test_the_address_of_a_form_leads_back_to_it(signed_in, path):
    answer = signed_in.get(path)
    assert answer.status == 405
    onward = answer.text.partition('content="0; url=')[2].partition('"')[0]
    assert onward == f"{path.rpartition('/')[0]}?again"
