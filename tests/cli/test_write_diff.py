"""`custify write --diff`: what would change, with nothing written."""

import json

import pytest
import responses
from click.testing import CliRunner

from custify_connector.cli import main


@pytest.fixture
def write(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own with a file of four rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    first, second = sandbox.content.records("people")[:2]
    rows = [
        f"{first['user_id']},{first['name']},{first['custom_attributes']['seat_type']}",
        f"{second['user_id']},Someone,owner",
        "n-1,New,",
        ",Nameless,",
    ]
    (tmp_path / "people.csv").write_text("id,name,seat\n" + "\n".join(rows) + "\n", encoding="utf-8")
    rules = ("--map", "user_id=id", "--map", "name=name", "--map", "custom_attributes.seat_type=seat")
    return lambda *words, endpoint="upsert_person": CliRunner().invoke(
        main, ["write", endpoint, "people.csv", *rules, *words]
    )


def test_each_change_is_shown_field_by_field_and_nothing_is_written(write, sandbox):
    second = sandbox.content.records("people")[1]
    before = sandbox.content.records("people")
    done = write("--diff")
    assert done.exit_code == 1, done.output
    was = json.dumps(second["name"], ensure_ascii=False)
    seat = json.dumps(second["custom_attributes"]["seat_type"])
    assert done.stdout.splitlines() == [
        f"line 3 user_id={second['user_id']}: to update",
        f'  name: {was} -> "Someone"',
        f'  custom_attributes.seat_type: {seat} -> "owner"',
        "line 4 user_id=n-1: to create",
        '  user_id: "n-1"',
        '  name: "New"',
    ]
    assert "upsert_person: at most 4 requests for 4 rows; nothing is written" in done.stderr
    assert "upsert_person: 4 rows compared: 1 to create, 1 to update, 1 unchanged, 1 rejected" in done.stderr
    assert sandbox.content.records("people") == before
    assert len(sandbox.journal) == sandbox.journal.count("GET")


def test_json_has_every_row_and_the_counts(write):
    done = write("--diff", "all", "--json")
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout)
    assert found["destination"] == "upsert_person"
    assert [row["verdict"] for row in found["rows"]] == ["nothing", "update", "create", "rejected"]
    assert found["rows"][1]["changes"][0].keys() == {"field", "now", "then"}
    assert found["counts"] == {"nothing": 1, "update": 1, "create": 1, "rejected": 1}


def test_a_number_of_rows_is_compared_and_the_rest_is_named(write, sandbox):
    done = write("--diff", "1")
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    assert "upsert_person: 1 row compared: 1 unchanged" in done.stderr
    assert "only the first 1 row: --diff all compares every row" in done.stderr
    assert len(sandbox.journal) <= 3


@pytest.mark.usefixtures("write")
def test_what_cannot_be_read_costs_nothing_and_is_said(sandbox, tmp_path):
    (tmp_path / "deals.csv").write_text("externalId,name\nd-1,x\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["write", "upsert_deal", "deals.csv", "--diff"])
    assert done.exit_code == 0, done.output
    assert "upsert_deal: no request: what the service holds of these records cannot be read" in done.stderr
    assert "upsert_deal: 1 row compared: 1 cannot be compared" in done.stderr
    assert len(sandbox.journal) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--diff", "--resume"], "--diff: cannot be combined with --resume: nothing is written"),
        (["--diff", "--dry-run"], "cannot be combined with --dry-run"),
        (["--diff", "--receipts", "r.csv"], "cannot be combined with --receipts"),
        (["--diff", "--capture"], "cannot be combined with --capture"),
        (["--diff", "00"], "must be a number of rows, or all"),
        (["--diff", "1" + 30 * "0"], "must be a number of rows, or all"),
        (["--diff", "0"], "must be a number of rows, or all"),
        (["--diff", "9" * 30], "must be a number of rows, or all"),
        (["--diff", "٣"], "must be a number of rows, or all"),
        (["--diff", "some"], "write --diff after FILE"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_a_request(write, sandbox, words, said):
    done = write(*words)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert said in done.stderr
    assert len(sandbox.journal) == 0


def test_a_refused_key_is_its_own_exit_code_and_the_json_ends_whole(write, monkeypatch):
    monkeypatch.setenv("CUSTIFY_API_KEY", "wrong")
    done = write("--diff", "--json")
    assert done.exit_code == 3, done.output
    assert json.loads(done.stdout)["counts"].keys() <= {"failed", "not_tried", "rejected"}


def test_a_key_in_the_data_is_not_shown(write, canary, tmp_path):
    (tmp_path / "people.csv").write_text(f"id,name,seat\nn-1,{canary},\n", encoding="utf-8")
    for words in (["--diff"], ["--diff", "--json"]):
        done = write(*words)
        assert done.exit_code == 0
        assert canary not in done.output
        assert "•••" in done.stdout


@pytest.mark.usefixtures("write")
def test_half_a_character_and_a_line_break_are_shown_in_one_line(sandbox, tmp_path):
    kept = {"user_id": "u-1", "name": "half a \ud800"}
    rows = [{"id": "u-1", "name": "New"}, {"id": "a\nb", "name": "New"}]
    (tmp_path / "people.csv").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    words = ("--map", "user_id=id", "--map", "name=name", "--input-format", "jsonl", "--diff")
    with responses.RequestsMock() as web:
        web.get(f"{sandbox.base_url}/people?user_id=u-1", json={"people": [kept]})
        web.get(f"{sandbox.base_url}/people?user_id=a%0Ab", json={"people": []})
        done = CliRunner().invoke(main, ["write", "upsert_person", "people.csv", *words])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1] == '  name: "half a \\ud800" -> "New"'
    assert 'line 2 user_id="a\\nb": to create' in done.stdout
