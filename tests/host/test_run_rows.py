"""Rows of runs: found by run and outcome, or by their key over all runs; they go when their run is forgotten."""

from hypothesis import example, given
from hypothesis import strategies as st

from custify_connector.contract import OUTCOMES, Receipt
from custify_connector.host import run_rows
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.host.run_rows import RunRow

WRITE = Run("write", "upsert_person", "acme")


def row(line, outcome="sent", **more):
    words, record = more.pop("words", ()), more.pop("record", None)
    return RunRow(line, Receipt(line, outcome, **{"key": {"email": f"U{line}@example.com"}, **more}), record, words)


def stored(history, *rows):
    run = history.begin(WRITE)
    history.update(run.id, {"status": "finished"}, rows)
    return run.id


def test_rows_of_a_run_come_by_their_outcome_in_pages():
    history = RunHistory()
    run = stored(history, *(row(n, "rejected" if n % 2 else "sent", reason="why") for n in range(6)))
    assert [each.line for each in history.rows(run, None, 4)] == [0, 1, 2, 3]
    assert [each.line for each in history.rows(run, "rejected", 2, 1)] == [3, 5]
    assert history.rows(run, "rejected", 1)[0].receipt.reason == "why"


def test_the_outcomes_of_a_person_are_found_over_all_runs_the_newest_first():
    history = RunHistory()
    first, second = stored(history, row(1)), stored(history, row(1, "rejected"), row(12))
    assert [(each.run, each.line) for each in history.rows_about("u1@EXAMPLE.com ", 9)] == [(second, 1), (first, 1)]
    assert [each.line for each in history.rows_about("u1", 9)] == [12, 1, 1]
    assert history.rows_about("", 9) == history.rows_about("2@example", 9) == []


def test_a_row_that_lacks_its_key_is_found_by_its_words():
    history = RunHistory()
    stored(history, row(1, "rejected", key=None, words=("max@example.com", "")))
    assert history.rows_about("max@", 9)[0].receipt.key is None


def test_what_was_captured_comes_back_as_it_was():
    history = RunHistory()
    stored(history, row(1, record={"email": "x"}, response={"id": 5}))
    found = history.rows_about("u1", 1)[0]
    assert (found.record, found.receipt.response) == ({"email": "x"}, {"id": 5})
    assert history.row(found.id) == found
    assert found.shown()["response"] == {"id": 5}


def test_rows_go_with_their_run_and_the_oldest_beyond_the_bound():
    history = RunHistory()
    stored(history, row(1))
    kept = stored(history, row(2), row(3))
    history.prune(keep=1)
    assert history.rows_about("u1", 9) == []
    with history.opened() as database:
        run_rows.prune(database, keep=1)
        assert database.execute("SELECT count(*) FROM row_keys").fetchone() == (1,)
    assert [each.line for each in history.rows(kept, None, 9)] == [3]


ANY_TEXT = st.text(st.characters())  # half characters as well, which JSON can hold and SQLite cannot


@given(outcome=st.sampled_from(OUTCOMES), key=st.none() | st.dictionaries(ANY_TEXT, ANY_TEXT | st.integers()))
def test_any_receipt_comes_back(outcome, key):
    key = None if key is None else {name: str(value) for name, value in key.items()}
    history = RunHistory()
    run = stored(history, RunRow(7, Receipt(7, outcome, key=key, reason="because")))
    assert history.rows(run, outcome, 1)[0].receipt == Receipt(7, outcome, key=key, reason="because")


@given(text=ANY_TEXT)
@example(text="half a \ud800")
@example(text="\r0")
def test_any_text_is_kept_and_found_by_what_it_holds(text):
    history = RunHistory()
    run = stored(history, row(1, key={"id": text}, field=text, reason=f"why {text}", record={"a": text}))
    found = history.rows_about(text, 9)
    assert [each.record for each in found if each.run == run] == [{"a": text}] * bool(text.strip())
