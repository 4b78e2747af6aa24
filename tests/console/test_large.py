"""Ten thousand runs and a quarantine of a hundred thousand rows: a page of each stays a page."""

import json

import orjson
import pytest

from custify_connector.host import quarantine_index
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory


def test_ten_thousand_runs_come_page_by_page(client):
    history = RunHistory()
    history.begin(Run("read", "people", "acme"))
    with history.opened() as database:  # ten thousand at once
        names = (
            "kind, endpoint, credential, settings, command, outcomes, status, started, seconds, records, errors, size,"
            " run_id, output, folder, machine, pid"
        )
        values = ("read", "people", "acme", "{}", "[]", "{}", "finished", "2026-01-01T00:00:00+00:00", 1.0, 5, 0, 9)
        database.execute("BEGIN")
        database.executemany(
            f"INSERT INTO runs ({names}) VALUES ({', '.join('?' * 14)}, '', '', 0)",  # noqa: S608
            ((*values, number, f"folder-{number}/out.csv") for number in range(9_999)),
        )
        database.execute("COMMIT")
    first = client.get("/runs")
    assert "10,000 runs" in first.text
    assert first.text.count("<tr>") == 51
    assert "Page 1 of 200" in first.text
    assert len(first.text) < 120_000
    last = client.get("/runs?page=200&sort=oldest")
    assert last.text.count("<tr>") == 51
    assert ">After<" not in last.text
    assert "1 matching run" in client.get("/runs?q=folder-9876").text
    assert client.get("/runs?page=999999999999999999999").status == 200


@pytest.mark.slow
def test_a_hundred_thousand_rejected_records_come_page_by_page(client, folder):
    with (folder / "rejected.jsonl").open("wb") as stream:
        for number in range(100_000):
            error = {"code": "invalid", "field": "email" if number % 3 else "name", "message": f"fault {number}"}
            line = {"nexlaMetaData": {}, "error": error, "rawMessage": {"number": number, "text": "x" * 200}}
            stream.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    at_once = client.get("/quarantine/file?file=rejected.jsonl").text
    assert at_once.count(">Fix line") == 50
    first = client.wait_for("/quarantine/file?file=rejected.jsonl", "100,000 records, 2")
    assert first.text.count(">Fix line") == 50
    assert len(first.text) < 150_000
    last = client.get("/quarantine/file?file=rejected.jsonl&page=2000")
    assert "Fix line 100,000</a>" in last.text
    assert "Page 2,000 of 2,000" in client.get("/quarantine/file?file=rejected.jsonl&page=99999").text
    found = client.get("/quarantine/file?file=rejected.jsonl&q=99998&sort=last").text
    assert "1 to 1 of 1" in found
    assert "Fix line 99,999</a>" in found
    group = quarantine_index.index_of(folder / "rejected.jsonl").largest()[1]
    assert "1 to 50 of 33,334" in client.get(f"/quarantine/file?file=rejected.jsonl&group={group.id}").text


def test_a_quarantine_that_grows_is_read_again(client, folder):
    path = folder / "rejected.jsonl"
    line = json.dumps({"nexlaMetaData": {}, "error": {"message": "no"}, "rawMessage": {}}) + "\n"
    path.write_text(line)
    assert "1 record," in client.get("/quarantine/file?file=rejected.jsonl").text
    path.write_text(line * 2)
    assert "2 records," in client.get("/quarantine/file?file=rejected.jsonl").text
