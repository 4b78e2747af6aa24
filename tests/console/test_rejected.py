"""Rejected records from a page: searched, changed many at once, corrected in a spreadsheet, replayed by reason."""

import json
import re

import pytest

from custify_connector.contract import Receipt
from custify_connector.host import run_files
from custify_connector.host.quarantine import Place, quarantined

from .conftest import started

PAGE = "/quarantine/file?file=kept.jsonl"


def line(number, reason, **record):
    place = Place("people.csv", number + 2, "upsert_person", 1)
    return json.dumps(quarantined(record, Receipt(number, "rejected", code="refused", reason=reason), place)) + "\n"


@pytest.fixture
def kept(folder):
    path = folder / "kept.jsonl"
    rows = [line(n, f"plan 'p{n}' is not one", user_id=f"u-{n}", plan=f"p{n}") for n in range(3)]
    path.write_text("".join([*rows, line(3, "needs one of id, user_id, email", name="Zoë")]), "utf-8")
    return path


def records(path):
    return [json.loads(text)["rawMessage"] for text in path.read_text("utf-8").splitlines()]


def group(client):
    return re.search(r"group=([0-9a-f]{10})", client.get(PAGE).text)[1]


@pytest.mark.parametrize(("text", "number"), [("u-1", 2), ("Zoë", 4), ("zoë", None), ("people.csv", None)])
@pytest.mark.usefixtures("kept")
def test_records_are_found_by_what_they_hold(signed_in, text, number):
    from urllib.parse import quote  # noqa: PLC0415 - of this test alone

    shown = signed_in.get(f"{PAGE}&q={quote(text)}").text
    assert re.findall(r">Fix line ([0-9]+)<", shown) == ([] if number is None else [str(number)])
    assert ("No record holds that text" in shown) == (number is None)


@pytest.mark.parametrize(("sort", "numbers"), [("", "1234"), ("last", "4321"), ("reason", "1234"), ("odd", "1234")])
@pytest.mark.usefixtures("kept")
def test_records_come_in_the_order_that_was_chosen(signed_in, sort, numbers):
    assert "".join(re.findall(r">Fix line ([0-9]+)<", signed_in.get(f"{PAGE}&sort={sort}").text)) == numbers


def test_a_field_of_a_group_is_changed_and_the_group_replayed(signed_in, kept):
    chosen = group(signed_in)
    form = {"file": "kept.jsonl", "group": chosen, "kind": "drop", "field": "plan"}
    page = started(signed_in.post("/quarantine/edit", **form))
    shown = signed_in.get(page).text
    assert "3 records changed. They are sent with the next replay." in shown
    assert shown.count(">changed<") == 3
    assert [sorted(each) for each in records(kept)] == [["user_id"]] * 3 + [["name"]]
    page = started(signed_in.post("/quarantine/replay", file="kept.jsonl", group=chosen, credential="acme"))
    signed_in.wait_for(f"{page}/live", "All went well")
    assert records(kept) == [{"name": "Zoë"}]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"kind": "set", "field": ""}, "name the field"),
        ({"kind": "replace", "field": "plan"}, "give the text"),
        ({"kind": "burn", "field": "plan"}, "must be one of set, replace, drop"),
        ({"kind": "drop", "field": "plan", "group": "none"}, "there is no group none"),
    ],
)
def test_a_change_that_says_too_little_changes_nothing(signed_in, kept, form, reason):
    before = kept.read_bytes()
    answer = signed_in.post("/quarantine/edit", file="kept.jsonl", **form)
    assert (answer.status, reason in answer.text) == (400, True)
    assert kept.read_bytes() == before


def test_a_group_goes_to_a_spreadsheet_and_comes_back(signed_in, kept, folder):
    form = {"file": "kept.jsonl", "group": group(signed_in)}
    started(signed_in.post("/quarantine/export", **form, output="fix.csv"))
    table = folder / "fix.csv"
    assert "plan &#39;p0&#39; is not one" not in table.read_text("utf-8")
    table.write_text(table.read_text("utf-8").replace(",p1", ",gold"), "utf-8")
    assert "fix.csv exists" in signed_in.post("/quarantine/export", **form, output="fix.csv").text
    page = started(signed_in.post("/quarantine/import", **form, table="fix.csv"))
    assert "1 record changed from fix.csv, 0 refused." in signed_in.get(page).text
    assert [each.get("plan") for each in records(kept)] == ["p0", "gold", "p2", None]
    page = started(signed_in.post("/quarantine/import", **form, table="fix.csv"))
    assert "0 records changed from fix.csv, 1 refused." in signed_in.get(page).text


@pytest.mark.parametrize("output", ["../fix.csv", "fix.jsonl", "/tmp/fix.csv", ".fix.csv"])  # noqa: S108 - refused
@pytest.mark.usefixtures("kept")
def test_a_table_is_written_below_the_folder_alone(signed_in, output, folder):
    before = sorted(folder.rglob("*"))
    assert signed_in.post("/quarantine/export", file="kept.jsonl", output=output).status == 400
    assert sorted(folder.rglob("*")) == before


def test_a_quarantine_that_a_run_adds_to_is_not_changed_meanwhile(signed_in, kept):
    before = kept.read_bytes()
    with run_files.held([kept]):
        answer = signed_in.post("/quarantine/edit", file="kept.jsonl", kind="drop", field="plan")
    assert (answer.status, "another run of custify is writing it" in answer.text) == (400, True)
    assert kept.read_bytes() == before


@pytest.mark.usefixtures("kept")
def test_a_tile_says_how_many_records_wait_where_they_came_from_and_were_to_go(signed_in):
    tile = signed_in.get("/quarantine").text
    for label, value in (("Records", r"\d+"), ("For", "upsert_person"), ("From", r"[^<]*\.csv")):
        assert re.search(f"<dt>{label}</dt><dd[^>]*>{value}</dd>", tile), label
