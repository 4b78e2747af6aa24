"""Two tasks at once keep one limit: no window holds more, and little of it is left unused."""

import importlib.util
import sys

import pytest

REQUESTS, WINDOW = 400, 10.0
SCHEMA = "user_id string, name string, signed_up_at string"


@pytest.fixture(scope="session")
def model(checkout):
    """Return the simulation that docs/scale.md is made with."""
    found = importlib.util.spec_from_file_location("simulation", checkout / "benchmarks" / "simulation.py")
    sys.modules["simulation"] = importlib.util.module_from_spec(found)
    found.loader.exec_module(sys.modules["simulation"])
    return sys.modules["simulation"]


def simulated(model, **changed):
    """Return the seconds from the first request to the last that the simulation foretells for two tasks."""
    return model.simulate(model.Setting(model.even(REQUESTS, 2), slots=2, **changed)).span


def compared(measured, foretold):
    return f"measured {measured:.2f} s, simulated {foretold:.2f} s, {measured / foretold - 1:+.1%}"


def moments(custify):
    return sorted(entry["at"] for entry in custify.journal() if entry["accepted"])


def written(spark, serve, make_job, tmp_path, people, **options):
    """Write rows in two tasks at the documented limit; returns the sandbox's summary, moments, and the job's report."""
    with serve(latency=0.05) as custify:
        job = make_job(spark, custify, tmp_path)
        frame = spark.createDataFrame(people(REQUESTS), SCHEMA).repartition(2)
        report = job.write(frame, "upsert_person", rate_limit=None, **options)
        return custify.summary(), moments(custify), report


def test_two_tasks_that_share_a_folder_use_the_window_and_never_exceed_it(
    spark, serve, make_job, tmp_path, people, figures, log, model
):
    summary, at, report = written(spark, serve, make_job, tmp_path, people, budget=tmp_path / "budget")
    ideal = (REQUESTS / 100 - 1) * WINDOW
    used = ideal / (at[-1] - at[0])
    figures["two tasks, one folder"] = (
        f"{REQUESTS} requests in {at[-1] - at[0]:.2f} s, {used:.1%} of the limit used, busiest window {summary['busiest_window']}"
    )
    assert summary["busiest_window"] <= 100
    assert summary["statuses"] == {"200": REQUESTS}
    assert used >= 0.9
    assert report["waited_seconds"] > 0
    assert "its requests have waited" in log.read_text()
    foretold = simulated(model, sharing="folder")
    figures["one folder, simulated"] = compared(at[-1] - at[0], foretold)
    assert at[-1] - at[0] == pytest.approx(foretold, rel=0.1)


def test_two_tasks_with_a_share_each_never_exceed_the_window(spark, serve, make_job, tmp_path, people, figures, log, model):
    summary, at, report = written(spark, serve, make_job, tmp_path, people, tasks_at_once=2)
    used = (REQUESTS / 100 - 1) * WINDOW / (at[-1] - at[0])
    figures["two tasks, a share each"] = (
        f"{REQUESTS} requests in {at[-1] - at[0]:.2f} s, {used:.1%} of the limit used, busiest window {summary['busiest_window']}"
    )
    assert summary["busiest_window"] <= 100
    assert summary["statuses"] == {"200": REQUESTS}
    assert used >= 0.9
    assert report["outcomes"]["sent"] == REQUESTS
    assert "waits 10.2 s before its first request" in log.read_text()
    foretold = simulated(model, sharing="shares")
    figures["a share each, simulated"] = compared(at[-1] - at[0], foretold)
    assert at[-1] - at[0] == pytest.approx(foretold, rel=0.1)


def test_two_tasks_that_only_latency_binds_take_what_the_simulation_foretells(
    spark, serve, make_job, tmp_path, people, figures, model
):
    with serve(latency=0.4, **{"rate-limit": "none"}) as custify:
        job = make_job(spark, custify, tmp_path)
        # One task after the other would not be two at once: Python's first start is not part of what is measured.
        job.write(spark.createDataFrame(people(4), SCHEMA).repartition(2), "upsert_person")
        custify.reset()
        job.write(spark.createDataFrame(people(REQUESTS), SCHEMA).repartition(2), "upsert_person")
        at = moments(custify)
    foretold = simulated(model, limit=None, latency=0.4)
    figures["latency of 0.4 s, simulated"] = compared(at[-1] - at[0], foretold)
    assert at[-1] - at[0] == pytest.approx(foretold, rel=0.1)
