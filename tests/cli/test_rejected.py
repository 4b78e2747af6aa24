"""`custify rejected`: reasons, changes of many records at once, and a spreadsheet in between."""

import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host import quarantine_index

ROWS = "user_id,email,session_count,plan\n" + "".join(
    f"u-{n},u{n}@example.com,{'many' if n < 3 else n},{'Gold' if n % 2 else 'Old'}\n" for n in range(6)
)


@pytest.fixture
def run(sandbox, tmp_path, monkeypatch):
    """Return a function that runs the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", sandbox.api_key)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return lambda *words: CliRunner().invoke(main, words)


@pytest.fixture
def rejected(run, tmp_path):
    """Write six rows, of which three have text for a number, one no identifier besides."""
    path = tmp_path / "rows.csv"
    path.write_text(ROWS + ",,5,Old\n")
    rules = ("user_id", "email", "session_count", "custom_attributes.plan")
    maps = [word for rule in rules for word in ("--map", f"{rule}={rule.rpartition('.')[2]}")]
    done = run("write", "upsert_person", "rows.csv", *maps, "--quarantine", "q.jsonl", "--rate-limit", "none")
    assert done.exit_code == 1, done.output
    return tmp_path / "q.jsonl"


def group(run, number=0):
    return json.loads(run("rejected", "reasons", "q.jsonl", "--json").stdout)[number]


@pytest.mark.usefixtures("rejected")
def test_reasons_are_listed_with_their_counts(run):
    shown = run("rejected", "reasons", "q.jsonl").stdout.splitlines()
    assert shown[0].split() == ["GROUP", "RECORDS", "FIELD", "REASON"]
    assert "3  session_count" in shown[1]
    assert "'many'" not in shown[1] or "line" not in shown[1]
    assert len(shown) == 3


def test_a_group_is_edited_and_replayed_alone(run, rejected, sandbox):
    chosen = group(run)
    done = run("rejected", "edit", "q.jsonl", "--group", chosen["group"], "--set", "session_count=7")
    assert "set session_count: 3 records changed" in done.output
    sandbox.journal.clear()
    done = run("replay", "q.jsonl", "--group", chosen["group"], "--rate-limit", "none")
    assert done.exit_code == 0, done.output
    assert {entry.body["session_count"] for entry in sandbox.journal.entries if entry.method == "POST"} == {7}
    assert len(rejected.read_text().splitlines()) == 4


def test_a_group_is_corrected_in_a_spreadsheet(run, rejected, tmp_path):
    chosen = group(run)
    assert run("rejected", "export", "q.jsonl", "fix.csv", "--group", chosen["group"]).exit_code == 0
    table = tmp_path / "fix.csv"
    assert len(table.read_text("utf-8").splitlines()) == 4
    table.write_text(table.read_text("utf-8").replace("many", "9"), "utf-8")
    assert "exists" in run("rejected", "export", "q.jsonl", "fix.csv").output
    done = run("rejected", "import", "q.jsonl", "fix.csv")
    assert (done.exit_code, "3 records changed, 0 refused" in done.output) == (0, True)
    lines = map(json.loads, rejected.read_text().splitlines())
    assert [line["rawMessage"]["session_count"] for line in lines][:3] == ["9"] * 3
    done = run("rejected", "import", "q.jsonl", "fix.csv")
    assert (done.exit_code, "0 records changed, 3 refused" in done.output) == (1, True)


def test_standard_output_takes_the_table(run, rejected):
    assert len(run("rejected", "export", "q.jsonl", "-").stdout.splitlines()) == 1 + len(
        rejected.read_text().splitlines()
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("edit", "q.jsonl"), "add --set, --replace or --drop"),
        (("edit", "q.jsonl", "--set", "plan"), "write FIELD=VALUE"),
        (("edit", "q.jsonl", "--group", "none", "--drop", "plan"), "there is no group none"),
        (("reasons", "rows.csv"), "is not a quarantine file"),
        (("edit", "/dev/null", "--set", "plan=x"), "/dev/null is not a regular file"),
        (("export", "q.jsonl", "missing/x.csv"), "cannot be used: No such file or directory"),
        (("export", "q.jsonl", "x.csv", "--group", "none"), "there is no group none"),
    ],
)
@pytest.mark.usefixtures("rejected")
def test_what_cannot_be_done_says_why(run, words, reason):
    done = run("rejected", *words)
    assert (done.exit_code, reason in done.output) == (2, True), done.output


def test_a_file_that_a_run_adds_to_is_neither_changed_nor_sent_by_line_meanwhile(run, rejected):
    before = rejected.read_bytes()
    words = (("rejected", "edit", "q.jsonl", "--drop", "plan"), ("replay", "q.jsonl", "--group", group(run)["group"]))
    with quarantine_index.run_files.held([rejected]):
        for each in words:
            done = run(*each)
            assert (done.exit_code, "another run of custify is writing it" in done.output) == (2, True), done.output
    assert rejected.read_bytes() == before


def test_the_next_command_can_be_pasted_whatever_the_file_is_called(run, rejected, tmp_path):
    rejected.rename(tmp_path / "my rows.jsonl")
    done = run("rejected", "edit", "my rows.jsonl", "--drop", "email")
    assert "custify replay 'my rows.jsonl'" in done.stderr
    done = run("rejected", "export", "my rows.jsonl", "x y.csv")
    assert "custify rejected import 'my rows.jsonl' 'x y.csv'" in done.stderr
