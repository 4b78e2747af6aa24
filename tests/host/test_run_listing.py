"""Which runs a list shows: each filter and order, together and alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.host.run_listing import ORDERS, Listing


@pytest.fixture
def history():
    history = RunHistory()
    for number, (kind, endpoint, status) in enumerate([
        ("read", "people", "finished"), ("write", "upsert_person", "rejects"), ("read", "companies", "failed"),
    ]):  # fmt: skip
        run = history.begin(Run(kind, endpoint, f"acme{number}", output=f"100%_{number}.csv"))
        changes = {"status": status, "started": f"2026-01-0{number + 1}T10:00:00+00:00", "seconds": 5.0 - number}
        history.update(run.id, {**changes, "records": number * 10, "errors": int(number == 1), "reason": None})
    return history


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [3, 2, 1]), ({"status": "failed"}, [3]), ({"kind": "read"}, [3, 1]), ({"endpoint": "people"}, [1]),
        ({"credential": "acme1"}, [2]), ({"text": "people"}, [1]), ({"text": "PERSON acme1"}, [2]),
        ({"text": "%_2"}, [3]),
        ({"text": "x%"}, []), ({"since": "2026-01-02"}, [3, 2]), ({"until": "2026-01-02"}, [2, 1]),
        ({"order": "oldest"}, [1, 2, 3]), ({"order": "longest"}, [1, 2, 3]), ({"order": "records"}, [3, 2, 1]),
        ({"order": "errors"}, [2, 3, 1]), ({"order": "; DROP TABLE runs"}, [3, 2, 1]), ({"status": "died"}, []),
        ({"kind": "read", "text": "companies", "order": "oldest"}, [3]),
    ],
)  # fmt: skip
def test_runs_are_listed_as_they_are_wanted(history, wanted, found):
    runs, total = history.listed(Listing(**wanted), 10)
    assert ([run.id for run in runs], total) == (found, len(found))


def test_pages_follow_one_another(history):
    pages = [history.listed(Listing(), 2, start) for start in (0, 2, 4)]
    assert [([run.id for run in runs], total) for runs, total in pages] == [([3, 2], 3), ([1], 3), ([], 3)]


def test_no_history_is_an_empty_list():
    assert RunHistory().listed(Listing(text="x"), 10) == ([], 0)


@given(st.text(max_size=20), st.sampled_from(list(ORDERS)))
def test_any_text_is_searched_for_as_it_is(text, order):
    runs, total = RunHistory().listed(Listing(text=text, order=order), 10)
    assert len(runs) == min(total, 10)
