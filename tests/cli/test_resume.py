"""`custify write`: what a second run of the same file does, and what ends a run early."""

import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.sandbox import Fault

WHEN = "2026-01-01T00:00:00.000Z"


class Desk:
    """A folder in which the command is run against a sandbox."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.user_id = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))

    def put(self, *records, name="rows.jsonl"):
        """Write records to a file."""
        with open(name, "w", encoding="utf-8") as stream:  # noqa: PTH123 - in the folder of this test
            stream.writelines(json.dumps(record) + "\n" for record in records)

    def write(self, *words, endpoint="upsert_person", command="write", file="rows.jsonl"):
        """Run the command on a file."""
        named = (command, endpoint, file) if command == "write" else (command, file)
        return CliRunner().invoke(main, [*named, "--rate-limit", "none", *words])

    def sent(self):
        """Return what was sent since the last time."""
        sent = [entry.body for entry in self.sandbox.journal.entries if entry.method == "POST"]
        self.sandbox.journal.clear()
        return sent

    def lines(self, name):
        """Return the JSON lines of a file."""
        with open(name, encoding="utf-8") as stream:  # noqa: PTH123 - as above
            return [json.loads(line) for line in stream]

    def event(self, number):
        """Return an event that must not be repeated."""
        return {"user_id": self.user_id, "name": f"mark-{number}", "created_at": WHEN}

    def held(self):
        """Return the names of the events that the account holds."""
        return sorted(one["name"] for one in self.sandbox.content.events)


@pytest.fixture
def desk(sandbox, tmp_path, monkeypatch):
    """Return a desk in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", sandbox.api_key)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return Desk(sandbox)


def people(count, **words):
    return [{"user_id": f"mark-{number}", "name": "n", **words} for number in range(count)]


BAD = {"user_id": "bad", "name": "x" * 300}


# ---------------------------------------------------------------------------------------------------------- to go on


def test_a_run_that_was_stopped_goes_on_with_what_was_not_tried(desk):
    desk.put(*people(3), BAD, *people(6)[3:])
    done = desk.write("--on-reject", "stop")
    assert done.exit_code == 1
    assert "7 records: 3 sent, 1 rejected, 3 not_tried" in done.stderr
    assert "--resume" in done.stderr
    assert len(desk.sent()) == 3
    again = desk.write("--resume")
    assert sorted(body["user_id"] for body in desk.sent()) == ["mark-3", "mark-4", "mark-5"]
    assert "7 records: 6 sent, 1 rejected" in again.stderr
    assert again.exit_code == 1


@pytest.mark.parametrize(
    ("bound", "rows", "summary"),
    [
        ("1", [*people(2), BAD, BAD, *people(4)], "8 records: 2 sent, 2 rejected, 4 not_tried"),
        ("2", [*people(2), BAD, BAD, *people(4)], "8 records: 6 sent, 2 rejected"),
        ("5%", [BAD] * 5 + people(94), "99 records: 94 sent, 5 rejected"),
        ("5%", [*people(94), *[BAD] * 6, *people(7)], "107 records: 94 sent, 6 rejected, 7 not_tried"),
    ],
)
def test_more_rejects_than_allowed_stop_the_run(desk, bound, rows, summary):
    desk.put(*rows)
    done = desk.write("--max-rejects", bound, "--max-in-flight", "1")
    assert summary in done.stderr
    assert done.exit_code == 1


def test_input_that_changed_under_a_resumed_run_is_sent_where_it_changed(desk):
    desk.put(*people(3), BAD, *people(5)[3:])
    desk.write("--on-reject", "stop")
    desk.put(*people(1), {"user_id": "other"}, *people(3)[2:])
    desk.sent()
    assert desk.write("--resume").exit_code == 0
    assert [body["user_id"] for body in desk.sent()] == ["other"]


def test_another_value_for_all_records_under_a_resumed_run_is_noticed(desk):
    """What --param fixes is part of every record."""
    desk.put(*people(3), BAD, *people(5)[3:])
    desk.write("--on-reject", "stop", "--param", "phone=1")
    desk.sent()
    assert desk.write("--resume", "--param", "phone=2").exit_code == 2
    assert desk.sent() == []


def test_after_a_run_whose_rows_are_all_decided_the_next_one_simply_starts(desk):
    desk.put(*people(3))
    assert desk.write().exit_code == 0
    desk.sent()
    again = desk.write()
    assert "an earlier run" not in again.stderr
    assert len(desk.sent()) == 3


@pytest.mark.parametrize("words", [("--resume",), ("--journal", "j")], ids=["resume", "journal"])
def test_to_resume_a_first_run_simply_starts(desk, words):
    desk.put(*people(3))
    assert desk.write(*words).exit_code == 0
    assert len(desk.sent()) == 3


def test_a_new_run_over_an_unfinished_one_says_so_and_sends_everything(desk):
    desk.put(*people(2), BAD, *people(3)[2:])
    desk.write("--on-reject", "stop")
    desk.sent()
    done = desk.write()
    assert "an earlier run did not finish" in done.stderr
    assert len(desk.sent()) == 3


def test_the_journal_of_another_destination_is_refused(desk):
    desk.put(BAD, desk.event(0))
    desk.write("--journal", "j", "--on-reject", "stop", endpoint="create_event")
    done = desk.write("--journal", "j", "--resume")
    assert done.exit_code == 2
    assert "is the journal of a run to create_event" in done.stderr


@pytest.mark.parametrize("before", [True, False])
def test_what_is_unclear_is_reported_in_every_run_and_sent_again_only_on_request(desk, before):
    desk.put(*[desk.event(number) for number in range(5)])
    desk.sandbox.faults.add(Fault("reset", method="POST", after=2, before=before))
    words = ("--max-in-flight", "1", "--quarantine", "q.jsonl", "--receipts", "r.jsonl")
    assert desk.write(*words, endpoint="create_event").exit_code == 1
    desk.sent()
    again = desk.write(*words, "--resume", endpoint="create_event")
    assert (again.exit_code, desk.sent()) == (1, [])
    assert "5 records: 4 sent, 1 failed" in again.stderr
    assert [receipt["code"] for receipt in desk.lines("r.jsonl")] == [None, None, "unclear", None, None]
    last = desk.write(*words, "--resume", "--resend-unclear", endpoint="create_event")
    assert last.exit_code == 0
    assert [body["name"] for body in desk.sent()] == ["mark-2"]


def test_a_run_that_had_come_to_its_end_is_not_done_again_by_resume(desk):
    """A process killed after its last receipt looks like one killed before it: --resume must be safe for both."""
    desk.put(*[desk.event(number) for number in range(3)])
    assert desk.write(endpoint="create_event").exit_code == 0
    desk.write("--resume", endpoint="create_event")
    assert desk.held() == ["mark-0", "mark-1", "mark-2"]


# ------------------------------------------------------------------------------------------------- what goes wrong


def test_the_receipts_are_there_although_the_key_was_refused(desk):
    desk.put(*people(4), *people(1), {"user_id": 7.5})
    desk.sandbox.faults.add(Fault("revoke", after=2))
    done = desk.write("--receipts", "r.jsonl", "--max-in-flight", "1")
    assert done.exit_code == 3
    assert "--resume" in done.stderr
    outcomes = [receipt["outcome"] for receipt in desk.lines("r.jsonl")]
    assert outcomes == ["sent", "sent", "failed", "not_tried", "not_tried", "not_tried"]


def test_rows_after_a_refused_key_have_receipts_also_those_that_cannot_be_read(desk):
    desk.put(*people(4))
    with open("rows.jsonl", "a", encoding="utf-8") as stream:  # noqa: PTH123 - in the folder of this test
        stream.write("no JSON\n")
    desk.sandbox.faults.add(Fault("revoke", after=1))
    done = desk.write("--receipts", "r.jsonl", "--max-in-flight", "1")
    assert done.exit_code == 3
    assert "5 records: 1 sent, 1 rejected, 1 failed, 2 not_tried" in done.stderr


def test_bad_usage_leaves_nothing_to_go_on_with(desk, tmp_path):
    desk.put(*people(2))
    assert desk.write("--param", "nonsense=1").exit_code == 2
    assert not list(tmp_path.glob(".custify/*"))
    assert "an earlier run" not in desk.write().stderr


# ------------------------------------------------------------------------------------------------------ unchanged rows


def test_a_second_run_sends_nothing_and_a_changed_row_is_sent(desk):
    desk.put(*people(5))
    assert "5 sent" in desk.write("--skip-unchanged").stderr
    desk.sent()
    assert "5 records: 5 unchanged" in desk.write("--skip-unchanged").stderr
    assert desk.sent() == []
    desk.put(*people(3), {"user_id": "mark-3", "name": "changed"}, *people(5)[4:])
    assert "5 records: 1 sent, 4 unchanged" in desk.write("--skip-unchanged").stderr
    assert [body["name"] for body in desk.sent()] == ["changed"]


def test_another_value_for_all_records_is_a_change(desk):
    desk.put(*people(2))
    desk.write("--skip-unchanged", "--param", "phone=1")
    desk.sent()
    desk.write("--skip-unchanged", "--param", "phone=2")
    assert [body["phone"] for body in desk.sent()] == ["2", "2"]


def test_several_rows_of_one_person_end_as_the_last_of_them_says(desk):
    desk.put({"user_id": "mark-0", "name": "one"}, {"user_id": "mark-0", "name": "two"})
    for _ in range(3):
        desk.write("--skip-unchanged")
        assert [one["name"] for one in desk.sandbox.content.people if one.get("user_id") == "mark-0"] == ["two"]


def test_a_destination_that_adds_cannot_skip_what_is_unchanged(desk):
    desk.put(desk.event(0))
    done = desk.write("--skip-unchanged", endpoint="create_event")
    assert done.exit_code == 2
    assert "nothing can be skipped as unchanged" in done.stderr
