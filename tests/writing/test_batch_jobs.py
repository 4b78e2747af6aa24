"""What is understood of an answer about a batch: never more than it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.exchange.wire import Request
from custify_connector.writing import batch_jobs
from custify_connector.writing.batch_jobs import JobResult, Outcome


@pytest.mark.parametrize("synchronous", [True, False])
def test_a_batch_is_posted_as_jobs_of_one_type(synchronous):
    posted = batch_jobs.post("/batch", "people", [{"id": 1}, {"id": 2}], synchronous=synchronous)
    jobs = [{"type": "people", "payload": {"id": 1}}, {"type": "people", "payload": {"id": 2}}]
    assert posted == Request("POST", "/batch", body={"jobs": jobs, "synchronous": synchronous})


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"id": "b1"}, "b1"),
        ({"jobId": "b1"}, "b1"),
        ({"job_id": 7}, "7"),
        ({"batchId": "b1"}, "b1"),
        ({"returnJobId": "b1"}, "b1"),
        ({"id": None, "returnJobId": "b1"}, "b1"),
        ({"returnJobId": "late", "id": "first"}, "first"),
        ({"id": True}, None),
        ({"id": {"$oid": "b1"}}, None),
        ({}, None),
        (["b1"], None),
        (None, None),
        ("b1", None),
    ],
    ids=repr,
)
def test_the_id_of_a_batch_is_found_under_every_name_that_was_seen(body, found):
    assert batch_jobs.batch_id(body) == found


GOOD, BAD, UNKNOWN = True, False, None


@pytest.mark.parametrize(
    ("body", "finished", "oks"),
    [
        pytest.param({"status": "processing"}, False, None, id="under way"),
        pytest.param({"status": "Completed"}, True, None, id="finished, and no results"),
        pytest.param({"status": "failed"}, True, None, id="failed altogether"),
        pytest.param({}, False, None, id="nothing said"),
        pytest.param(None, False, None, id="nothing"),
        pytest.param([{"success": True}], False, None, id="a list"),
        pytest.param({"results": [{"success": True}, {"success": False}]}, True, [GOOD, BAD], id="success"),
        pytest.param({"results": [{"status": "done"}, {"status": "FAILED"}]}, True, [GOOD, BAD], id="words"),
        pytest.param({"results": [{"status": 200}, {"status": 404}]}, True, [GOOD, BAD], id="codes as status"),
        pytest.param({"results": [{"statusCode": 202}, {"statusCode": 500}]}, True, [GOOD, BAD], id="codes"),
        pytest.param({"results": [{"statusCode": 302}, {"statusCode": 199}]}, True, [BAD, BAD], id="no success codes"),
        pytest.param({"results": [{"success": True}, {}]}, False, [GOOD, UNKNOWN], id="not yet all"),
        pytest.param(
            {"status": "done", "results": [{"success": True}, {}]}, True, [GOOD, UNKNOWN], id="one left open for good"
        ),
        pytest.param({"status": "done", "results": ["ok", None]}, True, [UNKNOWN, UNKNOWN], id="no objects"),
        pytest.param({"status": "done", "results": [{"success": True}]}, True, None, id="too few"),
        pytest.param({"status": "done", "results": [{"success": True}] * 3}, True, None, id="too many"),
        pytest.param({"status": "done", "results": {"0": True}}, True, None, id="results of another type"),
        pytest.param(
            {"results": [{"index": 1, "success": False}, {"index": 0, "success": True}]}, True, [GOOD, BAD], id="index"
        ),
        pytest.param(
            {"status": "done", "results": [{"index": 1, "success": True}]}, True, [UNKNOWN, GOOD], id="some by index"
        ),
        pytest.param(
            {"results": [{"index": 1, "success": True}, {"index": 1, "success": False}]},
            True,
            [GOOD, BAD],
            id="an index twice is none",
        ),
        pytest.param(
            {"results": [{"index": 5, "success": True}, {"index": 6, "success": False}]},
            True,
            [GOOD, BAD],
            id="indexes that fit no job are none",
        ),
        pytest.param({"status": 200, "results": [{"success": True}] * 2}, True, [GOOD, GOOD], id="a code for a status"),
        pytest.param(
            {"status": "processing", "results": [{"success": True}] * 2}, False, [GOOD, GOOD], id="still under way"
        ),
    ],
)
def test_an_answer_about_two_jobs_is_understood(body, finished, oks):
    known = batch_jobs.outcome(body, 2)
    assert known.finished is finished
    assert (None if known.results is None else [result.ok for result in known.results]) == oks


def test_every_word_that_was_seen_for_an_end_a_success_or_a_failure_is_understood():
    ends = ["completed", "complete", "done", "finished", "success", "succeeded", "failed", "partial"]
    assert [word for word in ends if not batch_jobs.outcome({"status": word}, 1).finished] == []
    good = ["success", "succeeded", "ok", "done", "completed", "created", "updated", "accepted"]
    bad = ["failed", "failure", "error", "rejected"]
    known = batch_jobs.outcome({"results": [{"status": word} for word in good + bad]}, len(good + bad))
    assert [result.ok for result in known.results] == [GOOD] * len(good) + [BAD] * len(bad)


@pytest.mark.parametrize(
    ("entry", "result"),
    [
        ({"success": False, "error": "no such person", "statusCode": 404}, JobResult(BAD, 404, "no such person")),
        ({"status": "failed", "error": {"message": "too long"}}, JobResult(BAD, None, "too long")),
        ({"statusCode": 200, "message": "fine"}, JobResult(GOOD, 200)),
        ({"success": False, "errors": {"email": ["x"]}}, JobResult(BAD, None, "email: x", "email")),
        ({"status": "queued"}, JobResult(UNKNOWN)),
        ({"status": True}, JobResult(UNKNOWN)),
        ({"success": "yes"}, JobResult(UNKNOWN)),
    ],
    ids=repr,
)
def test_a_result_carries_the_code_and_the_reason(entry, result):
    assert batch_jobs.outcome({"status": "done", "results": [entry]}, 1) == Outcome(finished=True, results=(result,))


@pytest.mark.parametrize(
    "entry",
    [
        {"success": True, "statusCode": 400},
        {"success": True, "status": "failed"},
        {"status": "done", "statusCode": 422},
        {"status": "ok", "success": False},
    ],
    ids=repr,
)
def test_a_result_that_contradicts_itself_is_no_success(entry):
    (result,) = batch_jobs.outcome({"status": "done", "results": [entry]}, 1).results
    assert result.ok is not True


words = st.sampled_from(["success", "done", "failed", "error", "rejected", "queued", "OK", "Completed", ""])
codes = st.integers(100, 599)
entries = st.fixed_dictionaries(
    {},
    optional={
        "success": st.booleans() | st.none() | st.text(max_size=3),
        "status": words | codes | st.none() | st.booleans(),
        "statusCode": codes | st.none(),
        "index": st.integers(-1, 6) | st.none(),
        "error": st.text(max_size=5) | st.none() | st.fixed_dictionaries({"message": st.text(max_size=5)}),
    },
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
statuses = st.none() | words | codes
answers = st.fixed_dictionaries({}, optional={"status": statuses, "results": st.lists(entries | json_values)})


@given(answers | json_values, st.integers(1, 6))
def test_whatever_is_answered_every_job_has_one_result_or_none_has(body, count):
    known = batch_jobs.outcome(body, count)
    assert known.results is None or len(known.results) == count
    assert batch_jobs.batch_id(body) is None or isinstance(batch_jobs.batch_id(body), str)


def fails(entry):
    """Say whether an entry has any sign of failure."""
    word = entry.get("status")
    return (
        entry.get("success") is False
        or (isinstance(word, str) and word in {"failed", "error", "rejected"})
        or any(isinstance(entry.get(name), int) and entry[name] >= 400 for name in ("status", "statusCode"))
    )


@given(st.lists(entries.map(lambda entry: {**entry, "index": None}), min_size=1, max_size=5), statuses)
def test_no_sign_of_failure_ever_becomes_a_success(given_entries, status):
    known = batch_jobs.outcome({"status": status, "results": given_entries}, len(given_entries))
    for entry, result in zip(given_entries, known.results, strict=True):
        assert not (fails(entry) and result.ok)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_results_by_index_come_back_to_their_jobs_in_whatever_order(oks, random):
    results = [{"index": index, "success": ok} for index, ok in enumerate(oks)]
    random.shuffle(results)
    known = batch_jobs.outcome({"results": results}, len(oks))
    assert [result.ok for result in known.results] == oks
