"""Two tasks at once keep one limit: no window holds more, and little of it is left unused."""

REQUESTS, WINDOW = 400, 10.0
SCHEMA = "user_id string, name string, signed_up_at string"


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
    spark, serve, make_job, tmp_path, people, figures, log
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


def test_two_tasks_with_a_share_each_never_exceed_the_window(spark, serve, make_job, tmp_path, people, figures, log):
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
