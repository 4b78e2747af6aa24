import pickle

import pytest

from custify_connector.adapters import spark_journal, spark_tasks
from custify_connector.adapters.spark_options import writing
from custify_connector.adapters.spark_writing import Attempt, Report, Rules, TaskWrite, sentence, totals
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, ServiceUnavailable
from custify_connector.sandbox.state import Permissions

RULES = Rules("create_event", (("name",),), "deduplication_id", {}, "acme")
FIRST, SECOND = Attempt(0, 0, 1), Attempt(0, 1, 1)


class Service:
    """Takes records, and can fail for all after so many."""

    def __init__(self, fails_after=None):
        self.sent = []
        self.fails_after = fails_after

    def __call__(self, account, records):
        """Write records of an account, as the hook does."""
        for index, record in enumerate(records):
            if self.fails_after is not None and index >= self.fails_after:
                raise ServiceUnavailable("down")
            self.sent.append((account, record["name"]))
            yield Receipt(index, "rejected" if record["name"] == "bad" else "sent", reason="because")


def named(*names, **more):
    return [{"name": name, **more} for name in names]


def attempt(folder, service, rows, number=FIRST, rules=RULES):
    with spark_journal.opened(folder, 0, "task") as journal:
        return TaskWrite(service, rules, number, journal).write(rows)


def test_every_row_has_a_letter_in_its_place_and_what_was_not_delivered_is_kept(tmp_path):
    report = attempt(tmp_path, Service(), [*named("a"), "is not JSON", *named("bad", "c")])
    assert report.outcomes == "srrs"
    assert [line["rawMessage"] for line in report.quarantined] == [{}, {"name": "bad"}]
    assert report.quarantined[1]["nexlaMetaData"]["sourceOffset"] == 2
    assert report.quarantined[1]["nexlaMetaData"]["account"] == "acme"


def test_a_second_attempt_sends_nothing_that_is_decided_whatever_the_order(tmp_path):
    first, second = Service(), Service()
    attempt(tmp_path, first, named("a", "bad", "c", "a"))
    report = attempt(tmp_path, second, named("c", "a", "a", "new", "bad"), SECOND)
    assert second.sent == [("acme", "new")]
    assert report.outcomes == "ssssr"
    assert report.found == 4
    assert report.quarantined[0]["rawMessage"] == {"name": "bad"}


def test_a_row_that_may_have_arrived_is_reported_and_not_repeated(tmp_path):
    with pytest.raises(ServiceUnavailable):
        attempt(tmp_path, Service(fails_after=1), named("a", "b", "c"))
    service = Service()
    report = attempt(tmp_path, service, named("a", "b", "c"), SECOND)
    assert report.outcomes == "sfs"
    assert report.quarantined[0]["error"]["code"] == "unclear"
    assert service.sent == [("acme", "c")]


def test_a_row_that_may_have_arrived_is_sent_again_where_that_does_no_harm(tmp_path):
    rows = named("a", "b", deduplication_id="d")
    with pytest.raises(ServiceUnavailable):
        attempt(tmp_path, Service(fails_after=1), rows)
    service = Service()
    assert attempt(tmp_path, service, rows, SECOND).outcomes == "ss"
    assert service.sent == [("acme", "b")]


def test_without_a_journal_a_second_attempt_repeats_only_what_does_no_harm():
    rows = [*named("a"), *named("b", deduplication_id="d")]
    service = Service()
    report = TaskWrite(service, RULES, SECOND, None).write(rows)
    assert report.outcomes == "fs"
    assert "without a journal" in report.quarantined[0]["error"]["message"]
    assert TaskWrite(service, RULES, FIRST, None).write(rows).outcomes == "ss"


def test_an_input_that_breaks_is_reported_after_every_row_under_way_is_decided(tmp_path):
    def broken():
        yield from named("a", "b")
        raise OSError("the shuffle is gone")

    with pytest.raises(OSError, match="the shuffle is gone"):
        attempt(tmp_path, Service(), broken())
    assert spark_journal.outcomes(tmp_path) == {"sent": 2}


def test_rows_go_to_the_account_that_their_column_names(tmp_path):
    rules = Rules("create_event", (("name",),), "always", {}, None, "tenant")
    service = Service()
    rows = [{"tenant": tenant, "name": "a"} for tenant in ("acme", "acme", "globex", None, 7)]
    report = attempt(tmp_path, service, rows, rules=rules)
    assert service.sent == [("acme", "a"), ("acme", "a"), ("globex", "a")]
    assert report.outcomes == "sssrr"
    assert "names no account" in report.quarantined[0]["error"]["message"]


def test_totals_count_the_letters_of_all_tasks():
    counted = totals([Report(0, "ssr"), Report(1, "sf")])
    assert (counted["sent"], counted["rejected"], counted["failed"]) == (3, 1, 1)
    assert sentence(counted) == "5 rows: 3 sent, 1 rejected, 1 failed"
    assert sentence(totals([])) == "0 rows"


def test_a_task_writes_to_custify_and_its_message_holds_no_key(sandbox, canary, tmp_path, monkeypatch):
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    options = {"endpoint": "upsert_person", "rate_limit": "none", "json_columns": "custom_attributes"}
    rows = [{"user_id": "u-1", "name": None}, {"user_id": "u-2", "custom_attributes": "{"}, {"name": "nobody"}]
    report = spark_tasks.write(writing(options), tmp_path, FIRST, iter(rows))
    assert report.outcomes == "srr"
    assert canary.encode() not in pickle.dumps(report)
    assert all(canary.encode() not in path.read_bytes() for path in tmp_path.rglob("*.jsonl"))
    assert spark_tasks.write(writing(options), None, FIRST, iter(rows[:1])).outcomes == "s"


@pytest.fixture
def job(sandbox, canary, tmp_path, monkeypatch):
    """Return a function that runs the one task of a job with a key and an address, and returns its outcomes."""
    options = {"endpoint": "create_event", "rate_limit": "none"}
    when = "2026-01-01T00:00:00.000Z"
    rows = [{"user_id": sandbox.content.people[0]["user_id"], "name": "mark", "created_at": when}]
    sandbox.keys[f"{canary}-2"] = Permissions()

    def run(key=canary, base_url=sandbox.base_url, **more):
        monkeypatch.setenv("CUSTIFY_API_KEY", key)
        monkeypatch.setenv("CUSTIFY_BASE_URL", base_url)
        return spark_tasks.write(writing({**options, **more}), tmp_path, FIRST, iter(rows)).outcomes

    return run


def held(sandbox):
    return sum(event["name"] == "mark" for event in sandbox.content.events)


def test_a_job_that_goes_on_with_another_key_is_refused_until_the_key_is_said_to_be_replaced(sandbox, canary, job):
    assert job() == "s"
    with pytest.raises(ConfigurationError, match="if its key was replaced, set same_account") as refused:
        job(f"{canary}-2")
    assert canary not in str(refused.value)
    assert job(f"{canary}-2", same_account="true") == "s"
    assert job(f"{canary}-2") == "s"
    assert held(sandbox) == 1


@pytest.mark.parametrize("words", [{}, {"same_account": "true"}], ids=["plain", "same_account"])
def test_a_job_is_never_taken_for_sent_at_another_address(sandbox, job, words):
    job()
    with pytest.raises(ConfigurationError, match="name another job"):
        job(base_url=sandbox.base_url.replace("127.0.0.1", "localhost"), **words)
