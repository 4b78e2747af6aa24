"""Laws of rows that are sent again: each has its effect once, whatever ended the syncs before."""

import contextlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.adapters import once
from custify_connector.adapters.once import Once
from custify_connector.adapters.protection import Protection
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, ServiceUnavailable
from custify_connector.host.feed import Line, Safekeeping, Shape
from custify_connector.host.rows import Row, Table

CREDENTIAL = {"name": "n", "api_key": "a-key-of-somebody"}
TASK = {"endpoint": "create_task", "params": {}}
EVENT = {"endpoint": "create_event", "params": {}}


class Killed(BaseException):
    """The process is gone."""


class Service:
    """Takes rows as `runs.write` would: it ends after some of them, cleanly or by a kill, and rejects some."""

    def __init__(self):
        self.sent = []
        self.left = None
        self.killed = False

    def write(self, _hooks, _credential, _destination, table, _shape, _safe):
        """Take the rows of one call."""
        for row in table.rows:
            if row.unclear:
                yield Line(row.line, Receipt(0, "failed", code="unclear"))
                continue
            if row.fault or row.fields.get("name") == "bad":
                yield Line(row.line, Receipt(0, "rejected", code="invalid", reason="is bad"))
                continue
            if self.left == 0 and not self.killed:
                yield Line(row.line, Receipt(0, "not_tried", reason="ended"))
                raise ServiceUnavailable("ended")
            self.sent.append(row.fields)
            if self.left == 0:
                raise Killed
            self.left = None if self.left is None else self.left - 1
            yield Line(row.line, Receipt(0, "sent", status=200))


def sync(folder, destination, rows):
    """Hand the rows over in one sync; return the outcomes."""
    table = Table("todo", None, (Row(at, {"name": name}) for at, name in enumerate(rows, 1)))
    sender = Once(CREDENTIAL, Protection(folder))
    outcomes = []
    with contextlib.suppress(ServiceUnavailable, Killed), contextlib.closing(sender):
        outcomes.extend(
            line.receipt.outcome for line in sender.write(destination, table, Shape(empty="text"), Safekeeping())
        )
    return outcomes


NAMES = st.sampled_from(["a", "b", "c", "bad"])
HISTORIES = st.lists(st.tuples(st.none() | st.integers(0, 6), st.booleans()), max_size=4)


@pytest.mark.slow
@given(rows=st.lists(NAMES, max_size=7), history=HISTORIES)
def test_a_task_is_created_once_whatever_ended_the_syncs_before(tmp_path_factory, rows, history):
    folder, service, kills = tmp_path_factory.mktemp("sent"), Service(), 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(once.runs, "write", service.write)
        for service.left, service.killed in history:
            before = len(service.sent)
            sync(folder, TASK, rows)
            kills += service.killed and len(service.sent) > before
        service.left = None
        outcomes = sync(folder, TASK, rows)
    wanted = Counter(name for name in rows if name != "bad")
    assert Counter(one["name"] for one in service.sent) == wanted
    assert outcomes.count("rejected") == rows.count("bad")
    assert outcomes.count("failed") <= kills
    assert len(outcomes) == len(rows)


@given(rows=st.lists(NAMES, max_size=7), history=HISTORIES)
def test_an_event_has_the_same_id_in_every_sync_and_equal_ones_of_a_sync_have_another(rows, history):
    service = Service()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(once.runs, "write", service.write)
        for service.left, service.killed in [*history, (None, False)]:
            sync(None, EVENT, rows)
    kept = {one["deduplication_id"]: one["name"] for one in service.sent}
    assert Counter(kept.values()) == Counter(name for name in rows if name != "bad")
    assert all(len(name) <= 100 for name in kept)


def test_what_is_kept_shows_neither_rows_nor_the_key(tmp_path, monkeypatch):
    monkeypatch.setattr(once.runs, "write", Service().write)
    sync(tmp_path, TASK, ["a-very-private-name"])
    held = b"".join(path.read_bytes() for path in Path(tmp_path).rglob("*") if path.is_file())
    assert b"private" not in held
    assert CREDENTIAL["api_key"].encode() not in held


def test_two_syncs_of_one_stream_do_not_run_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setattr(once.runs, "write", Service().write)
    first, second = (Once(CREDENTIAL, Protection(tmp_path)) for _ in range(2))
    with contextlib.closing(first), contextlib.closing(second):
        first.write(TASK, Table("todo", None, iter(())), Shape(), Safekeeping())
        with pytest.raises(ConfigurationError, match="another run of custify is writing it"):
            second.write(TASK, Table("todo", None, iter(())), Shape(), Safekeeping())


@pytest.mark.parametrize(
    ("endpoint", "is_refused"),
    [("create_task", True), ("run_playbook", True), ("create_event", False), ("upsert_note", False)],
)
def test_a_destination_that_only_creates_needs_a_folder(endpoint, is_refused):
    refused = False
    try:
        Once(CREDENTIAL, Protection()).refuse_unsafe(endpoint)
    except ConfigurationError as error:
        refused = "name a folder in `journal`" in str(error)
    assert refused == is_refused


def test_a_note_without_an_id_is_rejected_and_one_with_an_id_is_sent_each_time(monkeypatch):
    service = Service()
    monkeypatch.setattr(once.runs, "write", service.write)
    sender = Once(CREDENTIAL, Protection())
    rows = [{"id": "1", "name": "x"}, {"name": "y"}]
    for _ in range(2):
        table = Table("notes", None, (Row(at, row) for at, row in enumerate(rows, 1)))
        lines = sender.write({"endpoint": "upsert_note", "params": {}}, table, Shape(empty="text"), Safekeeping())
        assert [line.receipt.outcome for line in lines] == ["sent", "rejected"]
    assert service.sent == [rows[0], rows[0]]
