"""A connector that the console has never heard of: installed beside this one, it has its own forms, and runs."""

import json

import pytest

from custify_connector.contract import NamedConnector, hookimpl, plugin_manager
from custify_connector.contract.testbed import Setup
from custify_connector.host.run_history import RunHistory
from tests import others
from tests.console.conftest import started

PASS = "rain-and-snow"


@pytest.fixture
def manager(tmp_path, monkeypatch):
    others.install(tmp_path / "site", monkeypatch)
    return plugin_manager()


@pytest.fixture
def station(client):
    assert client.post("/weather/credentials/add", station="7", password=PASS).status == 303
    return client


def test_it_stands_beside_the_other_one(client):
    text = client.get("/custify/credentials").text
    assert 'href="/weather/credentials"' in text


def test_its_credential_form_is_its_own(client):
    text = client.get("/weather/credentials/add").text
    assert "Station" in text
    assert "The number on the mast." in text
    assert "Pass phrase" in text
    assert 'type="password"' in text
    assert "API Key" not in text


def test_what_it_refuses_is_not_kept(client):
    refused = client.post("/weather/credentials/add", station="7", password="snow")
    assert refused.status == 400
    assert "Nobody knows you" in refused.text
    assert "snow" not in refused.text
    assert "No credential yet" in client.get("/weather/credentials").text


def test_a_field_that_is_missing_is_reported_at_it(client):
    text = client.post("/weather/credentials/add", station="7").text
    assert "f-password-fault" in text


def test_its_source_has_its_own_parameters_and_schema(station):
    text = station.get("/weather/source/readings").text
    assert "Metres above sea." in text
    assert "How warm it was." in text
    assert "Run</button>" in text


def test_its_source_is_tested_through_its_hook(station):
    tested = station.post("/weather/source/readings/test", credential="weather")
    assert "20.5" in tested.text
    assert "&lt;b&gt;mild&lt;/b&gt;" in tested.text


def test_what_it_says_of_a_parameter_stands_at_that(station):
    refused = station.post("/weather/source/readings/test", credential="weather", **{"param.height": "9001"})
    assert "f-param-height-fault" in refused.text
    assert "is above every mountain" in refused.text


def test_what_it_raises_by_accident_is_reported_without_its_text(station):
    broken = station.post("/weather/source/readings/test", credential="weather", **{"param.unit": "F"})
    assert broken.status == 502
    assert "RuntimeError" in broken.text
    assert PASS not in broken.text


def test_its_destination_is_previewed_through_its_hook(station, folder):
    (folder / "storms.jsonl").write_text('{"wind": 12}\n')
    shown = station.get("/weather/destination/warn?file=storms.jsonl")
    assert 'value="wind"' in shown.text
    previewed = station.post("/weather/destination/warn/preview", file="storms.jsonl", credential="weather",
                             **{"target.wind": "wind"})  # fmt: skip
    assert "&#34;wind&#34;: 12" in previewed.text


def test_its_source_is_run_into_a_file_and_recorded(station, folder):
    begun = station.post("/weather/source/readings/run", credential="weather", output="warm.csv",
                         **{"param.height": "8000"})  # fmt: skip
    ended = station.wait_for(started(begun) + "/live", "All went well")
    assert "--connector weather --credential-file -" in station.get(started(begun)).text
    assert len((folder / "warm.csv").read_text().splitlines()) == 41
    run = RunHistory().page(1)[0]
    assert (run.connector, run.kind, run.endpoint, run.credential) == ("weather", "read", "readings", "weather")
    assert (run.records, run.status) == (40, "finished")
    assert PASS not in "".join(station.bodies) + json.dumps(run.shown())
    assert f"/runs/{run.id}" in ended.text


def test_its_run_is_resumed_from_its_page_with_the_credential_that_was_lent(station, folder):
    begun = station.post("/weather/source/readings/run", credential="weather", output="warm.jsonl")
    station.wait_for(started(begun) + "/live", "All went well")
    (folder / "warm.jsonl").unlink()
    assert "Weather office" in station.get("/runs/1").text
    again = station.post("/runs/1/resume")
    station.wait_for(started(again) + "/live", "All went well")
    assert len((folder / "warm.jsonl").read_text().splitlines()) == 40


def test_a_run_whose_credential_is_gone_says_so(station):
    begun = station.post("/weather/source/readings/run", credential="weather", output="warm.jsonl")
    station.wait_for(started(begun) + "/live", "All went well")
    station.post("/weather/credentials/remove", name="weather")
    refused = station.post("/runs/1/resume")
    assert refused.status == 400
    assert "add it under Authenticate" in refused.text


def test_what_ends_its_run_is_reported_without_the_secret(station):
    begun = station.post("/weather/source/readings/run", credential="weather", output="x.jsonl",
                         **{"param.height": "13"})  # fmt: skip
    assert "could not go on (exit code 3)" in station.wait_for(started(begun) + "/live", "exit code").text
    run = RunHistory().page(1)[0]
    assert (run.status, run.exit_code) == ("failed", 3)
    assert PASS not in "".join(station.bodies) + json.dumps(run.shown())


def test_a_dry_run_of_its_destination_sends_nothing_and_leaves_no_run(station, folder):
    (folder / "storms.jsonl").write_text('{"wind": 12}\n{"wind": "much"}\n')
    tried = station.post("/weather/destination/warn/dry-run", credential="weather", file="storms.jsonl",
                         quarantine="calm.jsonl", **{"target.wind": "wind"})  # fmt: skip
    assert "1 rejected, 1 planned" in station.wait_for(started(tried) + "/live", "not accepted").text
    assert RunHistory().count() == 0


def test_its_rejected_records_are_quarantined_corrected_and_replayed(station, folder):
    (folder / "storms.jsonl").write_text('{"wind": 12}\n{"wind": "much"}\n')
    begun = station.post("/weather/destination/warn/write", credential="weather", file="storms.jsonl",
                         quarantine="calm.jsonl", **{"target.wind": "wind"})  # fmt: skip
    ended = station.wait_for(started(begun) + "/live", "not accepted")
    assert "<strong>1</strong> sent" in ended.text
    assert "<strong>1</strong> rejected" in ended.text
    line = json.loads((folder / "calm.jsonl").read_text())
    assert (line["nexlaMetaData"]["connector"], line["error"]["field"]) == ("weather", "wind")
    page = station.get("/quarantine/record?file=calm.jsonl&line=0").text
    assert '<option value="weather"' in page
    mark = page.partition('name="mark" value="')[2].partition('"')[0]
    sent = station.post("/quarantine/fix", file="calm.jsonl", line="0", mark=mark, record='{"wind": 3}', send="yes",
                        credential="weather")  # fmt: skip
    station.wait_for(started(sent) + "/live", "All went well")
    assert (folder / "calm.jsonl").read_bytes() == b""
    assert [(run.kind, run.connector) for run in RunHistory().page(2)] == [("replay", "weather"), ("write", "weather")]


def test_its_source_can_be_configured_by_hand_as_its_schema_says(station, folder):
    text = station.get("/weather/by-hand").text
    assert "Where the thermometer hangs." in text
    assert "Minutes to wait for the observer." in text
    typed = {"credential": "weather", "by_hand.request.tower": "north", "by_hand.records": "a b"}
    tested = station.post("/weather/by-hand/test", **typed)
    assert "20.5" in tested.text
    assert "north" in tested.text
    begun = station.post("/weather/by-hand/run", output="north.jsonl", **typed)
    station.wait_for(started(begun) + "/live", "All went well")
    assert json.loads((folder / "north.jsonl").read_text().splitlines()[0])["tower"] == "north"


def test_what_it_refuses_of_a_source_by_hand_stands_at_that_field(station):
    refused = station.post("/weather/by-hand/test", credential="weather", **{"by_hand.request.tower": "babel"})
    assert refused.status == 400
    assert "f-by_hand-request-tower-fault" in refused.text
    assert "was never finished" in refused.text


@pytest.fixture
def notes(client):
    """Run the notes service, with a credential for it; yields the client, and what the service holds."""
    tiny = NamedConnector(client.console.catalog._manager, "tiny")  # noqa: SLF001 - the one that is installed
    with tiny.testbed()(Setup()) as service:
        assert client.post("/tiny/credentials/add", **service.credentials.good).status == 303
        yield client, service


def test_one_that_declares_no_dry_run_shows_records_and_is_never_asked_for_one(notes, folder):
    client, service = notes
    (folder / "notes.jsonl").write_text('{"id": 50, "text": "hello"}\n')
    asked = {"credential": "tiny", "file": "notes.jsonl", "target.id": "id", "target.text": "text"}
    shown = client.get("/tiny/destination/put_note?file=notes.jsonl").text
    assert "Dry run</button>" not in shown
    previewed = client.post("/tiny/destination/put_note/preview", **asked)
    assert "does not declare a dry run" in previewed.text
    assert "&#34;text&#34;: &#34;hello&#34;" in previewed.text
    refused = client.post("/tiny/destination/put_note/dry-run", **asked)
    assert refused.status == 400
    assert "does not declare that it supports this setting" in refused.text
    assert 50 not in {note["id"] for note in service.held(None)}


def test_what_cannot_become_a_record_is_reported_in_the_preview_at_its_line(notes, folder):
    client, _ = notes
    (folder / "notes.csv").write_text("id,text\nmany,hello\n7,x\n")
    asked = {"credential": "tiny", "file": "notes.csv", "target.id": "id", "type.id": "integer", "target.text": "text"}
    previewed = client.post("/tiny/destination/put_note/preview", **asked).text
    assert "has a value of another type" in previewed
    assert "&#34;id&#34;: 7" in previewed


def test_one_that_knows_nothing_of_this_project_but_the_contract_reads_and_writes(notes, folder):
    client, service = notes
    tested = client.post("/tiny/source/notes/test", credential="tiny")
    assert "note 1" in tested.text
    begun = client.post("/tiny/source/notes/run", credential="tiny", output="notes.jsonl")
    client.wait_for(started(begun) + "/live", "All went well")
    read = [json.loads(line) for line in (folder / "notes.jsonl").read_text().splitlines()]
    assert read == service.truth("notes")
    (folder / "new.jsonl").write_text('{"id": 50, "text": "hello"}\n{"id": "x"}\n')
    begun = client.post("/tiny/destination/put_note/write", credential="tiny", file="new.jsonl",
                        quarantine="bad.jsonl", **{"target.id": "id", "target.text": "text"})  # fmt: skip
    client.wait_for(started(begun) + "/live", "not accepted")
    assert {"id": 50, "text": "hello"} in service.held(None)
    assert json.loads((folder / "bad.jsonl").read_text())["rawMessage"] == {"id": "x"}


def test_what_it_declares_by_no_word_is_refused_and_not_left_out(notes):
    client, _ = notes
    refused = client.post("/tiny/source/notes/run", credential="tiny", output="notes.jsonl", limit="3")
    assert refused.status == 400
    assert "does not declare that it supports this setting" in refused.text


class Dumb:
    """A connector that cannot describe itself."""

    @hookimpl
    def describe(self):
        raise OSError("the disk with the description is gone")


def test_one_that_cannot_describe_itself_does_not_hide_the_others(client):
    client.console.catalog._manager.register(Dumb(), name="dumb")  # noqa: SLF001 - as if it were installed
    assert "dumb failed: OSError" not in client.get("/custify/credentials").text
    assert client.get("/custify/source").status == 200
    assert client.get("/dumb/source").status == 200


def test_its_credential_can_be_tested_and_removed(station):
    tested = started(station.post("/weather/credentials/test", name="weather"))
    assert "The office knows you" in station.get(tested).text
    assert station.post("/weather/credentials/remove", name="weather").status == 303
    assert "No credential yet" in station.get("/weather/credentials").text
