"""What a screen does beyond showing: start a command, end it, go on with a run, replay a reason."""

import json

import pytest

from .conftest import started


@pytest.fixture
def rejected(folder):
    line = {"nexlaMetaData": {"destination": "upsert_person", "sourceOffset": 2}, "rawMessage": {"name": "x"}}
    lines = [{**line, "error": {"code": code, "message": f"{code} it is"}} for code in ("one", "two", "two")]
    path = folder / "rejected.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return path


def test_a_reason_is_replayed_and_what_is_refused_again_stays(signed_in, rejected, folder):
    from custify_connector.host.quarantine_index import index_of  # noqa: PLC0415 - to name a reason

    group = index_of(rejected).largest()[0]
    sent = started(signed_in.post("/quarantine/replay", file="rejected.jsonl", group=group.id, credential="acme"))
    signed_in.wait_for(sent, "Some records were not accepted")
    assert len(rejected.read_text().splitlines()) == 3
    assert not list(folder.glob("rejected.sent-*.jsonl"))


def test_nothing_leaves_a_quarantine_for_a_credential_that_is_not_there(signed_in, rejected, folder):
    before = rejected.read_bytes()
    assert signed_in.post("/quarantine/replay", file="rejected.jsonl", credential="other").status == 400
    assert signed_in.post("/quarantine/replay", file="rejected.jsonl", credential="acme", group="gone").status == 400
    assert rejected.read_bytes() == before
    assert list(folder.iterdir()) == [rejected]


def test_a_corrected_record_is_saved(signed_in, rejected):
    page = signed_in.get("/quarantine/record?file=rejected.jsonl&line=1").text
    mark = page.partition('name="mark" value="')[2].partition('"')[0]
    saved = signed_in.post("/quarantine/fix", file="rejected.jsonl", line="1", mark=mark, record='{"name": "y"}')
    assert saved.status == 303
    assert json.loads(rejected.read_text().splitlines()[1])["rawMessage"] == {"name": "y"}
    again = signed_in.post("/quarantine/fix", file="rejected.jsonl", line="1", mark=mark, record="{}")
    assert "changed by another" in again.text
    assert signed_in.post("/quarantine/fix", file="rejected.jsonl", line="x", mark=mark, record="{}").status == 400
    assert signed_in.get("/quarantine/record?file=rejected.jsonl&line=99").status == 400


def test_a_run_can_be_ended_and_resumed(signed_in, sandbox, folder):
    sandbox.latency = 1.0
    run = started(signed_in.post("/custify/source/people/run", credential="acme", output="o.jsonl", state="nightly"))
    signed_in.wait_for(run, "Run 1")
    assert "every 1s" in signed_in.get(f"{run}/live").text
    signed_in.post(f"{run}/end")
    sandbox.latency = 0.0
    signed_in.wait_for(run, "Back to the form")
    shown = signed_in.get("/runs/1").text
    assert "Resume" in shown or "Run again" in shown
    again = started(signed_in.post("/runs/1/resume"))
    signed_in.wait_for(again, "All went well")
    assert len((folder / "o.jsonl").read_bytes().splitlines()) == 30


def test_the_way_back_leads_to_the_form_as_it_was(signed_in, folder):
    (folder / "rows.csv").write_text("user_id,Full name\nu-1,Ana\n")
    form = {"file": "rows.csv", "target.user_id": "user_id", "target.Full name": "name", "empty": "null"}
    tried = signed_in.wait_for(
        started(signed_in.post("/custify/destination/upsert_person/dry-run", **form)), "All went well"
    )
    assert 'formaction="/custify/destination/upsert_person/write"' in tried.text
    assert 'value="null" selected' in signed_in.post("/custify/destination/upsert_person", **form).text


@pytest.mark.slow
def test_a_delete_is_not_started_without_its_guards(signed_in, folder):
    (folder / "rows.csv").write_text("user_id\nu-1\n")
    form = {"file": "rows.csv", "target.user_id": "user_id", "credential": "acme"}
    path = "/custify/destination/delete_person/write"
    assert "f-max_deletes-fault" in signed_in.post(path, **form).text
    assert "f-confirm-fault" in signed_in.post(path, **form, max_deletes="5").text
    assert signed_in.post(path, **form, max_deletes="5", confirm="delete_person").status == 303


def test_a_rule_that_cannot_be_stands_at_its_column(signed_in, folder):
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    form = {"file": "rows.csv", "target.a": "name", "target.b": "name"}
    shown = signed_in.post("/custify/destination/upsert_person/preview", **form).text
    assert "target-2-fault" in shown
    assert "maps to a field that another rule maps to already" in shown


@pytest.mark.parametrize("path", ["/runs/99", "/started/99", "/custify/source/nothing", "/nothing/source"])
def test_what_is_not_there_is_said(signed_in, path):
    assert "This is not possible" in signed_in.get(path).text


def test_a_credential_that_a_run_needs_is_not_removed(signed_in):
    read = started(signed_in.post("/custify/source/people/run", credential="acme", output="o.jsonl", state="nightly"))
    signed_in.wait_for(read, "All went well")
    kept = signed_in.post("/custify/credentials/remove", name="acme")
    assert "needs it yet" in kept.text
    assert "acme" in signed_in.get("/custify/credentials").text


def test_another_page_is_sent_to_a_script_as_a_header(signed_in):
    reported = signed_in.post("/custify/credentials/test", {"HX-Request": "true"}, name="acme")
    assert (reported.status, reported.headers["hx-redirect"].partition("?")[0]) == (204, "/custify/credentials")


def test_what_is_said_once_is_said_to_the_page_that_was_sent_on(signed_in):
    onward = started(signed_in.post("/custify/credentials/test", name="acme"))
    assert 'class="notice good"' not in signed_in.get("/custify/credentials").text
    assert 'class="notice good"' in signed_in.get(onward).text
    assert 'class="notice good"' not in signed_in.get(onward).text
