"""The journal of a write run: what it knows of each row, also after the process was killed."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import custify_connector
from custify_connector.contract import OUTCOMES, Receipt
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.journal import Entry, Journal, hash_of, known

ROOT = Path(custify_connector.__file__).parents[1]
ONE, TWO = hash_of({"id": 1}), hash_of({"id": 2})


@pytest.fixture
def journal(tmp_path):
    """Return a new journal in a folder that is not there yet."""
    opened = Journal(tmp_path / "inner" / "run.journal", "upsert_person", resume=False)
    yield opened
    opened.close()


def again(journal, **words):
    journal.close()
    return Journal(journal.path, **{"destination": "upsert_person", "resume": True, **words})


def test_a_row_is_unknown_then_given_then_decided(journal):
    assert journal.find(0) is None
    journal.give(0, ONE)
    assert journal.find(0) == Entry(ONE, None)
    for name in ("ana", "half a \ud800"):
        receipt = Receipt(0, "sent", {"user_id": name}, 200, reason=f"is {name}")
        journal.decide(0, receipt)
        assert journal.find(0) == Entry(ONE, receipt)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("code", [None, "unclear", "unavailable"])
def test_what_was_decided_needs_nothing_more_and_what_may_have_arrived_is_unclear(outcome, code):
    entry = Entry(ONE, Receipt(0, outcome, code=code))
    assert entry.decided is (outcome in {"sent", "unchanged", "rejected"})
    assert entry.unclear is (outcome == "failed" and code == "unclear")
    assert not (entry.decided and entry.unclear)


def test_a_row_that_was_given_without_an_outcome_is_unclear():
    assert Entry(ONE, None).unclear
    assert not Entry(ONE, None).decided


def test_a_row_that_is_given_again_is_unclear_until_it_is_decided_again(journal):
    journal.give(0, ONE)
    journal.decide(0, Receipt(0, "failed", code="unavailable"))
    journal.give(0, ONE)
    assert journal.find(0).unclear


def test_the_content_of_a_row_and_of_an_answer_is_not_kept(journal):
    journal.give(0, hash_of({"email": "ana@example.com"}))
    journal.decide(0, Receipt(0, "sent", response={"email": "ana@example.com"}))
    assert journal.find(0).receipt.response is None
    journal.close()
    assert b"ana@example" not in journal.path.read_bytes()


@pytest.mark.parametrize(("resume", "known"), [(True, True), (False, False)])
def test_a_resumed_run_knows_what_was_and_a_new_one_starts_from_the_beginning(journal, resume, known):
    journal.give(5, ONE)
    opened = again(journal, resume=resume)
    assert (opened.find(5) is not None) is known
    opened.close()


def test_to_resume_without_a_journal_simply_starts(tmp_path):
    opened = Journal(tmp_path / "run.journal", "upsert_person", resume=True)
    assert opened.find(0) is None
    opened.close()


def test_the_journal_of_another_destination_is_refused(journal):
    journal.give(0, ONE)
    with pytest.raises(ConfigurationError, match="is the journal of a run to upsert_person, not to create_event"):
        again(journal, destination="create_event").find(0)


@pytest.mark.parametrize("resume", [True, False])
def test_a_file_that_cannot_be_used_is_refused(tmp_path, resume):
    (tmp_path / "text").write_text("no database at all" * 99)
    for path in (tmp_path, tmp_path / "text" / "below", *[tmp_path / "text"] * resume):
        with pytest.raises(ConfigurationError, match=r"cannot be (used|written)|is not a journal"):
            Journal(path, "upsert_person", resume=resume).find(0)


@pytest.mark.parametrize("receipt", [b"{", b"[]", b"7", b'{"index": 0, "later": 1}', b"\xff"])
def test_a_receipt_that_is_damaged_or_of_another_version_is_refused(journal, receipt):
    journal.give(0, ONE)
    journal.close()
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as database:
        database.execute("UPDATE rows SET receipt = ?", (receipt,))
    database.close()
    opened = again(journal)
    with pytest.raises(ConfigurationError, match="is damaged"):
        opened.find(0)
    opened.close()


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("content", [b"user_id,email\na,a@example.com\n", b"\x00" * 50, b"SQLite format 2"])
def test_a_file_that_is_no_journal_is_refused_and_stays_as_it_is(tmp_path, content, resume):
    """It may be the very file that is to be sent."""
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is not a journal: name another file"):
        Journal(path, "upsert_person", resume=resume).meet(ONE)
    assert path.read_bytes() == content
    with pytest.raises(ConfigurationError, match="is not a journal"):
        known(path)


@pytest.mark.parametrize("resume", [True, False])
def test_a_database_of_another_kind_is_refused_and_stays_as_it_is(tmp_path, resume):
    path = tmp_path / "own.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("CREATE TABLE mine (value)")
        database.execute("INSERT INTO mine VALUES (1)")
    database.close()
    with pytest.raises(ConfigurationError, match="of another kind"):
        Journal(path, "upsert_person", resume=resume).meet(ONE)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        assert database.execute("SELECT * FROM mine").fetchall() == [(1,)]
    database.close()


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({}, {}, True),
    ],
    ids=repr,
)
def test_a_hash_is_of_all_that_a_record_holds_and_of_nothing_else(one, other, equal):
    assert (hash_of(one) == hash_of(other)) is equal


steps = st.lists(
    st.tuples(st.just("give"), st.integers(0, 3), st.sampled_from([ONE, TWO]))
    | st.tuples(st.just("decide"), st.integers(0, 3), st.sampled_from(OUTCOMES))
    | st.tuples(st.just("reopen"), st.none(), st.none()),
    max_size=15,
)


@given(steps)
def test_it_knows_what_a_dictionary_would(tmp_path_factory, steps):
    """A law: whatever is given and decided, a journal opened again knows the last of it."""
    journal, model = Journal(tmp_path_factory.mktemp("law") / "j", "upsert_person", resume=False), {}
    for what, place, value in steps:
        if what == "give":
            journal.give(place, value)
            model[place] = Entry(value, None)
        elif what == "decide":
            journal.decide(place, Receipt(place, value))
            if place in model:
                model[place] = Entry(model[place].hash, Receipt(place, value))
        else:
            journal = again(journal)
    assert {place: journal.find(place) for place in range(4)} == {place: model.get(place) for place in range(4)}
    journal.close()


WRITER = textwrap.dedent("""
    import itertools, sys
    from pathlib import Path
    from custify_connector.contract import Receipt
    from custify_connector.host.journal import Journal, hash_of
    journal = Journal(Path(sys.argv[1]), "upsert_person", resume=True)
    for place in itertools.count(int(sys.argv[2])):
        journal.give(place, hash_of({"id": place}))
        print("given", place, flush=True)
        journal.decide(place, Receipt(place, "sent", {"id": place}))
        print("decided", place, flush=True)
""")


@pytest.mark.parametrize("lines", [1, 2, 7, 40])
def test_a_killed_process_loses_nothing_that_it_wrote(tmp_path, lines):
    """What it says it has written is there; of at most one commit more it could not tell."""
    path, first = tmp_path / "run.journal", 0
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(path), str(first)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - our own
        said = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += process.communicate()[0].splitlines(keepends=True)
        journal = Journal(path, "upsert_person", resume=True)
        for what, place in (line.split() for line in said if line.endswith("\n")):
            entry = journal.find(int(place))
            assert entry.hash == hash_of({"id": int(place)})
            assert what == "given" or entry.receipt == Receipt(int(place), "sent", {"id": int(place)})
        first = int(said[-1].split()[1]) + 2 if said[-1].endswith("\n") else int(said[-2].split()[1]) + 3
        journal.close()


def test_a_journal_that_was_not_closed_can_be_resumed(tmp_path):
    """The files beside a journal that a killed process leaves belong to it."""
    journal = Journal(tmp_path / "killed" / "j", "upsert_person", resume=False)
    journal.give(0, ONE)
    for name in ("j", "j-wal"):
        shutil.copy(tmp_path / "killed" / name, tmp_path)
    journal.close()
    opened = Journal(tmp_path / "j", "upsert_person", resume=True)
    assert opened.find(0) == Entry(ONE, None)
    opened.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "j", isolation_level=None)) as database:
        assert database.execute("SELECT count(*) FROM rows").fetchone() == (1,)
    database.close()


@pytest.mark.parametrize("resume", [True, False])
def test_a_journal_is_of_one_run_at_a_time(journal, resume):
    """Two runs would each send what neither has decided yet, and one that starts again would remove the file."""
    journal.give(0, ONE)
    second = Journal(journal.path, "upsert_person", resume=resume)
    with pytest.raises(ConfigurationError, match="another run of custify is writing it"):
        second.find(0)
    second.close()
    assert journal.find(0) == Entry(ONE, None)
    journal.close()
    third = Journal(journal.path, "upsert_person", resume=True)
    assert third.find(0) == Entry(ONE, None)
    third.close()
    assert [each.name for each in journal.path.parent.iterdir()] == [journal.path.name]


def test_a_journal_that_was_never_used_makes_no_file(tmp_path):
    Journal(tmp_path / "run.journal", "upsert_person", resume=True).close()
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_unfinished_until_it_says_otherwise(journal):
    assert known(journal.path) is None
    journal.give(0, ONE)
    assert not known(journal.path).finished
    journal.finish()
    assert known(journal.path).finished
    opened = again(journal)
    assert not opened.finished
    opened.close()


def test_a_row_that_was_only_met_is_a_new_row_to_the_next_run(tmp_path):
    for resume in (False, True):
        opened = Journal(tmp_path / "run.journal", "create_event", resume=resume)
        assert [opened.meet(each) for each in (ONE, TWO, TWO)] == [(1, None), (2, None), (3, None)]
        assert opened.find(2) is None
        opened.close()


@pytest.mark.parametrize("was_sent", [False, True])
def test_a_row_that_was_not_tried_is_recorded_only_where_it_was_sent(tmp_path, was_sent):
    """A run that is ended may have taken thousands of rows ahead, and is to end within seconds."""
    opened = Journal(tmp_path / "run.journal", "create_event", resume=False)
    place, _ = opened.meet(ONE)
    if was_sent:
        opened.send([place])
    opened.decide(place, Receipt(0, "not_tried"))
    entry = opened.find(place)
    assert (entry is not None, bool(entry and entry.unclear)) == (was_sent, False)
    opened.close()


@pytest.mark.parametrize("change", ["send", "keep", "decide"])
def test_what_happens_to_a_row_first_records_it(tmp_path, change):
    opened = Journal(tmp_path / "run.journal", "create_event", resume=False)
    opened.meet(ONE)
    place, _ = opened.meet(TWO)
    {
        "send": lambda: opened.send([place]),
        "keep": lambda: opened.keep(place),
        "decide": lambda: opened.decide(place, Receipt(1, "sent")),
    }[change]()
    opened.close()
    again = Journal(tmp_path / "run.journal", "create_event", resume=True)
    assert again.find(place).hash == TWO
    assert again.meet(TWO)[0] == place
    assert again.meet(ONE) == (place + 1, None)
    again.close()


def test_a_journal_of_version_0_1_0_is_resumed(tmp_path):
    path, receipt = tmp_path / "run.journal", b'{"index":0,"outcome":"sent","key":{"id":1},"status":202,"code":null}'
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("CREATE TABLE rows (place INTEGER PRIMARY KEY, hash BLOB NOT NULL, receipt BLOB)")
        database.execute("CREATE TABLE run (destination TEXT NOT NULL, finished INTEGER NOT NULL)")
        database.execute("INSERT INTO run VALUES ('create_event', 0)")
        database.executemany("INSERT INTO rows VALUES (?, ?, ?)", [(0, ONE, receipt), (1, TWO, None)])
    database.close()
    for _ in range(2):
        opened = Journal(path, "create_event", resume=True)
        (place, one), (_, two), (new, three) = [opened.meet(each) for each in (ONE, TWO, ONE)]
        if three is None:
            opened.send([new])
        opened.close()
        assert (place, one.receipt.outcome, two.unclear) == (0, "sent", True)
        assert new == 2
    assert three.unclear
