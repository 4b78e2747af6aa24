"""`custify write`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.exchange import retrying
from custify_connector.sandbox import Fault

CSV = "id,email,first,last,company,plan\n007,ana@example.com,Ana,Łukasz,c-1,Gold\nu-2,bo@example.com,Bo,Weiß,,\n"
MAP = (
    "--map",
    "user_id=id",
    "--map",
    "email=email",
    "--map",
    "name={first} {last}",
    "--map",
    "custom_attributes.plan=plan",
)


@pytest.fixture
def run(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)

    def run(*words, stdin=None):
        return CliRunner().invoke(main, ["write", *words, "--rate-limit", "none"], input=stdin)

    return run


@pytest.fixture
def people(tmp_path):
    """Return a CSV of two people."""
    (tmp_path / "people.csv").write_text(CSV, encoding="utf-8")
    return "people.csv"


def bodies(sandbox):
    return [entry.body for entry in sandbox.journal.entries if entry.method == "POST"]


def stored(sandbox, user_id):
    return next(record for record in sandbox.content.records("people") if record.get("user_id") == user_id)


def refused(done, *said):
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert all(text in done.stderr for text in said), done.stderr
    assert "Traceback" not in done.output


def test_rows_of_a_csv_arrive_as_their_map_says(run, sandbox, people):
    done = run("upsert_person", people, *MAP)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert "columns that no --map uses, and that are not sent: company" in done.stderr
    assert "upsert_person: 2 records: 2 sent" in done.stderr
    ana = stored(sandbox, "007")
    assert (ana["name"], ana["custom_attributes"]["plan"]) == ("Ana Łukasz", "Gold")
    assert "plan" not in stored(sandbox, "u-2")["custom_attributes"]


@pytest.mark.parametrize(("empty", "sent"), [("absent", {}), ("null", {"phone": None}), ("text", {"phone": ""})])
def test_an_empty_cell_means_what_its_option_says(run, tmp_path, empty, sent):
    (tmp_path / "p.csv").write_text("user_id,phone\nu-1,\n")
    done = run("upsert_person", "p.csv", "--empty", empty, "--dry-run")
    body = json.loads(done.stdout)["body"] if done.stdout else {}
    unset = dict.fromkeys(body.pop("$unset", []))
    if empty == "text" and not body:
        assert "phone" in done.stderr
    else:
        assert {**body, **unset} == {"user_id": "u-1", **sent}


def test_json_lines_are_read_from_standard_input(run, sandbox):
    done = run("upsert_person", "-", stdin='{"user_id": "u-1"}\n\n{"user_id": "u-2"}\n')
    assert done.exit_code == 0, done.output
    assert sorted(body["user_id"] for body in bodies(sandbox)) == ["u-1", "u-2"]


def test_a_param_is_the_same_in_every_record(run, sandbox):
    run("upsert_person", "-", "--param", "name=Ana", stdin='{"user_id": "u-1"}\n{"user_id": "u-2"}\n')
    assert [body["name"] for body in bodies(sandbox)] == ["Ana", "Ana"]


def test_rows_without_a_value_can_be_left_out(run, sandbox, people):
    done = run("upsert_person", people, *MAP, "--only-with", "company")
    assert "upsert_person: 1 records: 1 sent" in done.stderr
    assert len(bodies(sandbox)) == 1


def test_columns_that_are_no_field_are_reported_before_their_rows_are_rejected(run, people):
    done = run("upsert_person", people)
    assert done.exit_code == 1
    said = " ".join(done.stderr.split())
    assert (
        "columns that are not fields of upsert_person: first, last, company, plan; to rename them: --map FIELD=COLUMN"
        in said
    )
    assert said.count("(known: ") == 2, "the fields are listed once for each row"


def test_the_summary_for_scripts_has_outcomes_and_reasons_grouped(run):
    rows = '{"user_id": "u-1"}\n{}\n{"user_id": "u-3", "emial": "x"}\n{}\n'
    done = run("upsert_person", "-", "--json", "--quarantine", "q.jsonl", "--receipts", "r.jsonl", stdin=rows)
    assert done.exit_code == 1
    summary = json.loads(done.stdout)
    outcomes = {name: count for name, count in summary.pop("outcomes").items() if count}
    reasons = {(each["outcome"], each["count"], tuple(each["lines"])) for each in summary.pop("reasons")}
    assert outcomes == {"sent": 1, "rejected": 3}
    assert reasons == {("rejected", 2, (2, 4)), ("rejected", 1, (3,))}
    assert summary == {
        "destination": "upsert_person", "records": 4, "errors": 3, "quarantine": "q.jsonl", "receipts": "r.jsonl",
        "error": None,
    }  # fmt: skip


def test_the_summary_of_a_run_is_one_line_also_of_one_that_failed(run, sandbox):
    sandbox.faults.add(Fault("status", value=401, method="POST", after=1, times=None))
    done = run("upsert_person", "-", "--json", stdin='{"user_id": "u-1"}\n{"user_id": "u-1", "name": "x"}\n')
    assert done.exit_code == 3
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["outcomes"]["sent"] == 1
    assert "refused the API key" in json.loads(line)["error"]


def test_the_replay_that_is_named_takes_the_credential_of_the_write(run, sandbox, canary):
    added = ["credential", "add", "acme", "--base-url", sandbox.base_url, "--api-key-stdin"]
    assert CliRunner().invoke(main, added, input=canary).exit_code == 0
    done = run("upsert_person", "-", "--credential", "acme", "--quarantine", "q.jsonl", stdin="{}\n")
    assert "  custify replay q.jsonl --credential acme\n" in done.stderr


def test_a_dry_run_prints_each_exact_request_and_sends_nothing(run, sandbox, people, monkeypatch):
    monkeypatch.delenv("CUSTIFY_API_KEY")
    done = run("upsert_person", people, *MAP, "--dry-run")
    assert done.exit_code == 0, done.output
    requests = [json.loads(line) for line in done.stdout.splitlines()]
    assert [request["method"] + request["path"] for request in requests] == ["POST/people"] * 2
    assert requests[0]["body"]["user_id"] == "007"
    assert "2 planned" in done.stderr
    assert len(sandbox.journal) == 0


def test_a_delete_needs_its_number(run, sandbox):
    gone = sandbox.content.records("people")[0]["id"]
    refused(
        run("delete_person", "-", stdin=f'{{"id": "{gone}"}}\n'),
        "destination.params.max_deletes: deletes are permanent",
    )
    assert run("delete_person", "-", "--param", "max_deletes=1", stdin=f'{{"id": "{gone}"}}\n').exit_code == 0
    assert len(sandbox.content.records("people")) == 29


def test_what_a_score_is_can_be_fixed_for_all_records(run, sandbox):
    """A param of a destination has the type of its field, as a param of a source has."""
    email = next(one["email"] for one in sandbox.content.records("people") if one.get("email"))
    done = run("submit_nps_score", "-", "--param", "score=9", "--dry-run", stdin=f'{{"email": "{email}"}}\n')
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["body"]["score"] == 9


# -------------------------------------------------------------------------------------------- rejected, failed, refused


def test_a_rejected_record_has_its_line_name_and_reason_and_the_exit_code_is_1(run, sandbox):
    done = run("upsert_person", "-", stdin='{"user_id": "u-1"}\n{"user_id": "u-2", "emial": "x"}\nnot json\n[1]\n{}\n')
    assert (done.exit_code, done.stdout) == (1, "")
    for said in (
        "line 2: rejected u-2: emial: unknown field; did you mean 'email'?",
        "line 3: rejected: is not valid JSON",
        "line 4: rejected: is not a JSON object",
        "line 5: rejected: needs one of id, user_id, email",
        "upsert_person: 5 records: 1 sent, 4 rejected",
    ):
        assert said in done.stderr
    assert len(bodies(sandbox)) == 1


def test_a_csv_whose_rows_are_odd_sends_the_others(run, sandbox, tmp_path):
    (tmp_path / "p.csv").write_bytes(b'user_id,name\nu-1,Ana\nu-2\nu-3,Bo,x\nu-4,\xff\n"u-5,"Cy"x\nu-6,Di\n')
    done = run("upsert_person", "p.csv")
    assert done.exit_code == 1
    assert "2 rejected, such as: has 1 values for 2 columns: look for" in done.stderr
    assert "comma (lines 3, 4)" in done.stderr
    assert "line 5: rejected: has text in 'name' that is not UTF-8: save the file as UTF-8" in done.stderr
    assert {"u-1", "u-6"} <= {body["user_id"] for body in bodies(sandbox)}
    assert "Traceback" not in done.output


def test_every_record_has_its_receipt_in_the_file(run, tmp_path):
    run("upsert_person", "-", "--receipts", "receipts.jsonl", stdin='{"user_id": "u-1"}\nx\n{"user_id": "u-3"}\n')
    receipts = [json.loads(line) for line in (tmp_path / "receipts.jsonl").read_text().splitlines()]
    assert sorted((one["line"], one["index"], one["outcome"]) for one in receipts) == [
        (1, 0, "sent"),
        (2, 1, "rejected"),
        (3, 2, "sent"),
    ]


def test_a_run_can_stop_at_the_first_reject(run, sandbox):
    lines = '{"emial": "x"}\n' + "".join(f'{{"user_id": "u-{number}"}}\n' for number in range(30))
    done = run("upsert_person", "-", "--on-reject", "stop", "--max-in-flight", "1", stdin=lines)
    assert done.exit_code == 1
    assert "not_tried" in done.stderr
    assert len(bodies(sandbox)) < 30


def test_a_revoked_key_is_exit_code_3_after_the_receipts(run, sandbox, tmp_path):
    sandbox.faults.add(Fault("revoke", after=2, times=None))
    lines = "".join(f'{{"user_id": "u-{number}"}}\n' for number in range(10))
    done = run("upsert_person", "-", "--receipts", "r.jsonl", "--max-in-flight", "1", stdin=lines)
    assert done.exit_code == 3
    assert "upsert_person: 10 records: 2 sent" in done.stderr
    assert "custify: upsert_person: POST /people: Custify refused the API key (401)" in done.stderr
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 10


def test_a_service_that_is_gone_is_exit_code_4_after_the_receipts(run, sandbox, monkeypatch):
    monkeypatch.setattr(retrying, "PATIENT", retrying.Patience(tries=1))
    sandbox.faults.add(Fault("status", value=503, times=None))
    lines = "".join(f'{{"user_id": "u-{number}"}}\n' for number in range(20))
    done = run("upsert_person", "-", stdin=lines)
    assert done.exit_code == 4
    assert "upsert_person: 20 records: " in done.stderr


@pytest.fixture
def run_unreached(run, monkeypatch):
    """Return the command for an account at whose address nothing listens, which is tried once."""
    monkeypatch.setattr(retrying, "PATIENT", retrying.Patience(tries=1))
    monkeypatch.setenv("CUSTIFY_BASE_URL", "http://127.0.0.1:9")
    return run


def test_a_few_rows_and_no_service_is_exit_code_4_with_its_address_and_the_command_that_resumes(run_unreached, people):
    done = run_unreached("upsert_person", people, *MAP, "--quarantine", "q.jsonl")
    assert done.exit_code == 4, done.output
    assert "2 records failed for want of a response from Custify, and nothing is wrong with them" in done.stderr
    assert "Fix them" not in done.stderr
    assert " --quarantine q.jsonl --rate-limit none --resume\n" in done.stderr
    *_, last = done.stderr.splitlines()
    assert last == (
        "custify: upsert_person: 2 requests in a row got no usable response from Custify; the last: the connection was "
        "refused; try again later (the API URL is http://127.0.0.1:9)"
    )


def test_rows_to_fix_and_rows_that_met_no_service_are_counted_apart(run_unreached, tmp_path):
    (tmp_path / "people.csv").write_text("user_id,name\nu-1,Ana\n,Bo\n,Cy\n", encoding="utf-8")
    done = run_unreached("upsert_person", "people.csv", "--quarantine", "q.jsonl")
    assert done.exit_code == 4, done.output
    assert (
        "3 records saved to q.jsonl. Fix the 2 that are wrong there, then run:\n  custify replay q.jsonl\n"
        in done.stderr
    )


# ------------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        (None, (), "p.csv: cannot be opened: No such file or directory"),
        (b"", (), "p.csv:1: is empty: the first line must name the columns"),
        (b"a,,b\n1,2,3\n", (), "p.csv:1: none of its columns is a field of upsert_person (a, b)"),
        (b"a,a\n1,2\n", (), "p.csv:1: column 2 has the name 'a' a second time: rename one of them"),
        (b"\xff,a\n1,2\n", (), "p.csv:1: the name of column 1 is not UTF-8 text: save the file as UTF-8"),
        (b"id\n1\n", ("--map", "user_id=ids"), "--map: there is no column 'ids'; did you mean 'id'?"),
        (b"a,b\n1,2\n", ("--map", "user_id=c"), "p.csv:1: has the columns a, b, and none that --map names: check"),
        (b"id;b\n1;2\n", ("--delimiter", ","), "p.csv:1: has one column, 'id;b', which looks separated by ';': use"),
        (b"id|b\n1|2\n", ("--delimiter", ",", "--map", "user_id=id"), "which looks separated by '|': use that"),
        (b"id\n1\n", ("--map", "user_id"), "--map user_id: has no '=': write TARGET=COLUMN"),
        (b"id\n1\n", ("--map", "a..b=id"), "--map a..b=id: has the target 'a..b'"),
        (
            b"id\n1\n",
            ("--map", "a=id", "--map", "a==x"),
            "--map a==x: maps to a field that another rule maps to already",
        ),
        (b"id\n1\n", ("--only-with", "ids"), "there is no column 'ids'; did you mean 'id'?"),
        (b"id\n1\n", ("--param", "name"), "--param name: write NAME=VALUE"),
        (
            b"id\n1\n",
            ("--param", "naem=x"),
            "destination.params.naem: upsert_person has no such field; did you mean 'name'?",
        ),
        (b"id\n1\n", ("--map", "naem=id"), "--map naem: upsert_person has no field 'naem'; did you mean 'name'?"),
        (b"id\n1\n", ("--map", "name:int=id"), "--map name:int: there is no type 'int'; there are string, integer"),
        (b"id\n1\n", ("--receipts", "missing/r"), "missing/r: cannot be written: No such file or directory"),
        (b"id\n1\n", ("--quarantine", "missing/q"), "missing/q"),
        (b"id\n1\n", ("--max-rejects", "many"), "destination.max_rejects"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_exit_code_2_with_place_and_remedy_and_nothing_is_sent(run, sandbox, content, words, said):
    if content is not None:
        Path("p.csv").write_bytes(content)
    refused(run("upsert_person", "p.csv", *words), said)
    assert len(sandbox.journal) == 0


def test_an_endpoint_that_is_not_there_is_refused_with_a_suggestion(run, people):
    refused(
        run("upsert_persn", people), "destination.endpoint: there is no 'upsert_persn'; did you mean 'upsert_person'?"
    )
    refused(run("people", people), "destination.endpoint: 'people' is a source; did you mean 'upsert_person'?")


def test_a_journal_that_cannot_be_kept_is_refused(run, sandbox, tmp_path, people):
    (tmp_path / ".custify").write_text("")
    refused(run("upsert_person", people, *MAP), ".custify")
    assert len(sandbox.journal) == 0


def test_a_write_with_rejects_and_no_quarantine_says_how_to_keep_them(run, tmp_path):
    (tmp_path / "people.csv").write_text("name\nMax\n", encoding="utf-8")
    done = run("upsert_person", "people.csv")
    assert done.exit_code == 1, done.output
    assert "fix the rejected rows in people.csv, then run the same command with --resume" in done.stderr


def test_reasons_are_broken_between_words_at_the_width_of_the_terminal(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "people.csv").write_text("user_id,signed_up_at\nu-4,soon\n", encoding="utf-8")
    reported = run("upsert_person", "people.csv").stderr.splitlines()
    assert max(map(len, reported)) <= 80
    assert reported[1].startswith("  ")


def test_an_id_of_another_form_is_sent_only_where_it_was_asked_for(run):
    row = '{"id": "not-an-id", "name": "x"}\n'
    done = run("upsert_company", "-", "--dry-run", stdin=row)
    assert done.exit_code == 1
    assert "--any-ids" in done.stderr
    assert run("upsert_company", "-", "--dry-run", "--any-ids", stdin=row).exit_code == 0
