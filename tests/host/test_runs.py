"""One local run: records, state and receipts are made safe in the right order, whatever breaks in between."""

import json

import pytest

from custify_connector.contract import Batch, Receipt
from custify_connector.contract.errors import ConfigurationError, CredentialRefused, IncompleteRead, StateError
from custify_connector.host import mapping, runs, state_file
from custify_connector.host.account import Account
from custify_connector.host.feed import Shape
from custify_connector.host.keeping import Beside
from custify_connector.host.outputs import Target
from custify_connector.host.rows import open_table
from custify_connector.host.state_file import Stored


class Hooks:
    """A connector of a few batches, whose state is the number of batches given; `breaks_at` raises before one."""

    def __init__(self, batches=5, breaks_at=None):
        self.batches, self.breaks_at, self.asked, self.records = batches, breaks_at, [], []

    def read_source(self, credential, source, state):
        """Read from the state on."""
        self.asked.append((credential, source, state))
        return self._read((state or {}).get("given", 0))

    def _read(self, given):
        for number in range(given, self.batches):
            if number == self.breaks_at:
                raise CredentialRefused("refused")
            yield Batch("s", [{"id": number, "name": "é"}, {"id": number + 0.5}], {"given": number + 1})

    def write_destination(self, credential, destination, records):
        """Write what it is given."""
        self.asked.append((credential, destination, None))
        return self._write(records)

    def _write(self, records):
        for index, record in enumerate(records):
            self.records.append(record)
            yield Receipt(index, "rejected" if record.get("id") == "bad" else "sent", {"id": record.get("id")})
        if self.breaks_at is not None:
            raise CredentialRefused("refused")


ALL = [{"id": number + half} for number in range(5) for half in (0, 0.5)]


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def ids(path):
    return [line["id"] for line in lines(path)]


# -------------------------------------------------------------------------------------------------------------- reading


def test_a_source_becomes_a_file_and_is_counted(tmp_path):
    reported, hooks = [], Hooks()
    path = tmp_path / "out.jsonl"
    count = runs.read(hooks, {"name": "n"}, {"endpoint": "e"}, str(path), watch=runs.Watch(reported.append))
    assert hooks.asked == [({"name": "n"}, {"endpoint": "e"}, None)]
    assert ids(path) == [one["id"] for one in ALL]
    assert (count.records, count.size, count.ended) == (10, path.stat().st_size, False)
    assert [one.records for one in reported] == [2, 4, 6, 8, 10]
    assert [file.name for file in tmp_path.iterdir()] == ["out.jsonl"]


def test_standard_output_gets_the_records_and_nothing_else(capsysbinary):
    assert runs.read(Hooks(1), {}, {}, "-").records == 2
    assert [json.loads(line)["id"] for line in capsysbinary.readouterr().out.splitlines()] == [0, 0.5]


@pytest.mark.parametrize("breaks_at", range(5))
def test_a_run_that_breaks_goes_on_where_it_stopped(tmp_path, breaks_at):
    path, state = tmp_path / "out.jsonl", tmp_path / "state"
    path.write_text('{"id": "old"}\n')
    with pytest.raises(CredentialRefused):
        runs.read(Hooks(breaks_at=breaks_at), {}, {}, str(path), state)
    assert ids(path) == ["old"], "a failed run leaves the old data whole"
    again = Hooks()
    runs.read(again, {}, {}, str(path), state)
    assert again.asked[0][2] == ({"given": breaks_at} if breaks_at else None)
    assert ids(path) == [one["id"] for one in ALL]
    assert state_file.load(state) == Stored({"given": 5}, None)


def test_what_was_written_after_the_last_state_is_cut_off(tmp_path):
    path, state = tmp_path / "out.jsonl", tmp_path / "state"
    with pytest.raises(CredentialRefused):
        runs.read(Hooks(breaks_at=2), {}, {}, str(path), state)
    with (tmp_path / "out.jsonl.part").open("ab") as part:
        part.write(b'{"id": "half a rec')
    runs.read(Hooks(), {}, {}, str(path), state)
    assert ids(path) == [one["id"] for one in ALL]


def test_an_unfinished_file_that_is_gone_is_refused(tmp_path):
    path, state = tmp_path / "out.jsonl", tmp_path / "state"
    with pytest.raises(CredentialRefused):
        runs.read(Hooks(breaks_at=2), {}, {}, str(path), state)
    (tmp_path / "out.jsonl.part").unlink()
    with pytest.raises(ConfigurationError, match="has less than the state says was written"):
        runs.read(Hooks(), {}, {}, str(path), state)


def test_a_state_is_saved_after_the_records_it_speaks_of(tmp_path, monkeypatch):
    path, state, order = tmp_path / "out.jsonl", tmp_path / "state", []
    save = state_file.save

    def spy(where, stored):
        part = tmp_path / "out.jsonl.part"
        order.append((stored.state["given"], part.stat().st_size if part.exists() else None, stored.output_size))
        save(where, stored)

    monkeypatch.setattr(state_file, "save", spy)
    runs.read(Hooks(2), {}, {}, str(path), state)
    assert [given for given, _, _ in order] == [1, 2, 2]
    assert all(written == size for _, written, size in order)


def test_a_state_beside_standard_output_remembers_no_size(tmp_path, capsysbinary):
    runs.read(Hooks(), {}, {}, "-", tmp_path / "state")
    assert state_file.load(tmp_path / "state") == Stored({"given": 5}, None)
    assert capsysbinary.readouterr().out.count(b"\n") == 10


def test_a_run_that_is_asked_to_end_keeps_its_place(tmp_path):
    path, state, reported = tmp_path / "out.jsonl", tmp_path / "state", []
    count = runs.read(Hooks(), {}, {}, str(path), state, runs.Watch(reported.append, lambda: len(reported) == 2))
    assert (count.records, count.ended, path.exists()) == (4, True, False)
    assert state_file.load(state).state == {"given": 2}
    runs.read(Hooks(), {}, {}, str(path), state)
    assert ids(path) == [one["id"] for one in ALL]


@pytest.mark.parametrize("content", ["{", '{"state": 5}'])
def test_a_damaged_state_file_is_refused_before_anything_is_asked(tmp_path, content):
    (tmp_path / "state").write_text(content)
    hooks = Hooks()
    with pytest.raises(StateError):
        runs.read(hooks, {}, {}, str(tmp_path / "out"), tmp_path / "state")
    assert hooks.asked == []


def test_a_state_file_that_cannot_be_kept_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ConfigurationError, match="missing"):
        runs.read(Hooks(), {}, {}, str(tmp_path / "out"), tmp_path / "missing" / "state")
    assert not (tmp_path / "out").exists()


# -------------------------------------------------------------------------------------------------------------- writing


def write(tmp_path, text, hooks, *rules, name="in.csv", empty="absent"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    found = []
    with open_table(str(path)) as table:
        try:
            for line in runs.write(hooks, {}, {"endpoint": "e"}, table, Shape(mapping.parse(rules), empty)):
                found.append((line.line, line.receipt.index, line.receipt.outcome, line.receipt.code))  # noqa: PERF401
        except CredentialRefused:
            found.append("refused")
    return found


def test_every_row_has_its_receipt_with_its_own_line_and_place(tmp_path):
    text = 'id,n\na,1\n"b\nb",2\nshort\nbad,3\nc,4\n'
    assert sorted(write(tmp_path, text, Hooks())) == [
        (2, 0, "sent", None),
        (3, 1, "sent", None),
        (5, 2, "rejected", "unreadable_row"),
        (6, 3, "rejected", None),
        (7, 4, "sent", None),
    ]


@pytest.mark.parametrize("text", ["id\n", "id,n\nshort\n", "id,n\na,1\nshort\nshort\n", "id,n\nshort\na,1\n"])
def test_rows_that_never_became_records_are_reported_wherever_they_stand(tmp_path, text):
    found = write(tmp_path, text, Hooks())
    assert sorted(index for _, index, _, _ in found) == list(range(text.count("\n") - 1))


def test_a_value_that_is_not_of_its_type_rejects_its_row_alone(tmp_path):
    hooks = Hooks()
    found = write(tmp_path, "a,b\n1,x\n2,3\n", hooks, "id=a", "n:integer=b")
    assert sorted(found) == [(2, 0, "rejected", "unreadable_row"), (3, 1, "sent", None)]
    assert hooks.records == [{"id": "2", "n": 3}]


def test_what_is_everybodys_fault_comes_after_the_last_receipt(tmp_path):
    assert write(tmp_path, "id\na\nb\n", Hooks(breaks_at=0)) == [(2, 0, "sent", None), (3, 1, "sent", None), "refused"]


@pytest.mark.parametrize(
    ("rules", "empty", "record"),
    [
        ((), "absent", {"id": "1"}),
        ((), "null", {"id": "1", "n": None}),
        ((), "text", {"id": "1", "n": ""}),
        (("id=id", "m=n"), "null", {"id": "1", "m": None}),
    ],
)
def test_a_row_becomes_a_record(tmp_path, rules, empty, record):
    hooks = Hooks()
    write(tmp_path, "id,n\n1,\n", hooks, *rules, empty=empty)
    assert hooks.records == [record]


def test_json_lines_are_records_as_they_are(tmp_path):
    hooks = Hooks()
    write(tmp_path, '{"id": 1, "a.b": null, "c": {"d": []}}\n', hooks, name="in.jsonl")
    assert hooks.records == [{"id": 1, "a.b": None, "c": {"d": []}}]


def test_a_count_knows_its_records_and_errors():
    count = runs.WriteCount()
    count.outcomes.update(sent=5, unchanged=1, rejected=2, failed=3, not_tried=4)
    assert (count.records, count.errors) == (15, 9)


class ShortHooks(Hooks):
    """A connector that knows, after its last batch, that records never came; its last state starts over."""

    def _read(self, given):
        yield from list(super()._read(given))[:-1]
        yield Batch("s", [], {"from": "the start"})
        raise IncompleteRead("s: the read is incomplete: 2 of 10 records never came")


def test_a_read_that_is_incomplete_replaces_nothing_and_the_next_one_starts_over(tmp_path):
    whole, state = tmp_path / "out.jsonl", tmp_path / "state.json"
    runs.read(Hooks(), {}, {}, str(whole), state)
    before = whole.read_bytes()
    with pytest.raises(IncompleteRead):
        runs.read(ShortHooks(), {}, {}, str(whole), state)
    assert whole.read_bytes() == before
    assert state_file.load(state) == Stored({"from": "the start"})
    hooks = Hooks()
    runs.read(hooks, {}, {}, str(whole), state)
    assert (hooks.asked[0][2], ids(whole)) == ({"from": "the start"}, [one["id"] for one in ALL])


def test_the_state_of_an_incomplete_read_is_still_that_of_its_account(tmp_path):
    output, state = str(tmp_path / "out.jsonl"), tmp_path / "state.json"
    owner, other = (runs.Owner(Account("https://api", key)) for key in ("a1", "b2"))
    with pytest.raises(IncompleteRead):
        runs.read(ShortHooks(), {}, {}, output, state, owner=owner)
    with pytest.raises(StateError, match="belongs to the account"):
        runs.read(Hooks(), {}, {}, output, state, owner=other)
    hooks = Hooks()
    runs.read(hooks, {}, {}, output, state, owner=owner)
    assert hooks.asked[0][2] == {"from": "the start"}


def test_an_incomplete_read_leaves_no_unfinished_run_beside_its_output(tmp_path):
    target = Target(str(tmp_path / "out.jsonl"))
    place = tmp_path / "unfinished.json"
    with pytest.raises(IncompleteRead):
        runs.read(ShortHooks(), {}, {}, target, Beside(place, target, lambda: {"cursor": "old"}))
    assert not place.exists()
    assert Beside(place, target, lambda: {"cursor": "old"}).load() == Stored({"cursor": "old"})
