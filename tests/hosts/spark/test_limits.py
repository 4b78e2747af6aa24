"""Two tasks at once keep one limit: no window holds more, little of it is left unused, as the simulation foretells."""

import importlib.util
import sys

import pytest

REQUESTS, WINDOW = 400, 10.0
IDEAL = (REQUESTS / 100 - 1) * WINDOW
"""Seconds from the first request to the last: a full window at once, then one each ten seconds."""

SCHEMA = "user_id string, name string, signed_up_at string"


@pytest.fixture
def two_tasks(spark, serve, make_job, tmp_path, people):
    """Return a function that writes 400 rows in two tasks: the seconds it took, the sandbox's summary, the report."""

    def write(custify, **options):
        job = make_job(spark, custify, tmp_path)
        # The first start of two Pythons is not part of what is measured.
        job.write(spark.createDataFrame(people(4), SCHEMA).repartition(2), "upsert_person")
        custify.control("settings", {"rate_limit": options.pop("service", None)})
        custify.reset()
        report = job.write(spark.createDataFrame(people(REQUESTS), SCHEMA).repartition(2), "upsert_person", **options)
        at = sorted(entry["at"] for entry in custify.journal() if entry["accepted"])
        return at[-1] - at[0], custify.summary(), report

    def served(latency, **options):
        with serve(latency=latency, **{"rate-limit": "none"}) as custify:
            return write(custify, **options)

    return served


@pytest.fixture(scope="session")
def foretold(checkout):
    """Return what the simulation foretells for two tasks: seconds from the first request to the last."""
    found = importlib.util.spec_from_file_location("simulation", checkout / "benchmarks" / "simulation.py")
    model = sys.modules["simulation"] = importlib.util.module_from_spec(found)
    found.loader.exec_module(model)
    return lambda **changed: model.simulate(model.Setting(model.even(REQUESTS, 2), slots=2, **changed)).span


def compared(measured, foretold):
    return f"measured {measured:.2f} s, simulated {foretold:.2f} s, {measured / foretold - 1:+.1%}"


def holds(measured, summary):
    """Hold that the limit was kept and used, and return both figures as text."""
    assert summary["busiest_window"] <= 100
    assert summary["statuses"] == {"200": REQUESTS}
    assert IDEAL / measured >= 0.9
    return f"{IDEAL / measured:.1%} of the limit used, busiest window {summary['busiest_window']}"


def test_two_tasks_that_share_a_folder_use_the_window_and_never_exceed_it(two_tasks, foretold, tmp_path, figures, log):
    limits = {"service": [100, WINDOW], "rate_limit": None, "budget": tmp_path / "budget"}
    seconds, summary, report = two_tasks(0.05, **limits)
    expected = foretold(sharing="folder")
    figures["two tasks, one folder"] = f"{holds(seconds, summary)}, {compared(seconds, expected)}"
    assert seconds == pytest.approx(expected, rel=0.1)
    assert report["waited_seconds"] > 0
    assert "its requests have waited" in log.read_text()


def test_two_tasks_with_a_share_each_never_exceed_the_window(two_tasks, foretold, figures, log):
    seconds, summary, _ = two_tasks(0.05, service=[100, WINDOW], rate_limit=None, tasks_at_once=2)
    expected = foretold(sharing="shares")
    figures["two tasks, a share each"] = f"{holds(seconds, summary)}, {compared(seconds, expected)}"
    assert seconds == pytest.approx(expected, rel=0.1)
    assert "waits 10.2 s before its first request" in log.read_text()


def test_two_tasks_that_only_latency_binds_take_what_the_simulation_foretells(two_tasks, foretold, figures):
    seconds, _, _ = two_tasks(0.4, max_in_flight=8)
    expected = foretold(limit=None, latency=0.4)
    figures["two tasks, latency 0.4 s"] = compared(seconds, expected)
    assert seconds == pytest.approx(expected, rel=0.1)
