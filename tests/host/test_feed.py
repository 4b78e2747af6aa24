"""What a write run hands over, what it keeps aside, and in which order a row's fate is made safe."""

import contextlib
import itertools
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, ServiceUnavailable
from custify_connector.contract.events import Sending, current_listener
from custify_connector.host import mapping, runs
from custify_connector.host.delivered import Delivered
from custify_connector.host.feed import Feed, Safekeeping, Shape
from custify_connector.host.journal import Journal
from custify_connector.host.quarantine import Quarantine, is_unclear, origin_of
from custify_connector.host.rows import Row, Table

PLAIN = Shape(empty="text")


def table(*records, faults=()):
    """Return a table of records; the lines in `faults` cannot be read."""
    rows = [
        Row(line, record if line not in faults else {}, "is not valid JSON" if line in faults else None)
        for line, record in enumerate(records, start=1)
    ]
    return Table("rows.jsonl", None, iter(rows))


def numbered(count):
    return [{"id": f"r{number}"} for number in range(count)]


class Hooks:
    """A destination that answers by `answers` (record id to receipt words), `ahead` records behind what it takes."""

    def __init__(self, ahead=0, **answers):
        self.ahead, self.answers, self.error = ahead, answers, None
        self.got = []

    def write_destination(self, credential, destination, records):  # noqa: ARG002 - as the contract has it
        """Answer each record, a few behind."""
        waiting = []
        for index, record in enumerate(records):
            self.got.append(record["id"])
            waiting.append((index, record))
            if len(waiting) > self.ahead:
                yield self._receipt(*waiting.pop(0))
        for index, record in waiting:
            yield self._receipt(index, record)
        if self.error:
            raise self.error

    def _receipt(self, index, record):
        words = self.answers.get(record["id"], {"outcome": "sent"})
        return Receipt(index, key={"id": record["id"]}, **words)


FAILED = {"outcome": "failed", "code": "unavailable", "reason": "the last one was 503"}
UNCLEAR = {"outcome": "failed", "code": "unclear", "reason": "the connection broke"}
REJECTED = {"outcome": "rejected", "code": "refused", "reason": "no"}
IDENTITY = (("id",),)
THINGS = {"things": {"identity": [["id"]], "comparable": True}}


class Place:
    """A folder in which write runs keep what they keep."""

    def __init__(self, path):
        self.path = path

    def run(self, hooks, rows, *, resume=False, shape=PLAIN, keep=("journal", "quarantine"), **words):
        """Run once; returns its lines."""
        journal = Journal(self.path / "journal", "things", resume=resume) if "journal" in keep else None
        quarantine = Quarantine(self.path / "quarantine") if "quarantine" in keep else None
        delivered = Delivered(self.path / "delivered", "things", THINGS) if "delivered" in keep else None
        words = {"identity": IDENTITY, "repeat": "never", **words}
        safe = Safekeeping(journal, quarantine, delivered, **words)
        try:
            return list(runs.write(hooks, {}, {"endpoint": "things"}, rows, shape, safe))
        finally:
            for each in (journal, quarantine, delivered):
                if each is not None:
                    each.close()

    def quarantined(self):
        """Return the records in the quarantine with their codes."""
        lines = (self.path / "quarantine").read_text().splitlines()
        return [(line["rawMessage"].get("id"), line["error"]["code"]) for line in map(json.loads, lines)]


@pytest.fixture
def place(tmp_path):
    """Return a folder for write runs."""
    return Place(tmp_path)


def outcomes(lines):
    return [(line.line, line.receipt.index, line.receipt.outcome) for line in lines]


@pytest.mark.parametrize("ahead", [0, 3, 50])
def test_each_row_has_one_receipt_with_its_line_in_order(place, ahead):
    hooks = Hooks(ahead, r4=REJECTED)
    lines = place.run(hooks, table(*numbered(12), faults=(1, 3, 8, 12)))
    outcome = dict.fromkeys(range(12), "sent") | dict.fromkeys((0, 2, 4, 7, 11), "rejected")
    assert outcomes(lines) == [(index + 1, index, outcome[index]) for index in range(12)]
    assert hooks.got == [f"r{number}" for number in range(12) if number not in {0, 2, 7, 11}]


def test_a_row_that_cannot_be_read_is_rejected_with_its_line(place):
    (line,) = place.run(Hooks(), table({"id": "r0"}, faults=(1,)))
    assert (line.receipt.code, line.receipt.reason) == ("unreadable_row", "line 1 is not valid JSON")


def test_a_row_that_cannot_be_converted_is_rejected_with_its_line(place):
    shape = Shape(mapping.parse(["id=id", "size:integer=size"]))
    lines = place.run(Hooks(), table({"id": "a", "size": "7"}, {"id": "b", "size": "many"}), shape=shape)
    assert [line.receipt.outcome for line in lines] == ["sent", "rejected"]
    assert lines[1].receipt.reason.startswith("line 2 has a value of another type")


@pytest.mark.parametrize(
    ("empty", "record"),
    [("absent", {"id": "a"}), ("null", {"id": "a", "name": None}), ("text", {"id": "a", "name": ""})],
)
def test_an_empty_cell_means_what_the_run_says(empty, record):
    assert Shape(empty=empty).record(Row(1, {"id": "a", "name": ""})) == record


def test_what_is_raised_comes_after_the_receipts_of_every_row():
    """Also of the rows at the end that never were the hook's."""
    hooks = Hooks(5, r1=FAILED)
    hooks.error = ServiceUnavailable("down")
    feed = Feed(table(*numbered(4), faults=(4,)), PLAIN, Safekeeping(), {"endpoint": "things"})
    lines = runs._lines(hooks.write_destination({}, {}, feed.records()), feed)  # noqa: SLF001 - the part that orders them
    assert [next(lines).receipt.index for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ServiceUnavailable):
        next(lines)


def test_a_run_that_is_asked_to_end_hands_over_no_more_rows(place):
    hooks, seen = Hooks(), []

    def ended():
        seen.append(None)
        return len(seen) > 3

    place.run(hooks, table(*numbered(10)), ended=ended)
    assert hooks.got == ["r0", "r1", "r2"]
    place.run(again := Hooks(), table(*numbered(10)), resume=True)
    assert again.got == [f"r{number}" for number in range(3, 10)]


@pytest.mark.parametrize("value", [2**70, "half a \ud800", b"bytes", {1: "a name that is no text"}], ids=str)
def test_a_record_with_a_value_that_json_cannot_carry_is_kept_like_any_other(place, value):
    """Its judge rejects it; until then it has a hash, and then a line in the quarantine."""
    for resume in (False, True):
        lines = place.run(Hooks(r0=REJECTED), table({"id": "r0", "v": value}, {"id": "r1"}), resume=resume)
        assert [line.receipt.outcome for line in lines] == ["rejected", "sent"]
    assert place.quarantined() == [("r0", "refused")]


# ---------------------------------------------------------------------------------------------------- journal, resume


def crash(place, hooks, rows, after, **words):
    """Run and break off without a word after so many receipts."""
    journal, quarantine = Journal(place.path / "journal", "things", resume=False), Quarantine(place.path / "quarantine")
    safe = Safekeeping(journal, quarantine, identity=IDENTITY, repeat="never", **words)
    lines = runs.write(hooks, {}, {"endpoint": "things"}, rows, PLAIN, safe)
    for _ in range(after):
        next(lines)
    lines.close()
    journal.close()
    quarantine.close()


@pytest.mark.parametrize("ahead", [0, 1, 4])
@pytest.mark.parametrize("after", [1, 5, 9])
def test_what_was_under_way_when_a_run_broke_off_is_reported_and_not_sent_again(place, ahead, after):
    crash(place, first := Hooks(ahead), table(*numbered(10)), after)
    lines = place.run(again := Hooks(), table(*numbered(10)), resume=True)
    assert Counter(first.got + again.got) == Counter(f"r{number}" for number in range(10))
    unclear = [line.receipt.index for line in lines if line.receipt.code == "unclear"]
    assert unclear == list(range(after, len(first.got)))
    assert [line.receipt.index for line in lines] == list(range(10))
    assert place.quarantined() == [(f"r{number}", "unclear") for number in unclear]


def test_to_resend_what_is_unclear_sends_exactly_that(place):
    crash(place, Hooks(3), table(*numbered(10)), 4)
    place.run(Hooks(), table(*numbered(10)), resume=True)
    lines = place.run(last := Hooks(), table(*numbered(10)), resume=True, resend_unclear=True)
    assert last.got == ["r4", "r5", "r6"]
    assert {line.receipt.outcome for line in lines} == {"sent"}


@pytest.mark.parametrize(
    ("repeat", "record", "again"),
    [
        ("always", {"id": "r0"}, True),
        ("never", {"id": "r0"}, False),
        ("token", {"id": "r0", "token": "t"}, True),
        ("token", {"id": "r0", "token": ""}, False),
        ("token", {"id": "r0", "token": None}, False),
        ("token", {"id": "r0"}, False),
        ("never", {"id": "r0", "never": "a field of this name"}, False),
    ],
)
def test_only_what_may_be_repeated_is_sent_again_when_it_is_unclear(place, repeat, record, again):
    place.run(Hooks(r0=UNCLEAR), table(record), repeat=repeat)
    lines = place.run(second := Hooks(), table(record), resume=True, repeat=repeat)
    assert second.got == ["r0"] * again
    assert [line.receipt.outcome for line in lines] == ["sent" if again else "failed"]


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        ({"outcome": "sent"}, False),
        ({"outcome": "unchanged"}, False),
        (REJECTED, False),
        (FAILED, True),
        ({"outcome": "not_tried"}, True),
    ],
    ids=lambda value: value["outcome"] if isinstance(value, dict) else str(value),
)
def test_what_is_decided_is_not_sent_again_and_keeps_its_receipt(place, answer, again):
    (before,) = place.run(Hooks(r0=answer), table(*numbered(1)))
    (after,) = place.run(second := Hooks(r0=answer), table(*numbered(1)), resume=True)
    assert second.got == ["r0"] * again
    assert after.receipt == before.receipt


def test_input_that_changed_under_a_resumed_run_is_sent_where_it_changed(place):
    place.run(Hooks(r2=REJECTED), table(*numbered(4)))
    changed = [{"id": "new"}, {"id": "r3"}, {"id": "r2", "size": 1}, *numbered(2)]
    lines = place.run(second := Hooks(), table(*changed), resume=True)
    assert second.got == ["new", "r2"]
    assert outcomes(lines) == [(index + 1, index, "sent") for index in range(5)]


def test_rows_that_came_after_an_interrupted_run_are_sent(place):
    place.run(Hooks(), table(*numbered(2)))
    place.run(second := Hooks(), table(*numbered(4)), resume=True)
    assert second.got == ["r2", "r3"]


def test_after_a_run_that_came_to_its_end_another_row_is_a_new_one(place):
    place.run(Hooks(), table(*numbered(3)))
    journal = Journal(place.path / "journal", "things", resume=True)
    journal.finish()
    journal.close()
    place.run(second := Hooks(), table({"id": "r0"}, {"id": "new"}, {"id": "r2"}), resume=True)
    assert second.got == ["new"]


def test_an_unclear_row_is_quarantined_once_however_often_the_run_is_resumed(place):
    place.run(Hooks(r1=UNCLEAR), table(*numbered(3)))
    for _ in range(3):
        place.run(Hooks(), table(*numbered(3)), resume=True)
    assert place.quarantined() == [("r1", "unclear")]


def test_the_quarantine_is_on_the_disk_before_the_journal_decides(place, monkeypatch):
    seen, decide = [], Journal.decide

    def looked(self, number, receipt):
        seen.append((receipt.outcome, len(place.quarantined())))
        decide(self, number, receipt)

    monkeypatch.setattr(Journal, "decide", looked)
    place.run(Hooks(r0=REJECTED, r2=FAILED), table(*numbered(5), faults=(5,)))
    assert len(seen) == 5
    counts = [count for _, count in seen]
    bad = [outcome != "sent" for outcome, _ in seen]
    assert counts == [sum(bad[: place + 1]) for place in range(5)]


def test_a_run_that_keeps_nothing_needs_nothing(place):
    lines = place.run(Hooks(r1=UNCLEAR), table(*numbered(3)), keep=())
    assert [line.receipt.outcome for line in lines] == ["sent", "failed", "sent"]
    assert list(place.path.iterdir()) == []


class Reporting(Hooks):
    """A destination that reports `Sending` before each record that it sends, or says only that it does."""

    reports = True

    def _receipt(self, index, record):
        if self.reports:
            current_listener()(Sending((index,)))
        return super()._receipt(index, record)


@pytest.mark.parametrize("ahead", [0, 4, 50])
def test_a_row_is_unclear_only_once_its_request_was_about_to_leave(place, ahead):
    crash(place, first := Reporting(ahead), table(*numbered(10)), 3, reports_sending=True)
    lines = place.run(second := Reporting(), table(*numbered(10)), resume=True, reports_sending=True)
    assert first.got == [f"r{number}" for number in range(min(10, ahead + 3))]
    assert second.got == [f"r{number}" for number in range(3, 10)]
    assert {line.receipt.outcome for line in lines} == {"sent"}


def test_a_connector_that_does_not_report_what_it_says_is_not_believed_any_further(place):
    hooks = Reporting(4)
    hooks.reports = False
    crash(place, hooks, table(*numbered(10)), 2, reports_sending=True)
    lines = place.run(Hooks(), table(*numbered(10)), resume=True)
    assert [line.receipt.index for line in lines if line.receipt.code == "unclear"] == list(range(2, len(hooks.got)))


def test_a_row_whose_run_was_killed_before_the_journal_had_it_is_quarantined_once(place, monkeypatch):
    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(Journal, "decide", killed)
        place.run(Hooks(r0=REJECTED), table(*numbered(2)))
    lines = place.run(again := Hooks(), table(*numbered(2)), resume=True)
    assert place.quarantined() == [("r0", "refused")]
    assert [(line.receipt.outcome, line.receipt.code) for line in lines] == [("failed", "unclear"), ("sent", None)]
    assert again.got == ["r1"]


@pytest.mark.parametrize("answer", [REJECTED, FAILED, UNCLEAR], ids=lambda words: words["code"])
@pytest.mark.parametrize("again", [numbered(3), [], numbered(3)[::-1]], ids=["equal", "empty", "sorted"])
def test_a_kept_row_is_replayed_once_also_after_its_run_was_started_again(place, answer, again):
    place.run(Hooks(r1=answer), table(*numbered(3)))
    place.run(Hooks(), table(*again))
    outcomes = [replayed(place, hooks := Hooks(), resend_unclear=True) for _ in range(2)]
    assert [[receipt.outcome for receipt in receipts] for receipts in outcomes] == [["sent"], ["unchanged"]]
    assert hooks.got == []


def test_a_kept_row_that_a_resumed_run_sent_is_not_replayed_after_that_run_was_started_again(place):
    place.run(Hooks(r1=FAILED), table(*numbered(3)))
    place.run(Hooks(), table(*numbered(3)), resume=True)
    place.run(Hooks(), table(*numbered(2)))
    assert [receipt.code for receipt in replayed(place, Hooks())] == ["sent_since"]


def test_a_kept_row_of_an_earlier_run_is_no_row_of_the_present_one(place):
    """Its replay must not settle the equal row of a run that was started again."""
    place.run(Hooks(r0=REJECTED), table(*numbered(1)))
    place.run(Hooks(r0=FAILED), table(*numbered(1)), keep=("journal",))
    replayed(place, Hooks())
    place.run(hooks := Hooks(), table(*numbered(1)), resume=True)
    assert hooks.got == ["r0"]


@pytest.mark.parametrize("answer", [FAILED, UNCLEAR], ids=lambda words: words["code"])
def test_a_row_that_a_resumed_run_may_have_sent_is_not_sent_by_a_replay_that_is_resumed(place, answer):
    """The replay's own journal says only that the row was not taken there."""
    place.run(Hooks(r0=FAILED), table(*numbered(1)))
    replayed(place, Hooks(r0=FAILED))
    place.run(Hooks(r0=answer), table(*numbered(1)), resume=True)
    (receipt,) = replayed(place, hooks := Hooks(), resume=True)
    assert (receipt.code, hooks.got) == (("unclear", []) if answer == UNCLEAR else (None, ["r0"]))


def replayed(place, hooks, *, resume=False, **words):
    """Replay the quarantine, as a run of its own; returns its receipts."""
    journal = Journal(place.path / "replay.journal", "things", resume=resume)
    safe = Safekeeping(journal, identity=IDENTITY, **words)
    try:
        return [line.receipt for line in runs.write(hooks, {}, {"endpoint": "things"}, kept(place), PLAIN, safe)]
    finally:
        journal.close()


# ---------------------------------------------------------------------------------------------------------- unchanged


KEEP = ("journal", "delivered")


def test_what_equals_the_last_delivered_is_not_sent_and_what_changed_is(place):
    first = [{"id": "a", "v": 1}, {"id": "b", "v": 1}]
    place.run(Hooks(), table(*first), keep=KEEP)
    lines = place.run(second := Hooks(), table({"v": 1, "id": "a"}, {"id": "b", "v": 2}), keep=KEEP)
    assert second.got == ["b"]
    assert [line.receipt.outcome for line in lines] == ["unchanged", "sent"]
    assert lines[0].receipt.key == {"id": "a"}


@pytest.mark.parametrize("answer", [REJECTED, FAILED, UNCLEAR], ids=lambda words: words["code"])
def test_what_was_not_delivered_is_sent_again(place, answer):
    place.run(Hooks(r0=answer), table(*numbered(1)), keep=KEEP)
    place.run(second := Hooks(), table(*numbered(1)), keep=KEEP)
    assert second.got == ["r0"]


def test_a_record_without_a_key_is_always_sent(place):
    for _ in range(2):
        place.run(hooks := Hooks(), table({"id": "", "v": 1}), keep=KEEP)
        assert hooks.got == [""]


@pytest.mark.parametrize("ahead", [0, 5])
def test_of_several_rows_of_one_key_the_last_one_is_what_is_delivered_in_the_end(place, ahead):
    """The store holds the second row's hash when the second run begins; it must not be skipped after the first."""
    rows = [{"id": "a", "v": 1}, {"id": "a", "v": 2}]
    for _ in range(2):
        hooks = Hooks(ahead)
        lines = place.run(hooks, table(*rows), keep=KEEP)
    assert [line.receipt.outcome for line in lines][-1] == "sent"
    assert hooks.got == ["a", "a"]


@pytest.mark.parametrize("answer", [UNCLEAR, None], ids=["unclear", "killed"])
def test_what_may_have_been_overwritten_is_not_called_unchanged(place, answer):
    """Another value was sent, and no one knows whether it arrived: the old one must be sent again."""
    old, new = {"id": "r0", "v": 1}, {"id": "r0", "v": 2}
    place.run(Hooks(), table(old), keep=KEEP)
    if answer:
        place.run(Hooks(r0=answer), table(new), keep=KEEP)
    else:
        delivered = Delivered(place.path / "delivered", "things", THINGS)
        safe = Safekeeping(delivered=delivered, identity=IDENTITY, repeat="always")
        next(Feed(table(new), PLAIN, safe, {"endpoint": "things"}).records())
        delivered.close()
    place.run(last := Hooks(), table(old), keep=KEEP)
    assert last.got == ["r0"]


# ------------------------------------------------------------------------------------------------------------------ law


answers = st.sampled_from([{"outcome": "sent"}, REJECTED, FAILED, UNCLEAR])


@given(
    st.lists(answers, min_size=1, max_size=12),
    st.integers(0, 4),
    st.lists(st.integers(1, 12), max_size=3),
    st.booleans(),
)
def test_however_often_a_run_breaks_off_nothing_is_lost_and_nothing_doubled(
    tmp_path_factory, first, ahead, cuts, repeat
):
    """A law: a row that must not be repeated is sent again only when it certainly did not arrive."""
    place, rows = Place(tmp_path_factory.mktemp("law")), numbered(len(first))
    arrived = Counter()
    words = {"repeat": "always" if repeat else "never"}
    hooks = Hooks(ahead, **{row["id"]: answer for row, answer in zip(rows, first, strict=True)})
    for turn, cut in enumerate([*cuts, None]):
        if turn:
            hooks = Hooks(ahead)
        before = len(hooks.got)
        run_or_break_off(place, hooks, rows, cut, resume=turn > 0, **words)
        arrived.update(each for each in hooks.got[before:] if hooks.answers.get(each) != FAILED)
    lines = place.run(last := Hooks(), table(*rows), resume=True, **words)
    arrived.update(last.got)
    assert [line.receipt.index for line in lines] == list(range(len(rows)))
    for row, line in zip(rows, lines, strict=True):
        assert repeat or arrived[row["id"]] <= 1
        assert arrived[row["id"]] >= 1 or line.receipt.code == "unclear"
        assert line.receipt.outcome in {"sent", "rejected"} or not repeat


turns = st.tuples(st.sampled_from(["resume", "replay", "replay on"]), st.integers(0, 8), st.integers(0, 4))


@pytest.mark.slow
@given(st.integers(1, 6), st.lists(answers, min_size=1, max_size=30), st.lists(turns, max_size=6))
def test_between_resumed_runs_and_replays_that_break_off_anywhere_nothing_is_doubled(
    tmp_path_factory, count, drawn, turns
):
    """A law: a row that must not be repeated reaches the service at most once, by any run, in any order."""
    place, rows, arrived = Place(tmp_path_factory.mktemp("law")), numbered(count), Counter()
    endless = itertools.cycle(drawn)
    for way, cut, ahead in [("start", 3, 2), *turns, ("resume", 99, 0)]:
        answer = {row["id"]: next(endless) for row in rows}
        hooks = Hooks(ahead, **answer)
        if way in {"start", "resume"}:
            journal = Journal(place.path / "journal", "things", resume=way == "resume")
            break_off(place, hooks, table(*rows), cut, journal)
        else:
            journal = Journal(place.path / "replay.journal", "things", resume=way == "replay on")
            break_off(place, hooks, kept(place), cut, journal)
        # What has no receipt yet has arrived, at the worst.
        arrived.update(each for each in hooks.got if answer[each] not in (FAILED, REJECTED))
        hooks.got.clear()
    assert max(arrived.values(), default=0) <= 1
    lines = place.run(last := Hooks(), table(*rows), resume=True)
    arrived.update(last.got)
    assert [line.receipt.index for line in lines] == list(range(count))
    for row, line in zip(rows, lines, strict=True):
        assert arrived[row["id"]] <= 1
        assert arrived[row["id"]] == 1 or line.receipt.outcome == "rejected" or line.receipt.code == "unclear"


def kept(place):
    """Return the rows of the quarantine, as a replay gives them."""
    path = place.path / "quarantine"
    lines = [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []
    rows = [
        Row(number, each["rawMessage"], origin=origin_of(each), unclear=is_unclear(each))
        for number, each in enumerate(lines, start=1)
    ]
    return Table("quarantine", None, iter(rows))


def break_off(place, hooks, rows, cut, journal):
    quarantine = Quarantine(place.path / "quarantine")
    safe = Safekeeping(journal, quarantine, identity=IDENTITY)
    lines = runs.write(hooks, {}, {"endpoint": "things"}, rows, PLAIN, safe)
    with contextlib.suppress(ConfigurationError):  # the quarantine grew under a replay that goes on
        for number, _ in enumerate(lines):
            if number == cut:
                break
    lines.close()
    for each in (journal, quarantine):
        each.close()


def run_or_break_off(place, hooks, rows, cut, *, resume, **words):
    journal = Journal(place.path / "journal", "things", resume=resume)
    safe = Safekeeping(journal, identity=IDENTITY, **words)
    lines = runs.write(hooks, {}, {"endpoint": "things"}, table(*rows), PLAIN, safe)
    for number, _ in enumerate(lines, start=1):
        if number == cut:
            break
    lines.close()
    journal.close()
