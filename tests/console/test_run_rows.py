"""What a run left, from its page: rows by outcome, one row with request and reply, a record in every run, an output."""

import re

import pytest

from .conftest import started

FORM = {
    "credential": "acme",
    "target.id": "user_id",
    "target.mail": "email",
    "target.name": "name",
    "quarantine": "rejected.jsonl",
}


@pytest.fixture
def written(signed_in, folder):
    """Write three rows, one without a key; return the client."""
    (folder / "in.csv").write_text("id,mail,name\nu-1,a@example.com,A\nu-2,b@example.com,B\n,,Zoe\n", "utf-8")
    page = started(signed_in.post("/custify/destination/upsert_person/write", **FORM, file="in.csv", capture="on"))
    signed_in.wait_for(f"{page}/live", "Some records were not accepted")
    return signed_in


def test_outcomes_lead_to_their_rows_and_a_row_to_request_and_reply(written, canary):
    shown = written.get("/runs/1").text
    assert 'href="/runs/1/rows?outcome=rejected"' in shown
    rows = written.get("/runs/1/rows?outcome=sent").text
    assert "u-1" in rows
    assert "needs one of" not in rows
    assert "needs one of" in written.get("/runs/1/rows?outcome=rejected").text
    address = re.search(r"/runs/rows/[0-9]+", rows)[0]
    one = written.get(address).text
    assert "/people" in one.partition(">Request<")[2].partition(">Reply<")[0]
    assert "u-1" in one.partition(">Reply<")[2]
    assert canary not in one


def test_a_record_is_found_in_every_run(written):
    shown = written.get("/runs/find?q=U-2").text
    assert "Run 1</a>" in shown
    assert "rejected" in written.get("/runs/find?q=zoe").text
    assert "Nothing begins with that" in written.get("/runs/find?q=u-9").text
    assert "Nothing begins" not in written.get("/runs/find").text


def test_an_output_is_looked_at_where_it_is_still_there(signed_in, folder):
    page = started(signed_in.post("/custify/source/tags/run", credential="acme", output="tags.csv"))
    signed_in.wait_for(f"{page}/live", "All went well")
    assert "Look at tags.csv" in signed_in.get("/runs/1").text
    assert "its first" in signed_in.get("/runs/1/output").text
    (folder / "tags.csv").unlink()
    assert "Look at" not in signed_in.get("/runs/1").text
    assert signed_in.get("/runs/1/output").status == 400


@pytest.mark.parametrize(
    "path", ["/runs/9/rows", "/runs/9/output", "/runs/rows/9", "/runs/rows/99999999999999999999999"]
)
def test_what_no_run_left_says_so(client, path):
    assert client.get(path).status == 400


@pytest.mark.usefixtures("written")
def test_the_list_keeps_its_filters_in_the_address(client):
    shown = client.get("/runs?q=in.csv&kind=write&sort=oldest").text
    assert "1 matching run" in shown
    assert 'value="in.csv"' in shown
    assert '<option value="oldest" selected>' in shown
    assert "No run matches" in client.get("/runs?q=in.csv&kind=read").text
