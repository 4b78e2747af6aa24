"""The form of a source configured by hand: its help, its faults, its sample and its run."""

import json

from tests.console.conftest import started

TYPED = {
    "credential": "acme", "by_hand.request.path": "/people/all", "by_hand.records": "people",
    "by_hand.page.parameter": "page", "by_hand.page.size_parameter": "itemsPerPage", "by_hand.page.size": "10",
}  # fmt: skip


def test_it_is_offered_beside_the_endpoints(client):
    assert 'href="/custify/by-hand"' in client.get("/custify/source").text
    assert 'href="/custify/by-hand"' in client.get("/custify/source/people").text


def test_a_test_shows_its_records_as_a_table_as_json_and_what_their_fields_are(signed_in):
    shown = signed_in.post("/custify/by-hand/test", **TYPED)
    assert "10 records, as they come" in shown.text
    assert "Sample as JSON" in shown.text
    assert "<code>user_id</code>" in shown.text
    assert "custify sample --source &#39;{&#34;request&#34;:{&#34;path&#34;:&#34;/people/all&#34;}" in shown.text


def test_a_run_reads_it_into_a_file(signed_in, folder):
    begun = signed_in.post("/custify/by-hand/run", output="people.jsonl", **TYPED)
    signed_in.wait_for(started(begun) + "/live", "All went well")
    assert len((folder / "people.jsonl").read_text().splitlines()) == 30
    assert "people_all" in signed_in.get("/runs").text


def test_every_fault_stands_at_its_field(signed_in):
    wrong = {**TYPED, "by_hand.request.path": "people", "by_hand.page.size": "0", "limit": "none"}
    refused = signed_in.post("/custify/by-hand/test", **{**wrong, "limit": ""})
    assert refused.status == 400
    assert 'id="f-by_hand-request-path-fault">must be a path below the base URL' in refused.text
    assert 'id="f-by_hand-page-size-fault"' in refused.text
    assert 'id="f-limit-fault"' in signed_in.post("/custify/by-hand/test", **wrong).text


def test_the_path_is_asked_for_where_it_is_missing(signed_in):
    refused = signed_in.post("/custify/by-hand/test", credential="acme")
    assert refused.status == 400
    assert 'id="f-by_hand-request-path-fault"' in refused.text


def test_what_the_service_refuses_is_reported_in_the_sample(signed_in):
    gone = signed_in.post("/custify/by-hand/test", **{**TYPED, "by_hand.request.path": "/nothing/here"})
    assert gone.status == 502
    assert "/nothing/here" in gone.text


def test_the_example_fills_the_form(client):
    text = client.get("/custify/by-hand?example=yes").text
    assert 'value="/people/all"' in text
    assert 'value="200"' in text


def test_a_place_outside_the_folder_is_refused(signed_in, folder):
    refused = signed_in.post("/custify/by-hand/run", output="../out.jsonl", **TYPED)
    assert 'id="f-output-fault"' in refused.text
    assert list(folder.iterdir()) == []


def test_the_form_is_as_it_was_after_a_run(signed_in):
    begun = signed_in.post("/custify/by-hand/run", output="people.jsonl", **TYPED)
    ended = signed_in.wait_for(started(begun) + "/live", "All went well").text
    assert 'action="/custify/by-hand"' in ended
    back = signed_in.post("/custify/by-hand", output="people.jsonl", **TYPED).text
    assert 'value="/people/all"' in back


def test_a_script_in_its_fields_is_shown_as_text(signed_in):
    script = "<script>alert(1)</script>"
    shown = signed_in.post(
        "/custify/by-hand/test", **{**TYPED, "by_hand.stream": script, "by_hand.request.query": script}
    )
    assert script not in shown.text
    assert "&lt;script&gt;" in shown.text
    assert json.dumps(script) not in shown.text
