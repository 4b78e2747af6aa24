"""`custify replay`: the records of a quarantine file, and only those."""

# What a test varies are its parameters.
# ruff: noqa: PLR0913, PLR0917

import json
import time
from collections import Counter

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.exchange import client, rate_budget
from custify_connector.exchange.rate_budget import Clock
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.sandbox import Fault

WHEN = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def run(sandbox, tmp_path, monkeypatch):
    """Return a function that runs the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", sandbox.api_key)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return lambda *words: CliRunner().invoke(main, [*words, "--rate-limit", "none"])


def put(path, lines):
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))


def get(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


ROWS = [
    {"user_id": "mark-0", "name": "n"},
    {"user_id": "mark-1", "name": "x" * 300},
    {"user_id": "mark-2", "name": "n"},
    {"name": "nobody"},
]


@pytest.fixture
def quarantine(run, tmp_path):
    """Return the quarantine of a run of which two rows were rejected."""
    put(tmp_path / "rows.jsonl", ROWS)
    assert run("write", "upsert_person", "rows.jsonl", "--quarantine", "q.jsonl").exit_code == 1
    return tmp_path / "q.jsonl"


def sent(sandbox):
    bodies = [entry.body for entry in sandbox.journal.entries if entry.method == "POST"]
    sandbox.journal.clear()
    return bodies


def test_the_quarantine_holds_what_was_rejected_with_its_line(quarantine):
    lines = get(quarantine)
    assert [line["nexlaMetaData"]["sourceOffset"] for line in lines] == [2, 4]
    assert [line["rawMessage"] for line in lines] == [ROWS[1], ROWS[3]]
    assert {line["error"]["stage"] for line in lines} == {"validation"}


def test_only_what_is_in_the_quarantine_is_sent_after_it_was_corrected(run, sandbox, quarantine):
    lines = get(quarantine)
    lines[0]["rawMessage"]["name"] = "corrected"
    put(quarantine, lines)
    sent(sandbox)
    done = run("replay", "q.jsonl", "--quarantine", "again.jsonl")
    assert sent(sandbox) == [{"user_id": "mark-1", "name": "corrected"}]
    assert "upsert_person: 2 records: 1 sent, 1 rejected" in done.stderr
    assert done.exit_code == 1
    (rejected,) = get(quarantine.parent / "again.jsonl")
    assert rejected["rawMessage"] == {"name": "nobody"}


def test_a_replay_can_be_resumed_like_any_run(run, sandbox, quarantine):
    lines = get(quarantine)
    lines[0]["rawMessage"]["name"] = "corrected"
    put(quarantine, [lines[1], lines[0]])
    sent(sandbox)
    assert run("replay", "q.jsonl", "--on-reject", "stop").exit_code == 1
    assert sent(sandbox) == []
    run("replay", "q.jsonl", "--resume")
    assert [body["user_id"] for body in sent(sandbox)] == ["mark-1"]


def test_what_was_unclear_and_reported_in_several_runs_is_replayed_once(run, sandbox, tmp_path):
    """Each resumed run reports it again; it is one record all the same."""
    user = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
    put(tmp_path / "rows.jsonl", [{"user_id": user, "name": f"mark-{n}", "created_at": WHEN} for n in range(3)])
    sandbox.faults.add(Fault("reset", method="POST", after=1))
    words = ("write", "create_event", "rows.jsonl", "--quarantine", "q.jsonl", "--max-in-flight", "1")
    run(*words)
    for _ in range(2):
        run(*words, "--resume")
    held = run("replay", "q.jsonl")
    assert (held.exit_code, "add --resend-unclear to send it again" in held.stderr) == (1, True)
    assert run("replay", "q.jsonl", "--resend-unclear").exit_code == 0
    assert names(sandbox) == ["mark-0", "mark-1", "mark-2"]


# ------------------------------------------------------------------------------------------------ each row in one hand


COUNT = 12


def names(sandbox):
    return sorted(one["name"] for one in sandbox.content.events if one["name"].startswith("mark-"))


@pytest.fixture
def safe_events(run, sandbox, tmp_path, hurried):  # noqa: ARG001 - it makes the clock run faster
    """Write events while Custify is gone, so that all of them failed; returns the words of that write."""
    user = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
    rows = [
        {"user_id": user, "name": f"mark-{n:02}", "created_at": WHEN, "deduplication_id": f"mark-{n}"}
        for n in range(COUNT)
    ]
    put(tmp_path / "rows.jsonl", rows)
    return ("write", "create_event", "rows.jsonl", "--quarantine", "q.jsonl", "--max-in-flight", "1")


@pytest.fixture
def hurried(monkeypatch):
    """Let the connector's clock run faster, so that the waits between tries are short."""
    quick = Clock(
        now=lambda: time.monotonic() * 200,
        wall=time.time,
        pause=lambda seconds, stop: stop.wait(seconds / 200),
    )
    for module in (client, rate_budget):
        monkeypatch.setattr(module, "Clock", lambda: quick)


def applied(sandbox):
    """Return how often each marked event was taken, also where it was recognised as the same one."""
    bodies = [each.body for each in sandbox.journal.entries if each.method == "POST" and each.status == 202]
    jobs = [job["payload"] for body in bodies for job in body.get("jobs", [])] + [b for b in bodies if "jobs" not in b]
    return Counter(body["name"] for body in jobs)


@pytest.mark.parametrize("delivery", ["single", "batch"])
@pytest.mark.parametrize("first", ["resume", "replay"])
def test_what_failed_with_everybodys_fault_arrives_once_by_a_resumed_run_or_a_replay_in_any_order(
    run, sandbox, safe_events, delivery, first, tmp_path
):
    """In the quarantine and in the journal at once, it is sent by whichever comes first."""
    sandbox.faults.add(Fault("status", value=503, method="POST", times=None))
    assert run(*safe_events, "--delivery", delivery).exit_code in {1, 4}
    sandbox.faults.clear()
    kept = len(get(tmp_path / "q.jsonl"))
    assert kept == (COUNT if delivery == "batch" else 3)
    again = {"resume": (*safe_events, "--resume"), "replay": ("replay", "q.jsonl")}
    order = [first, *(each for each in again if each != first), first]
    done = [run(*again[each], "--delivery", delivery) for each in order]
    assert [each.exit_code for each in done] == [0, 0, 0], [each.stderr for each in done]
    assert applied(sandbox) == Counter(f"mark-{n:02}" for n in range(COUNT))
    assert f"create_event: {kept} records: {kept} unchanged" in done[1 if first == "resume" else 2].stderr


def test_what_is_replayed_from_the_quarantine_of_a_replay_is_not_resumed_either(run, sandbox, safe_events, tmp_path):
    sandbox.faults.add(Fault("status", value=503, method="POST", times=None))
    run(*safe_events)
    run("replay", "q.jsonl", "--quarantine", "again.jsonl", "--max-in-flight", "1")
    sandbox.faults.clear()
    assert len(get(tmp_path / "again.jsonl")) == 3
    assert run("replay", "again.jsonl").exit_code == 0
    assert run("replay", "q.jsonl").exit_code == 0
    assert run(*safe_events, "--resume").exit_code == 0
    assert applied(sandbox) == Counter(f"mark-{n:02}" for n in range(COUNT))


def test_what_is_unclear_is_sent_again_once_by_a_resumed_run_or_a_replay(run, sandbox, tmp_path):
    user = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
    put(tmp_path / "rows.jsonl", [{"user_id": user, "name": f"mark-{n}", "created_at": WHEN} for n in range(3)])
    sandbox.faults.add(Fault("reset", method="POST", after=1))
    words = ("write", "create_event", "rows.jsonl", "--quarantine", "q.jsonl", "--max-in-flight", "1")
    run(*words)
    assert run("replay", "q.jsonl", "--resend-unclear").exit_code == 0
    for _ in range(2):
        assert run(*words, "--resume", "--resend-unclear").exit_code == 0
        assert run("replay", "q.jsonl", "--resend-unclear").exit_code == 0
    assert names(sandbox) == ["mark-0", "mark-1", "mark-2"]


def test_without_a_journal_to_ask_the_quarantine_itself_says_what_is_unclear(run, sandbox, tmp_path):
    user = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
    event = {"user_id": user, "name": "mark-0", "created_at": WHEN}
    unclear = {**line("create_event", **event), "error": {"code": "unclear"}}
    gone = {"journal": str(tmp_path / "gone"), "place": 0, "hash": "00"}
    put(tmp_path / "q.jsonl", [unclear])
    assert run("replay", "q.jsonl").exit_code == 1
    unclear["nexlaMetaData"]["origin"] = gone
    put(tmp_path / "q.jsonl", [unclear])
    assert run("replay", "q.jsonl").exit_code == 1
    assert names(sandbox) == []
    assert not (tmp_path / "gone").exists()
    assert run("replay", "q.jsonl", "--resend-unclear").exit_code == 0
    assert names(sandbox) == ["mark-0"]


def test_an_unclear_row_that_a_stopped_replay_came_to_is_unclear_for_the_resumed_one(run, sandbox, tmp_path):
    """That the replay did not send it says nothing of the run that kept it, whose journal is gone."""
    user = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
    event = {"user_id": user, "name": "mark-0", "created_at": WHEN}
    put(tmp_path / "q.jsonl", [line("create_event"), {**line("create_event", **event), "error": {"code": "unclear"}}])
    assert "1 rejected, 1 not_tried" in run("replay", "q.jsonl", "--on-reject", "stop").stderr
    assert "add --resend-unclear to send it again" in run("replay", "q.jsonl", "--resume").stderr
    assert names(sandbox) == []
    run("replay", "q.jsonl", "--resume", "--resend-unclear")
    assert names(sandbox) == ["mark-0"]


def test_a_replay_with_nothing_left_says_so_and_leaves_no_empty_file(run, tmp_path):
    put(tmp_path / "q.jsonl", [line("upsert_person", user_id="a"), line("upsert_person", user_id="b")])
    assert run("replay", "q.jsonl", "--quarantine", "again.jsonl").exit_code == 0
    assert not (tmp_path / "again.jsonl").exists()
    (tmp_path / "again.jsonl").touch()
    done = run("replay", "q.jsonl", "--resume", "--quarantine", "again.jsonl")
    assert "2 records: 2 sent; all of them before this run, so nothing was left to send\n" in done.stderr
    assert (tmp_path / "again.jsonl").exists()  # that one was here before


def test_a_row_that_stands_in_the_quarantine_twice_is_sent_once_and_said_to(run, sandbox, quarantine):
    """As after a run that was killed while it kept the row, and resumed."""
    first, second = get(quarantine)
    first["rawMessage"]["name"] = "corrected"
    put(quarantine, [first, second, {**first, "rawMessage": {**first["rawMessage"], "name": "other"}}])
    sent(sandbox)
    done = run("replay", "q.jsonl")
    assert [body["name"] for body in sent(sandbox)] == ["corrected"]
    assert "line 3: rejected: is the same row as line 1: keep one of the two" in done.stderr


def test_a_row_that_a_refused_key_kept_back_is_not_in_the_quarantine(run, sandbox, tmp_path):
    """There is nothing to fix in it; it goes on with --resume. Rows that are faulty in themselves are kept."""
    put(tmp_path / "rows.jsonl", ROWS)
    sandbox.faults.add(Fault("revoke", after=0))
    assert run("write", "upsert_person", "rows.jsonl", "--quarantine", "q.jsonl").exit_code == 3
    kept = get(tmp_path / "q.jsonl") if (tmp_path / "q.jsonl").exists() else []  # none, where the run came to no other
    assert {each["error"]["code"] for each in kept} <= {"invalid_record"}


@pytest.mark.parametrize(
    ("lines", "words", "exit_code", "said"),
    [
        ([], (), 2, "q.jsonl:1: names no destination"),
        (["no JSON"], (), 2, "names no destination"),
        ([{"user_id": "a"}], (), 2, "names no destination"),
        ([{"user_id": "a"}], ("--to", "upsert_person"), 1, "is not a quarantined record"),
        (["no JSON"], ("--to", "upsert_person"), 1, "is not valid JSON"),
    ],
)
def test_what_is_no_quarantine_is_refused(run, tmp_path, lines, words, exit_code, said):
    put(tmp_path / "q.jsonl", lines)
    done = run("replay", "q.jsonl", *words)
    assert done.exit_code == exit_code
    assert said in done.stderr


def test_a_file_that_is_not_there_is_refused(run):
    done = run("replay", "q.jsonl")
    assert done.exit_code == 2
    assert "cannot be opened" in done.stderr


def line(destination, **record):
    meta = {} if destination is None else {"destination": destination}
    return {"nexlaMetaData": meta, "error": {}, "rawMessage": record}


def test_each_record_goes_to_its_own_destination_in_a_safe_order(run, sandbox, tmp_path):
    put(tmp_path / "q.jsonl", [line("upsert_person", user_id="a"), line("upsert_company", company_id="c"), "no JSON"])
    done = run("replay", "q.jsonl", "--receipts", "r.jsonl")
    assert [body.get("user_id") or body["company_id"] for body in sent(sandbox)] == ["c", "a"]
    assert [receipt["outcome"] for receipt in get(tmp_path / "r.jsonl")] == ["sent", "rejected", "sent"]
    assert done.exit_code == 1


def test_to_one_destination_goes_what_is_for_it_or_names_none(run, sandbox, tmp_path):
    lines = [line("create_event", user_id="a"), line(None, user_id="b"), line("upsert_person", user_id="c")]
    put(tmp_path / "q.jsonl", lines)
    done = run("replay", "q.jsonl", "--to", "upsert_person", "--receipts", "r.jsonl")
    assert sorted(body["user_id"] for body in sent(sandbox)) == ["b", "c"]  # different keys may pass each other
    assert "was meant for create_event, not for upsert_person: leave out --to" in done.stderr
    assert [receipt["outcome"] for receipt in get(tmp_path / "r.jsonl")] == ["rejected", "sent", "sent"]


# ------------------------------------------------------------------------------------- nothing newer is overwritten


@pytest.fixture
def write(run, sandbox, tmp_path):
    """Return a function that writes records, of which Custify refuses those in which `refused` stands."""

    def written(endpoint, *records, refused=None, words=(), rejected="q.jsonl"):
        put(tmp_path / "rows.jsonl", records)
        if refused:
            sandbox.faults.add(Fault("status", value=400, times=None, about=refused))
        run("write", endpoint, "rows.jsonl", "--quarantine", rejected, "--max-in-flight", "1", *words)
        sandbox.faults.clear()
        sandbox.journal.clear()

    return written


def replayed(run, sandbox, *words):
    """Return how a replay ended, what it sent, and what it said in one line."""
    done = run("replay", *(words or ["q.jsonl"]))
    return done.exit_code, [body for body in sent(sandbox) if body], " ".join(done.stderr.split())


OLD, NEW = {"user_id": "s-1", "name": "Old"}, {"user_id": "s-1", "name": "New"}
MAIL, LOUD = {"email": "s@example.com"}, {"email": "S@example.com"}


@pytest.mark.parametrize(
    ("old", "new"),
    [(OLD, NEW), ({**OLD, **MAIL}, {**MAIL, "name": "New"}), ({**MAIL, "name": "Old"}, {**NEW, **LOUD})],
    ids=["by-one-key", "by-email-since", "by-user-id-since"],
)
def test_a_record_is_not_sent_over_a_newer_one_unless_that_is_asked_for(run, sandbox, write, old, new):
    write("upsert_person", old, refused="Old")
    write("upsert_person", new)
    code, bodies, said = replayed(run, sandbox, "q.jsonl", "--quarantine", "again.jsonl")
    assert (code, bodies) == (1, [])
    named = old.get("user_id", old.get("email"))
    assert f'line 1: failed {named}: run 2 sent a newer record for "{named}"' in said
    assert "to send this older one as well, add --older-too" in said
    assert replayed(run, sandbox, "again.jsonl", "--older-too")[:2] == (0, [old])


def test_an_email_address_of_two_people_makes_them_not_one(run, sandbox, write):
    write("upsert_person", {**OLD, **MAIL}, refused="Old")
    write("upsert_person", {**NEW, **MAIL, "user_id": "s-2"})
    assert replayed(run, sandbox)[:2] == (0, [{**OLD, **MAIL}])


def test_a_person_that_was_deleted_since_is_not_created_again(run, sandbox, write):
    write("upsert_person", NEW)
    write("upsert_person", OLD, refused="Old")
    write("delete_person", {"user_id": "s-1"}, words=["--param", "max_deletes=1"])
    assert replayed(run, sandbox)[:2] == (1, [])


def test_a_tag_that_was_taken_off_one_of_several_since_is_not_put_on_it_again(run, sandbox, write):
    ids = [one["id"] for one in sandbox.content.people[:3]]
    write("tag_people", {"type": "add", "tag": "VIP", "ids": ids[:2]}, refused="add")
    write("tag_people", {"type": "remove", "tag": "VIP", "ids": ids[1:]})
    assert replayed(run, sandbox)[:2] == (1, [])


def test_what_only_adds_something_is_sent_whatever_was_sent_since(run, sandbox, write):
    user = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
    write("create_event", {"user_id": user, "name": "mark", "created_at": WHEN}, refused="mark")
    write("create_event", {"user_id": user, "name": "mark", "created_at": WHEN})
    code, bodies, _ = replayed(run, sandbox)
    assert (code, len(bodies)) == (0, 1)


def test_what_a_later_line_of_one_run_has_sent_is_newer(run, sandbox, write):
    write("upsert_person", OLD, NEW, refused="Old")
    assert replayed(run, sandbox)[:2] == (1, [])


def test_what_an_earlier_line_of_one_run_has_sent_is_not_newer(run, sandbox, write):
    write("upsert_person", OLD, NEW, refused="New")
    assert replayed(run, sandbox)[:2] == (0, [NEW])


def test_what_a_run_left_unsent_because_the_account_has_it_is_newer(run, sandbox, write):
    write("upsert_person", NEW, words=["--skip-unchanged"])
    write("upsert_person", OLD, refused="Old")
    write("upsert_person", NEW, words=["--skip-unchanged"])
    replayed(run, sandbox)
    assert [one["name"] for one in sandbox.content.people if one.get("user_id") == "s-1"] == ["New"]


def test_of_several_records_of_one_person_the_last_of_the_file_counts(run, sandbox, write):
    for number in range(5):
        write("upsert_person", {"user_id": "s-1", "name": f"Name {number}"}, refused="Name")
    code, bodies, _ = replayed(run, sandbox)
    assert (code, [body["name"] for body in bodies]) == (0, [f"Name {number}" for number in range(5)])


def test_in_a_file_with_the_newer_record_first_the_older_one_is_not_sent_over_it(run, sandbox, write, tmp_path):
    for record in (OLD, NEW):
        write("upsert_person", record, refused="user_id")
    put(tmp_path / "q.jsonl", get(tmp_path / "q.jsonl")[::-1])
    code, bodies, said = replayed(run, sandbox)
    assert (code, bodies) == (1, [NEW])
    assert 'line 2: failed s-1: a line above holds a newer record for "s-1"' in said


def test_a_replay_of_older_records_after_that_of_newer_ones_sends_nothing(run, sandbox, write):
    write("upsert_person", OLD, refused="Old")
    write("upsert_person", NEW, refused="New", rejected="newer.jsonl")
    assert replayed(run, sandbox, "newer.jsonl")[:2] == (0, [NEW])
    assert replayed(run, sandbox)[:2] == (1, [])


def test_a_replay_of_newer_records_after_that_of_older_ones_sends_them(run, sandbox, write):
    write("upsert_person", OLD, refused="Old")
    write("upsert_person", NEW, refused="New", rejected="newer.jsonl")
    assert replayed(run, sandbox)[:2] == (0, [OLD])
    assert replayed(run, sandbox, "newer.jsonl")[:2] == (0, [NEW])


def test_what_a_replay_saves_again_stays_as_old_as_it_was(run, sandbox, write):
    write("upsert_person", OLD, refused="Old")
    write("upsert_person", NEW, refused="New", rejected="newer.jsonl")
    sandbox.faults.add(Fault("status", value=400))
    assert replayed(run, sandbox, "q.jsonl", "--quarantine", "again.jsonl")[0] == 1
    assert replayed(run, sandbox, "newer.jsonl")[0] == 0
    sent(sandbox)
    assert replayed(run, sandbox, "again.jsonl")[:2] == (1, [])


def test_a_replay_after_a_run_that_was_killed_says_what_it_cannot_know(run, sandbox, write):
    write("upsert_person", OLD, refused="Old")
    history = RunHistory()
    killed = history.begin(Run("write", "upsert_person", "c"))
    history.update(killed.id, {"pid": 0})
    code, bodies, said = replayed(run, sandbox)
    assert (code, bodies) == (0, [OLD])
    assert f"run {killed.id} was killed: whether it sent newer records in its last second is not known" in said


def test_a_line_that_does_not_say_when_it_was_saved_is_sent(run, sandbox, write, tmp_path):
    write("upsert_person", OLD, refused="Old")
    write("upsert_person", NEW)
    (kept,) = get(tmp_path / "q.jsonl")
    kept["nexlaMetaData"]["given"] = "x"
    put(tmp_path / "q.jsonl", [kept])
    assert replayed(run, sandbox)[:2] == (0, [OLD])
