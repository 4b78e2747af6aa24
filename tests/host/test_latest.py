"""An older record is not sent over a newer one: which records are of one thing, and what a history of runs leaves."""

import dataclasses
import itertools
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract import Receipt
from custify_connector.host import feed, latest, quarantine, runs
from custify_connector.host.account import Account
from custify_connector.host.feed import Safekeeping, Shape
from custify_connector.host.latest import Latest, Things
from custify_connector.host.quarantine import Quarantine, origin_of, record_of, turn_of
from custify_connector.host.recorded_run import Run
from custify_connector.host.rows import Row, Table
from custify_connector.host.run_history import RunHistory
from custify_connector.host.run_rows import RunRow
from custify_connector.plugin import connector

DESCRIBED = connector.describe()["destinations"]
HERE = Account("https://here", "k-1")


def things(endpoint):
    return Things.of("here", endpoint, DESCRIBED[endpoint])


def are_one(old, new):
    """Whether the newer of two records, each of a destination, is found from the older one."""
    return not set(things(old[0]).sought(old[1])).isdisjoint(things(new[0]).names(new[1]))


PERSON, DEAL, TAG = "upsert_person", "upsert_deal", "tag_people"


@pytest.mark.parametrize(
    ("old", "new", "one"),
    [
        ((PERSON, {"user_id": 7}), (PERSON, {"user_id": "7 "}), True),
        ((PERSON, {"user_id": "a", "email": "e"}), (PERSON, {"email": "E"}), True),
        ((PERSON, {"email": "e"}), (PERSON, {"id": "1", "user_id": "a", "email": "e"}), True),
        ((PERSON, {"id": "1", "email": "e"}), (PERSON, {"user_id": "a", "email": "e"}), True),
        ((PERSON, {"user_id": "b", "email": "e"}), (PERSON, {"user_id": "a", "email": "e"}), False),
        ((PERSON, {"user_id": "a", "email": "f"}), (PERSON, {"user_id": "a", "email": "e"}), True),
        ((PERSON, {"user_id": "a"}), ("delete_person", {"user_id": "a"}), True),
        ((PERSON, {"user_id": "a"}), ("upsert_company", {"company_id": "a"}), False),
        ((DEAL, {"externalId": "1"}), ("delete_deal", {"externalId": "1"}), True),
        ((DEAL, {"externalId": "1"}), ("upsert_invoice", {"externalId": "1"}), False),
        (("create_task", {"externalId": "1"}), ("create_task", {"externalId": "1"}), True),
        (("create_task", {"name": "n"}), ("create_task", {"name": "n"}), False),
        (("create_event", {"name": "n", "user_id": "a", "created_at": "t"}),) * 2 + (False,),
        ((TAG, {"tag": "t", "type": "add", "ids": ["a", "b"]}), (TAG, {"tag": "t", "type": "remove", "ids": ["b"]}), 1),
        ((TAG, {"tag": "t", "type": "add", "ids": ["a"]}), (TAG, {"tag": "t", "type": "remove", "ids": ["b"]}), False),
        ((PERSON, {"name": "nobody"}), (PERSON, {"name": "nobody"}), False),
    ],
)
def test_records_are_of_one_thing_when_the_first_way_that_names_both_says_so(old, new, one):
    assert are_one(old, new) == bool(one)


@pytest.mark.parametrize("endpoint", DESCRIBED)
def test_every_destination_that_may_be_repeated_knows_what_it_sets(endpoint):
    fields = DESCRIBED[endpoint]["identity"][0]
    named = things(endpoint).names(dict.fromkeys(fields, "x"))
    assert bool(named) == (DESCRIBED[endpoint]["repeat"] != "never" or len(fields) == 1)


def stored(history, number, account, *records):
    """Record what a run sent, its lines from 1."""
    run = history.begin(Run("write", PERSON, "c"))
    known = Latest(history.path, history.connect, things(PERSON), account)
    rows = [
        RunRow(line, Receipt(line, "sent"), sent=known.sent(record, (number, line)))
        for line, record in enumerate(records, 1)
    ]
    history.update(run.id, {"errors": 0}, rows)


def test_what_another_key_at_the_place_sent_is_said_once_and_holds_nothing():
    history, said = RunHistory(), []
    stored(history, 5, dataclasses.replace(HERE, key="k-2"), {"user_id": "a"}, {"user_id": "b"})
    known = Latest(history.path, history.connect, things(PERSON), HERE, say=said.append)
    assert [known.newer({"user_id": user}, (4, 1)) for user in "ab"] == [None, None]
    assert [text.partition(":")[0] for text in said] == ["run 1 sent newer records with another key at https"]
    same = Latest(history.path, history.connect, things(PERSON), HERE, same_account=True)
    assert same.newer({"user_id": "a"}, (4, 1)).run == 1
    for each in (known, same):
        each.close()


def test_a_stored_credential_is_one_account_after_its_key_was_replaced():
    history = RunHistory()
    stored(history, 5, Account("https://here", "k-0", "id-1"), {"user_id": "a"})
    known = Latest(history.path, history.connect, things(PERSON), Account("https://here", "k-1", "id-1"))
    assert known.newer({"user_id": "a"}, (4, 1)).run == 1
    known.close()


def test_where_the_file_cannot_be_read_that_is_said_once():
    history, said = RunHistory(), []
    history.path.parent.mkdir(parents=True, exist_ok=True)
    history.path.write_text("no database")
    known = Latest(history.path, history.connect, things(PERSON), HERE, say=said.append)
    assert [known.newer({"user_id": user}, (4, 1)) for user in "ab"] == [None, None]
    assert [text.partition(":")[0] for text in said] == ["whether later runs sent newer records is not known"]
    known.close()


def test_of_a_run_that_is_larger_than_what_is_kept_the_last_rows_are():
    history = RunHistory()
    stored(history, 1, HERE, *({"user_id": f"u-{number}"} for number in range(5)))
    with history.opened() as opened:
        latest.prune(opened, keep=2)
        assert [line for (line,) in opened.execute("SELECT line FROM latest ORDER BY line")] == [4, 5]


@pytest.mark.parametrize("words", ["x", [1], [1, 2, 3], [True, None], [-1, 1], [10**15, 1], [1, 2**64], None])
def test_a_line_that_names_no_time_has_no_turn(words):
    assert quarantine.turn_of({"nexlaMetaData": {"given": words, "runId": 1, "sourceOffset": 1}}) is None


def test_it_is_bounded_and_forgets_what_was_given_longest_ago():
    history = RunHistory()
    for number in (1, 2, 3):
        stored(history, number, HERE, {"user_id": f"u-{number}"})
    with history.opened() as opened:
        latest.prune(opened, keep=2)
        assert [began for (began,) in opened.execute("SELECT began FROM latest ORDER BY began")] == [2, 3]


def test_a_run_that_was_killed_since_is_said_once():
    history, said = RunHistory(), []
    stored(history, 5, HERE, {"user_id": "a"})
    known = Latest(history.path, history.connect, things(PERSON), HERE, say=said.append, died=lambda: [(7, 6)])
    assert known.newer({"user_id": "a"}, (4, 1)).run == 1
    assert [known.newer({"user_id": user}, turn) for user, turn in (("b", (6, 1)), ("b", (5, 1)), ("c", (4, 1)))] == [
        None
    ] * 3
    assert said == ["run 7 was killed: whether it sent newer records in its last second is not known"]
    known.close()


# ------------------------------------------------------------------------------------------------------ the law


class Custify:
    """An account of people, found by user_id, then by email; it refuses what it is asked to."""

    def __init__(self):
        self.people, self.refused = {}, set()

    def write_destination(self, credential, destination, records):  # noqa: ARG002 - as the contract has it
        """Set the value of each person, or refuse it."""
        for index, record in enumerate(records):
            if record["value"] in self.refused:
                yield Receipt(index, "rejected", key={"user_id": record["user_id"]}, reason="refused")
            else:
                self.people[record["user_id"]] = record["value"]
                yield Receipt(index, "sent", key={"user_id": record["user_id"]})


class Machine:
    """A machine on which runs and replays are recorded, as the command does it; each begins a millisecond later."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.account, self.history = folder, Custify(), RunHistory()
        ticks = itertools.count(1)
        monkeypatch.setattr(feed, "time", SimpleNamespace(time=lambda: next(ticks) / 1000))

    def run(self, rows, name):
        """Send rows; returns the codes of their receipts."""
        known = Latest(self.history.path, self.history.connect, things(PERSON), HERE)
        kept = Quarantine(self.folder / name)
        safe = Safekeeping.of(DESCRIBED[PERSON], quarantine=kept, account=HERE, folder=self.folder, latest=known)
        begun = self.history.begin(Run("write", PERSON, "c"))
        lines = list(runs.write(self.account, {}, {"endpoint": PERSON}, Table("t", None, iter(rows)), Shape(), safe))
        self.history.update(
            begun.id, {"errors": 0}, [RunRow(line.line, line.receipt, sent=line.sent) for line in lines]
        )
        known.close()
        kept.close()
        return [line.receipt.code for line in lines]

    def replay(self, names):
        """Send what quarantines hold, one after the other as one file, all of which is taken now."""
        self.account.refused = set()
        lines = [
            json.loads(text)
            for path in (self.folder / name for name in names)
            if path.exists()
            for text in path.read_text().splitlines()
        ]
        rows = [
            Row(number, record_of(line), origin=origin_of(line), turn=turn_of(line))
            for number, line in enumerate(lines, 1)
        ]
        return self.run(rows, "again.jsonl")


_ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=3)
_FILES = st.sampled_from(["q.jsonl", "r.jsonl"])
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _FILES, _ROWS),
        st.tuples(st.just("replay"), st.lists(_FILES, min_size=1, unique=True), st.just(())),
    ),
    max_size=8,
)


@pytest.mark.slow
@given(_STEPS)
def test_a_person_has_what_the_last_run_gave_that_arrived_whatever_was_replayed_when(tmp_path_factory, steps):
    """Rows are given values that grow, so the newest that the account ever took must be the one it has."""
    values = itertools.count(1)
    with pytest.MonkeyPatch.context() as patched:
        folder = tmp_path_factory.mktemp("law")
        patched.setenv("CUSTIFY_HOME", str(folder / "home"))
        machine, newest, waiting = Machine(folder, patched), {}, {"q.jsonl": [], "r.jsonl": []}
        for what, where, rows in steps:
            if what == "write":
                given_now = [(user, next(values), is_refused) for user, is_refused in rows]
                machine.account.refused = {value for _, value, is_refused in given_now if is_refused}
                sent = [Row(line, {"user_id": u, "value": v}) for line, (u, v, _) in enumerate(given_now, 1)]
                machine.run(sent, where)
                waiting[where] += [(user, value) for user, value, is_refused in given_now if is_refused]
                newest.update({user: value for user, value, is_refused in given_now if not is_refused})
            else:
                codes = machine.replay(where)
                replayed = [each for name in where for each in waiting[name]]
                for (user, value), code in zip(replayed, codes, strict=True):
                    assert code in ({"outdated", "sent_since"} if value < newest.get(user, 0) else {None, "sent_since"})
                    newest[user] = max(value, newest.get(user, 0))
            assert machine.account.people == newest
