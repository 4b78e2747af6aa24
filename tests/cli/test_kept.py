"""What is kept knows whose it is: which account, which rows, which run; and no file serves two purposes or two runs."""

import contextlib
import json
import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host import run_files
from custify_connector.sandbox import Fault, Sandbox
from custify_connector.sandbox.state import Permissions

WHEN = "2026-01-01T00:00:00.000Z"


class Desk:
    """A folder in which the command runs against one of several accounts."""

    def __init__(self, folder, accounts):
        self.folder, self.accounts = folder, accounts
        self.user_id = next(one["user_id"] for one in accounts["a"].content.people if one.get("user_id"))

    def run(self, *words, account="a", key=None, **options):
        """Run the command against an account; `key` is another key of it."""
        sandbox = self.accounts[account]
        own = {"CUSTIFY_BASE_URL": sandbox.base_url, "CUSTIFY_API_KEY": key or sandbox.api_key}
        fast = () if words[0] == "credential" else ("--rate-limit", "none")
        return CliRunner().invoke(main, [*words, *fast], env=own, **options)

    def put(self, name, content):
        """Write a file: text, or records as JSON lines."""
        text = content if isinstance(content, str) else "".join(json.dumps(each) + "\n" for each in content)
        (self.folder / name).write_text(text)
        return name

    def lines(self, name):
        """Return the JSON lines of a file."""
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    def held(self, table="events", field="name", account="a", start="mark-"):
        """Return what the account holds of what was written here."""
        values = (one.get(field) for one in self.accounts[account].content.table(table))
        return sorted(value for value in values if isinstance(value, str) and value.startswith(start))

    def event(self, mark, account="a"):
        """Return an event that must not be repeated."""
        users = self.accounts[account].content.people
        user = next(one["user_id"] for one in users if one.get("user_id"))
        return {"user_id": user, "name": mark, "created_at": WHEN}


@pytest.fixture
def desk(tmp_path, monkeypatch, canary):
    """Return a desk with three accounts; `b` has another address and key, `c` only another address."""
    monkeypatch.chdir(tmp_path)
    with contextlib.ExitStack() as stack:
        keys = {"a": canary, "b": f"{canary}-b", "c": canary}
        made = {
            name: stack.enter_context(Sandbox(people=5, companies=2, api_key=key, rate_limit=None))
            for name, key in keys.items()
        }
        yield Desk(tmp_path, made)


def companies(*names):
    return [{"company_id": f"mark-{name}", "name": name} for name in names]


def events(desk, *names):
    return [desk.event(f"mark-{name}") for name in names]


# ------------------------------------------------------------------------------------------------------------- accounts


@pytest.mark.parametrize("other", ["b", "c"])
def test_a_run_to_another_account_is_another_run(desk, other):
    """To try it on one account and go live on another with the same command must not lose everything."""
    desk.put("c.jsonl", companies("one", "two"))
    assert desk.run("write", "upsert_company", "c.jsonl", "--resume").exit_code == 0
    done = desk.run("write", "upsert_company", "c.jsonl", "--resume", account=other)
    assert done.exit_code == 0, done.stderr
    assert desk.held("companies", "company_id", other) == ["mark-one", "mark-two"]


def test_a_run_with_a_wrong_key_is_not_named_as_unfinished_by_those_with_the_right_one(desk):
    desk.put("c.jsonl", companies("one"))
    assert desk.run("write", "upsert_company", "c.jsonl", key="mistyped").exit_code == 3
    done = desk.run("write", "upsert_company", "c.jsonl")
    assert (done.exit_code, "did not finish" in done.stderr) == (0, False), done.stderr
    assert "did not finish" in desk.run("write", "upsert_company", "c.jsonl", key="mistyped").stderr


def test_another_key_at_one_address_is_refused_and_both_are_named(desk, canary):
    desk.put("c.jsonl", companies("one"))
    desk.run("write", "upsert_company", "c.jsonl", "--resume")
    done = desk.run("write", "upsert_company", "c.jsonl", "--resume", key=f"{canary}-new")
    assert done.exit_code == 2
    assert done.stderr.count(desk.accounts["a"].base_url) == 2
    assert "--same-account" in done.stderr
    replaced = desk.run("write", "upsert_company", "c.jsonl", "--resume", "--same-account", key=f"{canary}-new")
    assert "1 sent" in replaced.stderr  # by its earlier receipt: the key that was made up here was not asked for
    again = desk.run("write", "upsert_company", "c.jsonl", "--resume", key=f"{canary}-new")
    assert "1 sent" in again.stderr


def test_the_journal_that_is_named_belongs_to_an_account_too(desk):
    desk.put("c.jsonl", companies("one"))
    desk.run("write", "upsert_company", "c.jsonl", "--resume", "--journal", "j")
    done = desk.run("write", "upsert_company", "c.jsonl", "--resume", "--journal", "j", account="b")
    assert done.exit_code == 2
    assert all(desk.accounts[name].base_url in done.stderr for name in "ab")
    assert desk.held("companies", "company_id", "b") == []


def test_a_file_that_is_no_journal_is_not_removed_for_one(desk):
    desk.put("people.csv", "user_id\nmark-1\n")
    desk.put("c.jsonl", companies("one"))
    for words in ((), ("--resume",)):
        done = desk.run("write", "upsert_company", "c.jsonl", "--journal", "people.csv", *words)
        assert done.exit_code == 2
        assert "people.csv: is not a journal" in done.stderr
    assert (desk.folder / "people.csv").read_text() == "user_id\nmark-1\n"


def test_what_is_unchanged_in_one_account_is_sent_to_another(desk):
    desk.put("c.jsonl", companies("one"))
    for account in "abc":
        assert "1 sent" in desk.run("write", "upsert_company", "c.jsonl", "--skip-unchanged", account=account).stderr
    for account in "abc":
        assert (
            "1 unchanged" in desk.run("write", "upsert_company", "c.jsonl", "--skip-unchanged", account=account).stderr
        )


CHANGES = {
    "a run without the option": ("upsert_person", {"user_id": "mark-9", "name": "Two"}, ()),
    "another identifier": ("upsert_person", {"email": "mark-9@example.com", "name": "Two"}, ()),
    "with the option": ("upsert_person", {"email": "mark-9@example.com", "name": "Two"}, ("--skip-unchanged",)),
    "a delete": ("delete_person", {"user_id": "mark-9"}, ("--param", "max_deletes=1")),
    "a delete by another identifier": ("delete_person", {"email": "mark-9@example.com"}, ("--param", "max_deletes=5")),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("folder", [".", "elsewhere"])
def test_nothing_is_unchanged_that_a_run_may_have_changed_since(desk, monkeypatch, change, folder):
    endpoint, record, words = CHANGES[change]
    one = {"user_id": "mark-9", "email": "mark-9@example.com", "name": "One"}
    first = str(desk.folder / desk.put("one.jsonl", [one]))
    second = str(desk.folder / desk.put("two.jsonl", [record]))
    write = ("write", "upsert_person", first, "--skip-unchanged")
    assert "1 sent" in desk.run(*write).stderr
    assert "1 unchanged" in desk.run(*write).stderr
    (desk.folder / folder).mkdir(exist_ok=True)
    monkeypatch.chdir(desk.folder / folder)
    assert "1 sent" in desk.run("write", endpoint, second, *words).stderr
    assert "1 sent" in desk.run(*write).stderr
    (held,) = [each for each in desk.accounts["a"].content.people if each.get("email") == "mark-9@example.com"]
    assert held["name"] == "One"


def test_nothing_is_unchanged_after_a_replay_that_may_have_changed_it(desk):
    desk.put("one.jsonl", [{"user_id": "mark-9", "name": "One"}])
    desk.put("bad.jsonl", [{"user_id": "mark-9", "name": "x" * 300}])
    write = ("write", "upsert_person", "one.jsonl", "--skip-unchanged")
    desk.run(*write)
    desk.run("write", "upsert_person", "bad.jsonl", "--quarantine", "q.jsonl")
    (line,) = desk.lines("q.jsonl")
    line["rawMessage"]["name"] = "Two"
    desk.put("q.jsonl", [line])
    assert "1 sent" in desk.run("replay", "q.jsonl").stderr
    assert "1 sent" in desk.run(*write).stderr


def test_companies_stay_unchanged_while_people_are_written(desk):
    """To forget too much would be safe, and useless."""
    desk.put("c.jsonl", companies("one", "two"))
    desk.put("p.jsonl", [{"user_id": "mark-1", "companies": [{"company_id": "mark-one"}]}])
    for number in range(3):
        desk.put("p.jsonl", [{"user_id": "mark-1", "name": str(number), "companies": [{"company_id": "mark-one"}]}])
        company = desk.run("write", "upsert_company", "c.jsonl", "--skip-unchanged")
        person = desk.run("write", "upsert_person", "p.jsonl", "--skip-unchanged")
        assert "1 sent" in person.stderr
        assert ("2 unchanged" if number else "2 sent") in company.stderr


@pytest.mark.parametrize("output", ["file", "folder", "database"])
@pytest.mark.parametrize("other", ["b", "c"])
def test_a_state_of_another_account_is_refused(desk, output, other):
    words = {
        "file": ("read", "people", "--mode", "incremental", "--state", "s", "-o", "p.jsonl", "--overwrite"),
        "folder": ("read", "people", "companies", "--mode", "incremental", "-o", "lake"),
        "database": ("read", "people", "-o", "crm.duckdb"),
    }[output]
    first = desk.run(*words)
    assert first.exit_code == 0, first.stderr
    done = desk.run(*words, account=other)
    assert done.exit_code == 2, done.stderr
    assert all(desk.accounts[name].base_url in done.stderr for name in ("a", other))
    assert desk.run(*words).exit_code == 0


def test_a_named_state_is_refused_for_another_key_and_taken_for_a_replaced_one(desk, canary):
    words = ("read", "people", "--mode", "incremental", "--state", "nightly", "-o", "p.jsonl", "--overwrite")
    assert desk.run(*words).exit_code == 0
    done = desk.run(*words, key=f"{canary}-new")
    assert done.exit_code == 2
    assert "--same-account" in done.stderr
    # The key that was made up here is refused by Custify; the state no more.
    assert desk.run(*words, "--same-account", key=f"{canary}-new").exit_code == 3


def test_a_state_that_does_not_say_whose_it_is_is_taken_and_said(desk):
    words = ("read", "people", "--mode", "incremental", "--state", "./s", "-o", "p.jsonl", "--overwrite")
    desk.run(*words)
    kept = json.loads((desk.folder / "s").read_text())
    del kept["state"]["custify_account"]
    desk.put("s", json.dumps(kept))
    done = desk.run(*words)
    assert done.exit_code == 0
    assert "custify_account" in (desk.folder / "s").read_text()


def test_what_is_kept_shows_nothing_of_the_key(desk, canary):
    desk.put("c.jsonl", [*companies("one"), {"company_id": ""}])
    desk.run("write", "upsert_company", "c.jsonl", "--resume", "--skip-unchanged", "--quarantine", "q.jsonl")
    desk.run("read", "people", "--state", "nightly", "-o", "p.jsonl", "--overwrite")
    home = Path(os.environ["CUSTIFY_HOME"])
    files = [path for folder in (desk.folder, home) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not any(canary.encode() in path.read_bytes() for path in files)


# --------------------------------------------------------------------------------------------------------------- replay


def test_a_refused_cell_is_replayed_as_the_first_run_would_have_sent_it(desk):
    before = "user_id,email,name,phone\nowner-7,mark-o@example.com,Olga,+49 1\n,mark-c@example.com,Carl,+49 2\n"
    desk.put("before.csv", before)
    desk.run("write", "upsert_person", "before.csv")
    desk.put("crm.csv", "email,name,phone,user_id,session_count\nmark-c@example.com,Carl Customer,,owner-7,12x\n")
    rules = ["email=email", "name=name", "phone=phone", "session_count:integer=session_count"]
    mapped = [word for rule in rules for word in ("--map", rule)]
    desk.run("write", "upsert_person", "crm.csv", *mapped, "--quarantine", "q.jsonl")
    text = (desk.folder / "q.jsonl").read_text()
    desk.put("q.jsonl", text.replace('"session_count":"12x"', '"session_count":12'))
    done = desk.run("replay", "q.jsonl")
    assert "1 sent" in done.stderr, done.stderr
    people = {one.get("email"): one for one in desk.accounts["a"].content.people}
    assert (people["mark-o@example.com"]["name"], people["mark-o@example.com"]["phone"]) == ("Olga", "+49 1")
    carl = people["mark-c@example.com"]
    assert (carl["name"], carl["phone"], carl["session_count"]) == ("Carl Customer", "+49 2", 12)
    assert not carl.get("user_id")


def test_a_cell_that_is_refused_again_is_kept_with_its_rules(desk):
    desk.put("crm.csv", "Mail,Note,n\nmark@example.com,x,12x\n")
    desk.run("write", "upsert_person", "crm.csv", "--map", "email=Mail", "--map", "session_count:integer=n",
             "--quarantine", "q.jsonl")  # fmt: skip
    assert desk.run("replay", "q.jsonl", "--quarantine", "again.jsonl").exit_code == 1
    text = (desk.folder / "again.jsonl").read_text()
    desk.put("again.jsonl", text.replace('"12x"', '"12"'))
    assert "1 sent" in desk.run("replay", "again.jsonl").stderr
    (person,) = [one for one in desk.accounts["a"].content.people if one.get("email") == "mark@example.com"]
    assert person["session_count"] == 12


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_a_row_that_could_not_be_read_keeps_its_text(desk, name):
    text = '{"user_id": "mark-1", "name": }' if name == "rows.jsonl" else "user_id,name\nmark-1,Ann,Smith\n"
    desk.put(name, text)
    desk.run("write", "upsert_person", name, "--quarantine", "q.jsonl")
    (line,) = desk.lines("q.jsonl")
    assert line["rawText"] == text.splitlines()[-1]
    assert desk.run("replay", "q.jsonl").exit_code == 1
    line["rawMessage"] = {"user_id": "mark-1", "name": "Ann"}
    desk.put("q.jsonl", [line])
    assert "1 sent" in desk.run("replay", "q.jsonl").stderr


def mixed(desk):
    """Return the quarantine of a plan whose deal and invoice name a company that is not there."""
    desk.put("d.jsonl", [{"externalId": "mark-d", "company_id": "c-404", "status": "open"}])
    desk.put("i.jsonl", [{"externalId": "mark-i", "company_id": "c-404", "status": "paid"}])
    desk.put(
        "plan.yaml",
        "writes:\n  - {endpoint: upsert_deal, file: d.jsonl}\n  - {endpoint: upsert_invoice, file: i.jsonl}\n",
    )
    desk.run("load", "plan.yaml", "--quarantine", "q.jsonl")
    company = next(one["company_id"] for one in desk.accounts["a"].content.companies if one.get("company_id"))
    text = (desk.folder / "q.jsonl").read_text()
    assert text.count("c-404") >= 2
    desk.put("q.jsonl", text.replace('"company_id":"c-404"', f'"company_id":"{company}"'))


def outside(desk, table):
    return [
        one.get("externalIds", {}).get("custify") or one.get("externalId")
        for one in desk.accounts["a"].content.table(table)
    ]


def test_a_replay_sends_each_record_to_its_own_destination(desk):
    mixed(desk)
    done = desk.run("replay", "q.jsonl", "--receipts", "r.jsonl")
    assert done.exit_code == 0, done.stderr
    assert "mark-d" in outside(desk, "deals")
    assert "mark-i" in outside(desk, "invoices")
    assert [receipt["outcome"] for receipt in desk.lines("r.jsonl")] == ["sent", "sent"]


def test_a_replay_to_one_destination_leaves_what_is_for_another(desk):
    mixed(desk)
    done = desk.run("replay", "q.jsonl", "--to", "upsert_invoice")
    assert "was meant for upsert_deal, not for upsert_invoice" in done.stderr
    assert "mark-d" not in [*outside(desk, "invoices"), *outside(desk, "deals")]
    assert "mark-i" in outside(desk, "invoices")
    assert desk.run("replay", "q.jsonl").exit_code == 0
    assert "mark-d" in outside(desk, "deals")


def test_a_replay_to_another_account_is_sent_there(desk):
    desk.put("rows.jsonl", [{"user_id": "mark-1", "name": "x" * 300}])
    desk.run("write", "upsert_person", "rows.jsonl", "--quarantine", "q.jsonl")
    (line,) = desk.lines("q.jsonl")
    line["rawMessage"]["name"] = "Ann"
    desk.put("q.jsonl", [line])
    for account in "ab":
        assert "1 sent" in desk.run("replay", "q.jsonl", account=account).stderr
        assert desk.held("people", "user_id", account) == ["mark-1"]
        assert "1 unchanged" in desk.run("replay", "q.jsonl", account=account).stderr


@pytest.mark.parametrize("loss", ["another account", "no journal", "journal removed", "folder moved and back"])
def test_a_row_is_replayed_once_whatever_became_of_its_journal(desk, monkeypatch, loss):
    (row,) = events(desk, "1")
    desk.put("rows.jsonl", [{**row, "created_at": "31.01.2026"}])
    desk.run("write", "create_event", "rows.jsonl", "--quarantine", "q.jsonl")
    (line,) = desk.lines("q.jsonl")
    line["rawMessage"] = row
    if loss == "no journal":
        del line["nexlaMetaData"]["origin"]
    elif loss == "journal removed":
        Path(line["nexlaMetaData"]["origin"]["journal"]).unlink()
    desk.put("q.jsonl", [line])
    account = "b" if loss == "another account" else "a"
    if loss == "folder moved and back":
        moved = desk.folder.rename(desk.folder.with_name("moved"))
        monkeypatch.chdir(moved)
        assert "1 sent" in desk.run("replay", "q.jsonl").stderr
        moved.rename(desk.folder)
        monkeypatch.chdir(desk.folder)
    else:
        assert "1 sent" in desk.run("replay", "q.jsonl", account=account).stderr
    assert "1 unchanged" in desk.run("replay", "q.jsonl", account=account).stderr
    assert desk.held(account=account) == ["mark-1"]


@pytest.mark.parametrize("journal", ["x" * 5000, "gone\0", "gone.journal"], ids=["too long", "no path", "gone"])
def test_a_row_whose_journal_cannot_be_there_is_replayed(desk, journal):
    origin = {"journal": journal, "place": 1, "hash": "00"}
    meta = {"destination": "create_event", "origin": origin}
    desk.put("q.jsonl", [{"nexlaMetaData": meta, "rawMessage": events(desk, "1")[0]}])
    assert "1 sent" in desk.run("replay", "q.jsonl").stderr
    assert "1 unchanged" in desk.run("replay", "q.jsonl").stderr


def test_a_row_that_a_dry_run_kept_is_replayed_once(desk):
    (row,) = events(desk, "1")
    desk.put("rows.jsonl", [{**row, "created_at": "31.01.2026"}])
    desk.run("write", "create_event", "rows.jsonl", "--quarantine", "q.jsonl", "--dry-run")
    (line,) = desk.lines("q.jsonl")
    desk.put("q.jsonl", [{**line, "rawMessage": row}])
    assert "1 sent" in desk.run("replay", "q.jsonl").stderr
    again = desk.run("replay", "q.jsonl").stderr
    assert "1 unchanged" in again
    assert "1 row had been sent from here before, and will not be sent again" in again
    assert desk.held() == ["mark-1"]


@pytest.mark.parametrize("rounds", [("dry", "dry"), ("dry", "real"), ("dry", "real", "resumed")], ids="-".join)
def test_a_row_that_a_dry_run_kept_is_not_kept_again(desk, rounds):
    (row,) = events(desk, "1")
    desk.put("rows.jsonl", [{**row, "created_at": "31.01.2026"}])
    for words in ({"dry": ["--dry-run"], "real": [], "resumed": ["--resume"]}[each] for each in rounds):
        done = desk.run("write", "create_event", "rows.jsonl", "--quarantine", "q.jsonl", *words)
        assert ("1 record saved to q.jsonl" in done.stderr) == ("--resume" not in words)
    (line,) = desk.lines("q.jsonl")
    desk.put("q.jsonl", [{**line, "rawMessage": row}])
    assert "1 sent" in desk.run("replay", "q.jsonl").stderr
    assert desk.held() == ["mark-1"]


def test_a_row_that_is_rejected_each_night_waits_once_in_the_quarantine_as_it_was_corrected(desk):
    rows = [{"user_id": "p-1", "session_count": "many"}, {"user_id": "p-2", "session_count": "many"}]
    for night in range(3):
        desk.put("people.jsonl", rows)
        done = desk.run("write", "upsert_person", "people.jsonl", "--quarantine", "q.jsonl")
        assert ("2 records saved to q.jsonl. Fix" in done.stderr) == (night == 0)
        again = (
            "2 records saved to q.jsonl by an earlier run. Correct them in people.jsonl as well, or each run rejects"
        )
        assert (again in done.stderr.replace("\n  ", " ")) == (night > 0)
        if night == 0:
            first, second = desk.lines("q.jsonl")
            desk.put("q.jsonl", [{**first, "rawMessage": {"user_id": "p-1", "session_count": 4}}, second])
    assert [line["rawMessage"]["session_count"] for line in desk.lines("q.jsonl")] == [4, "many"]
    desk.put("people.jsonl", [{"user_id": "p-3", "session_count": "many"}])
    desk.run("write", "upsert_person", "people.jsonl", "--quarantine", "q.jsonl")
    assert [line["rawMessage"]["user_id"] for line in desk.lines("q.jsonl")] == ["p-1", "p-2", "p-3"]


def test_each_run_may_mean_another_event_by_the_same_row(desk):
    (row,) = events(desk, "1")
    for _ in range(2):
        desk.put("rows.jsonl", [{**row, "created_at": "31.01.2026"}])
        desk.run("write", "create_event", "rows.jsonl", "--quarantine", "q.jsonl")
    assert len(desk.lines("q.jsonl")) == 2


def test_a_replay_of_standard_input_sends_each_to_its_destination(desk):
    mixed(desk)
    done = desk.run("replay", "-", input=(desk.folder / "q.jsonl").read_text())
    assert done.exit_code == 0, done.stderr
    assert "mark-d" in outside(desk, "deals")


# ---------------------------------------------------------------------------------------------- what a run goes on with


def resume(desk, name="e.jsonl", *words):
    return desk.run("write", "create_event", name, "--resume", *words)


def restored(desk):
    """Let the account take its key again."""
    desk.accounts["a"].keys[desk.accounts["a"].api_key] = Permissions()


def stopped(desk, *names):
    """Write events of which the second is refused, so that the run stops there."""
    rows = events(desk, *names)
    rows[1]["created_at"] = "31.01.2026"
    desk.put("e.jsonl", rows)
    done = desk.run("write", "create_event", "e.jsonl", "--on-reject", "stop")
    assert "1 sent, 1 rejected" in done.stderr
    return rows


EDITS = {
    "corrected": lambda rows: rows,
    "sorted": lambda rows: sorted(rows, key=lambda row: row["name"], reverse=True),
    "a row in front": lambda rows: [{**rows[0], "name": "mark-0"}, *rows],
    "a row less": lambda rows: rows[1:],
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", ["e.jsonl", "renamed.jsonl", "moved/e.jsonl"])
def test_a_run_goes_on_after_its_file_was_edited_renamed_or_moved(desk, edit, name):
    rows = stopped(desk, "1", "2", "3", "4")
    rows[1]["created_at"] = WHEN
    (desk.folder / "e.jsonl").unlink()
    (desk.folder / "moved").mkdir()
    edited = EDITS[edit](rows)
    desk.put(name, edited)
    done = resume(desk, name)
    assert done.exit_code == 0, done.stderr
    assert desk.held() == sorted({"mark-1", *(row["name"] for row in edited)})
    assert "the run of e.jsonl" in done.stderr


def test_a_file_that_changed_after_its_run_had_finished_is_never_sent_twice(desk):
    desk.put("e.jsonl", events(desk, "1", "2", "3"))
    resume(desk)
    changed = events(desk, "4", "2", "5", "3")
    desk.put("e.jsonl", changed)
    desk.accounts["a"].faults.add(Fault("revoke", method="POST", after=1, times=1))
    resume(desk, "e.jsonl", "--max-in-flight", "1")
    restored(desk)
    desk.put("e.jsonl", sorted(changed, key=lambda row: row["name"]))
    done = resume(desk)
    assert desk.held() == [f"mark-{number}" for number in range(1, 6)], done.stderr


def test_of_equal_rows_each_counts(desk):
    desk.put("e.jsonl", events(desk, "1", "1"))
    resume(desk)
    desk.put("e.jsonl", events(desk, "1", "2", "1", "1"))
    resume(desk)
    assert desk.held() == ["mark-1"] * 3 + ["mark-2"]


def test_a_run_without_resume_sends_a_weekly_file_of_equal_rows(desk):
    desk.put("e.jsonl", events(desk, "1", "2"))
    for _ in range(2):
        assert "2 sent" in desk.run("write", "create_event", "e.jsonl").stderr
    assert desk.held() == ["mark-1", "mark-1", "mark-2", "mark-2"]


def test_a_run_of_another_file_leaves_the_interrupted_one_to_go_on_with(desk):
    rows = stopped(desk, "1", "2", "3")
    desk.put("other.jsonl", events(desk, "9"))
    desk.run("write", "create_event", "other.jsonl")
    rows[1]["created_at"] = WHEN
    desk.put("e.jsonl", rows)
    assert resume(desk).exit_code == 0
    assert desk.held() == ["mark-1", "mark-2", "mark-3", "mark-9"]


def test_a_run_with_no_earlier_one_says_so(desk):
    desk.put("e.jsonl", events(desk, "1"))
    assert "no earlier run of this input was found" in resume(desk).stderr


@pytest.mark.parametrize("resumed", [True, False])
def test_an_interrupted_run_with_another_mapping_is_not_passed_over_silently(desk, resumed):
    stopped(desk, "1", "2", "3")
    words = ("--map", "user_id=user_id", "--map", "name=name", "--map", "created_at=created_at")
    if resumed:
        done = resume(desk, "e.jsonl", *words)
        assert (done.exit_code, desk.held()) == (2, ["mark-1"])
        assert "with another --map" in done.stderr
    else:
        done = desk.run("write", "create_event", "e.jsonl", *words)
        assert "an earlier run did not finish" in done.stderr


def test_the_hint_after_rejects_is_to_correct_them_and_resume(desk):
    rows = events(desk, "1", "2")
    rows[1]["created_at"] = "31.01.2026"
    desk.put("e.jsonl", rows)
    done = desk.run("write", "create_event", "e.jsonl")
    assert "same command with --resume" in done.stderr
    rows[1]["created_at"] = WHEN
    desk.put("e.jsonl", rows)
    resume(desk)
    assert desk.held() == ["mark-1", "mark-2"]


PLANS = {
    "twice the same": ("", ""),
    "two mappings": ("name=name", "name=other"),
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("killed", [True, False])
def test_each_entry_of_a_plan_has_a_journal_of_its_own(desk, plan, killed):
    rows = [{**desk.event(f"mark-{number}"), "other": f"mark-x{number}"} for number in range(3)]
    desk.put("e.csv", "user_id,created_at,name,other\n" + "".join(
        f"{row['user_id']},{row['created_at']},{row['name']},{row['other']}\n" for row in rows))  # fmt: skip
    rules = [f", map: [user_id=user_id, created_at=created_at, {rule or 'name=name'}]" for rule in PLANS[plan]]
    desk.put("plan.yaml", "writes:\n" + "".join(
        f"  - {{endpoint: create_event, file: e.csv{rule}}}\n" for rule in rules))  # fmt: skip
    if killed:
        desk.accounts["a"].faults.add(Fault("revoke", method="POST", after=4, times=1))
    desk.run("load", "plan.yaml", "--max-in-flight", "1")
    restored(desk)
    done = desk.run("load", "plan.yaml", "--resume")
    assert done.exit_code == 0, done.stderr
    second = "mark-" if plan == "twice the same" else "mark-x"
    assert desk.held() == sorted([f"mark-{n}" for n in range(3)] + [f"{second}{n}" for n in range(3)])


def test_entries_that_choose_other_rows_of_one_file_have_journals_of_their_own(desk):
    user = desk.event("")["user_id"]
    rows = [f"{user},{WHEN},mark-{number},{left},{right}" for number, left, right in ((1, "x", ""), (2, "", "x"))]
    desk.put("e.csv", "\n".join(["user_id,created_at,name,left,right", *rows]))
    rules = "map: [user_id=user_id, created_at=created_at, name=name]"
    desk.put("plan.yaml", "writes:\n" + "".join(
        f"  - {{endpoint: create_event, file: e.csv, only_with: {side}, {rules}}}\n" for side in ("left", "right")
    ))  # fmt: skip
    for words in ((), ("--resume",)):
        assert desk.run("load", "plan.yaml", *words).exit_code == 0
    assert desk.held() == ["mark-1", "mark-2"]


# -------------------------------------------------------------------------------------------------------------- rejects


BROKEN = "no JSON"


@pytest.mark.parametrize("words", [("--on-reject", "stop"), ("--max-rejects", "0")])
def test_a_row_that_the_host_refuses_counts_as_a_reject(desk, words):
    lines = [json.dumps(desk.event("mark-1")), BROKEN, json.dumps(desk.event("mark-2")), BROKEN]
    desk.put("e.jsonl", "\n".join(lines))
    done = desk.run("write", "create_event", "e.jsonl", "--receipts", "r.jsonl", "--max-in-flight", "1", *words)
    assert done.exit_code == 1
    assert desk.held() == ["mark-1"]
    assert [each["outcome"] for each in desk.lines("r.jsonl")] == ["sent", "rejected", "not_tried", "not_tried"]


def test_rejects_of_host_and_service_are_counted_together(desk):
    bad = json.dumps({**desk.event("mark-b"), "created_at": "31.01.2026"})
    good = [json.dumps(desk.event(f"mark-{number}")) for number in range(4)]
    desk.put("e.jsonl", "\n".join([good[0], bad, BROKEN, good[1], bad, BROKEN, good[2], good[3]]))
    desk.run("write", "create_event", "e.jsonl", "--max-rejects", "3", "--max-in-flight", "1")
    assert desk.held() == ["mark-0", "mark-1"]


def test_a_share_of_rejects_counts_what_the_host_refuses(desk):
    lines = [json.dumps(desk.event(f"mark-{number:03}")) for number in range(94)] + [BROKEN] * 6
    desk.put("e.jsonl", "\n".join([*lines, *(json.dumps(desk.event(f"mark-late-{number}")) for number in range(5))]))
    desk.run("write", "create_event", "e.jsonl", "--max-rejects", "5%", "--max-in-flight", "1")
    assert not [name for name in desk.held() if "late" in name]


# ---------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("how", ["the name", "another spelling", "a link", "a hard link"])
@pytest.mark.parametrize("option", ["--quarantine", "--receipts", "--journal"])
def test_no_output_may_be_the_input(desk, how, option):
    content = "user_id\nmark-1\n"
    desk.put("s.csv", content)
    named = {"the name": "s.csv", "another spelling": "./x/../s.csv"}.get(how, "other.csv")
    (desk.folder / "x").mkdir()
    if how == "a link":
        (desk.folder / "other.csv").symlink_to(desk.folder / "s.csv")
    if how == "a hard link":
        os.link(desk.folder / "s.csv", desk.folder / "other.csv")
    done = desk.run("write", "upsert_person", "s.csv", option, named)
    assert done.exit_code == 2
    assert f"{option}: is the same file as FILE" in done.stderr
    assert (desk.folder / "s.csv").read_text() == content
    assert desk.held("people", "user_id") == []


@pytest.mark.parametrize(
    "words",
    [
        ("--quarantine", "q", "--receipts", "q"),
        ("--quarantine", "q", "--receipts", "./q"),
        ("--journal", "q", "--receipts", "q"),
        ("--journal", "q", "--quarantine", "q"),
        ("--quarantine", "r.part", "--receipts", "r"),
    ],
)
def test_no_two_outputs_may_be_one_file(desk, words):
    desk.put("s.csv", "user_id\nmark-1\n")
    done = desk.run("write", "upsert_person", "s.csv", *words)
    assert done.exit_code == 2
    assert "is the same file as" in done.stderr
    assert [each.name for each in desk.folder.iterdir()] == ["s.csv"]


def test_a_replay_does_not_feed_itself(desk):
    desk.put("rows.jsonl", [{"user_id": "mark-1", "name": "x" * 300}])
    desk.run("write", "upsert_person", "rows.jsonl", "--quarantine", "q.jsonl")
    done = desk.run("replay", "q.jsonl", "--quarantine", "q.jsonl")
    assert done.exit_code == 2
    assert len(desk.lines("q.jsonl")) == 1


def test_a_plan_that_is_not_utf_8_is_refused(desk):
    (desk.folder / "plan.yaml").write_bytes("writes: # Verträge\n".encode("cp1252"))
    done = desk.run("load", "plan.yaml")
    assert (done.exit_code, "plan.yaml: is not UTF-8: save the plan as UTF-8" in done.stderr) == (2, True)


def test_a_plan_does_not_feed_itself_and_is_not_overwritten(desk):
    desk.put("e.jsonl", events(desk, "1"))
    desk.put("plan.yaml", "writes:\n  - {endpoint: create_event, file: e.jsonl}\n")
    for name in ("e.jsonl", "plan.yaml"):
        assert desk.run("load", "plan.yaml", "--quarantine", name).exit_code == 2
    assert desk.held() == []


def test_the_output_of_a_read_is_not_its_state(desk):
    done = desk.run("read", "people", "-o", "p.jsonl", "--overwrite", "--state", "./p.jsonl")
    assert done.exit_code == 2
    assert "is the same file as --output" in done.stderr


def test_one_device_may_serve_two_purposes(desk):
    desk.put("s.csv", "user_id\nmark-1\n")
    done = desk.run("write", "upsert_person", "s.csv", "--quarantine", os.devnull, "--receipts", "-")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("option", ["--quarantine", "--receipts"])
@pytest.mark.parametrize("command", ["write", "replay", "load"])
def test_a_file_that_another_run_writes_is_refused_before_anything_is_sent(desk, option, command):
    desk.put("s.jsonl", [{"user_id": "mark-1"}])
    desk.put("plan.yaml", "writes:\n  - {endpoint: upsert_person, file: s.jsonl}\n")
    desk.put("q.jsonl", [{"nexlaMetaData": {"destination": "upsert_person"}, "rawMessage": {"user_id": "mark-1"}}])
    words = {
        "write": ("write", "upsert_person", "s.jsonl", option, "out"),
        "replay": ("replay", "q.jsonl", option, "out"),
        "load": ("load", "plan.yaml", "--quarantine", "out"),
    }[command]
    with run_files.held([Path("out")]):
        done = desk.run(*words)
    assert done.exit_code == 2
    assert "another run of custify is writing it" in done.stderr
    assert f"process {os.getpid()}" in done.stderr
    assert desk.held("people", "user_id") == []
    assert desk.run(*words).exit_code == 0


def test_a_state_that_another_run_uses_is_refused(desk):
    (desk.folder / "x").mkdir()
    with run_files.held([Path("s")]):
        done = desk.run("read", "people", "-o", "p.jsonl", "--overwrite", "--state", "./x/../s")
    assert done.exit_code == 2
    assert "another run of custify is writing it" in done.stderr


# ------------------------------------------------------------------------------------------------------------- the rest


def test_a_delete_that_found_nothing_is_reported_as_that(desk):
    desk.put("f.jsonl", [{"user_id": "mark-nobody"}, {"user_id": desk.user_id}])
    done = desk.run("write", "delete_person", "f.jsonl", "--param", "max_deletes=5")
    assert "1 of the unchanged were not found, so there was nothing to delete" in done.stderr


def test_a_plan_that_reads_standard_input_twice_is_refused(desk):
    desk.put("plan.yaml", "writes:\n  - {endpoint: create_event, file: '-'}\n  - {endpoint: create_event, file: '-'}\n")
    done = desk.run("load", "plan.yaml", input=json.dumps(desk.event("mark-1")))
    assert done.exit_code == 2
    assert "twice" in done.stderr
    assert desk.held() == []


@pytest.mark.timeout(60)
def test_a_plan_can_read_a_named_pipe(desk):
    os.mkfifo(desk.folder / "pipe")
    desk.put("plan.yaml", "writes:\n  - {endpoint: create_event, file: pipe}\n")
    text = json.dumps(desk.event("mark-1"))
    writer = threading.Thread(target=(desk.folder / "pipe").write_text, args=(text,))
    writer.start()
    done = desk.run("load", "plan.yaml")
    writer.join()
    assert done.exit_code == 0, done.stderr
    assert desk.held() == ["mark-1"]


def test_a_rotated_credential_keeps_its_journals_and_states(desk, canary):
    sandbox, new = desk.accounts["a"], f"{canary}-new"
    add = ("credential", "add", "mine", "--base-url", sandbox.base_url, "--store", "file", "--api-key-stdin")
    assert desk.run(*add, input=canary).exit_code == 0
    desk.put("e.jsonl", events(desk, "1"))
    read = (
        "read",
        "people",
        "--mode",
        "incremental",
        "--state",
        "nightly",
        "-o",
        "p.jsonl",
        "--overwrite",
        "--credential",
        "mine",
    )
    assert resume(desk, "e.jsonl", "--credential", "mine").exit_code == 0
    assert desk.run(*read).exit_code == 0
    sandbox.keys[new] = sandbox.keys.pop(canary)
    assert desk.run("credential", "rotate", "mine", "--api-key-stdin", input=new).exit_code == 0
    assert desk.run("credential", "rename", "mine", "ours").exit_code == 0
    assert resume(desk, "e.jsonl", "--credential", "ours").exit_code == 0
    assert desk.run(*read[:-1], "ours").exit_code == 0
    assert desk.held() == ["mark-1"]
