import pytest

from custify_connector.adapters import spark_pace
from custify_connector.adapters.spark_options import Pace
from custify_connector.contract.errors import ConfigurationError
from custify_connector.contract.events import HeldBack, RateLimitWait, current_listener
from custify_connector.exchange.rate_budget import JITTER_SECONDS

DEFAULT = (100, 10.0)


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace(), {}),
        (Pace(()), {"rate_limit": None}),
        (Pace((50, 5.0)), {"rate_limit": {"requests": 50, "seconds": 5.0}}),
        (Pace(None, "/b"), {"budget": "/b/acme.budget"}),
        (Pace(None, "/b", 3), {"budget": "/b/acme.budget", "rate_limit": {"requests": 33, "seconds": 10.0}}),
        (Pace(None, None, 1, 8), {"rate_limit": {"requests": 12, "seconds": 10.0}}),
        (Pace(None, None, 1, None, {"max_in_flight": 2}), {"max_in_flight": 2}),
    ],
)
def test_each_task_keeps_its_part_of_the_window(pace, expected):
    assert spark_pace.settings(pace, "acme", DEFAULT) == expected


def test_the_parts_together_are_never_more_than_the_limit(subtests):
    for over in range(1, 101):
        with subtests.test(over=over):
            share = spark_pace.settings(Pace((100, 10.0), None, 1, over), "acme", DEFAULT)["rate_limit"]["requests"]
            assert 1 <= share * over <= 100


@pytest.mark.parametrize("pace", [Pace(None, None, 1, 101), Pace(None, "/b", 101)])
def test_more_tasks_than_requests_are_refused(pace):
    with pytest.raises(ConfigurationError, match="there are 100 requests to divide"):
        spark_pace.settings(pace, "acme", DEFAULT)


def test_each_account_has_a_budget_file_of_its_own():
    names = ["acme", "Acme", "a/b", "a b", "../acme", "a" * 100]
    files = {spark_pace.settings(Pace(None, "/b"), name, DEFAULT)["budget"] for name in names}
    assert len(files) == len(names)
    assert all(file.count("/") == 2 and ".." not in file for file in files)


def test_a_task_with_a_share_in_memory_rests_a_window_first(caplog):
    waited = []
    spark_pace.prepare(Pace(None, None, 1, 2), DEFAULT, "partition 0", waited.append)
    assert waited == [10.0 + JITTER_SECONDS]
    assert "partition 0 waits 10.2 s before its first request" in caplog.text


@pytest.mark.parametrize("pace", [Pace(None, "budget"), Pace((), None, 1, 2)])
def test_no_task_rests_where_the_window_is_remembered_or_endless(pace, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    waited = []
    spark_pace.prepare(pace, DEFAULT, "partition 0", waited.append)
    assert not waited


def test_a_budget_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"option budget: .* cannot be made"):
        spark_pace.prepare(Pace(None, str(tmp_path / "file" / "budget")), DEFAULT, "partition 0")


def test_waits_for_the_limit_are_added_up_and_logged(caplog, monkeypatch):
    monkeypatch.setattr(spark_pace.Waiting, "EVERY_SECONDS", 0.0)
    with spark_pace.watched("partition 3") as waiting:
        current_listener()(RateLimitWait(1.5))
        current_listener()(HeldBack(9.0))
    assert waiting.seconds == 1.5
    assert caplog.messages == ["partition 3: its requests have waited 1.5 s for the rate limit so far"]
