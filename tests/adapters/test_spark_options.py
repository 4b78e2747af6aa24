import pytest

from custify_connector.adapters import spark_options
from custify_connector.adapters.spark_options import Accounts, Pace
from custify_connector.contract.errors import ConfigurationError


def refusal(make, **options):
    with pytest.raises(ConfigurationError) as refused:
        make({"endpoint": "people", **options})
    return str(refused.value)


def test_a_read_needs_no_more_than_an_endpoint():
    found = spark_options.reading({"endpoint": "people"})
    assert found.source == {"endpoint": "people"}
    assert found.accounts == Accounts(("default",))
    assert found.pace == Pace()
    assert found.partitions == 1
    assert found.poll_seconds == 300


def test_every_option_of_a_read_is_taken_over():
    found = spark_options.reading(
        {
            "endpoint": "people",
            "params": '{"email": "a@b.example"}',
            "mode": "full",
            "fields": "id, email",
            "limit": "5",
            "partitions": "3",
            "push_filters": "true",
            "accounts": '["acme", "globex"]',
            "credential_file": "/keys.json",
            "rate_limit": "50/10",
            "budget": "/var/budget",
            "machines": "4",
            "max_in_flight": "2",
            "timeout_seconds": "1.5",
            "undocumented": "true",
            "poll_seconds": "0",
            "path": "whatever Spark adds",
        }
    )
    assert found.source["fields"] == ["id", "email"]
    assert found.source["limit"] == 5
    assert found.accounts == Accounts(("acme", "globex"), "_account", "/keys.json")
    others = {"max_in_flight": 2, "timeout_seconds": 1.5, "undocumented": True}
    assert found.pace == Pace((50, 10.0), "/var/budget", 4, None, others)
    assert found.push_filters
    assert found.poll_seconds == 0


def test_every_option_of_a_write_is_taken_over():
    found = spark_options.writing(
        {
            "endpoint": "upsert_person",
            "account_column": "tenant",
            "tasks_at_once": "8",
            "journal": "/shared",
            "job": "nightly",
            "quarantine": "q.jsonl",
            "report": "r.json",
            "nulls": "clear",
            "json_columns": "custom_attributes",
            "delivery": "batch",
        }
    )
    assert found.destination == {"endpoint": "upsert_person", "delivery": "batch"}
    assert found.accounts == Accounts((), "tenant")
    assert (found.journal, found.job, found.nulls) == ("/shared", "nightly", "clear")
    assert found.json_columns == ("custom_attributes",)
    assert found.pace.known


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"endpoint": ""}, "option endpoint: is required"),
        ({"partition": "2"}, "did you mean"),
        ({"partitions": "0"}, "must be an integer of at least 1"),
        ({"mode": "some"}, "must be one of full, incremental"),
        ({"params": "[1]"}, "must be a JSON object"),
        ({"params": "{"}, "must be a JSON object"),
        ({"fields": "id, id"}, "names something twice"),
        ({"accounts": "[1]"}, "must be names"),
        ({"rate_limit": "fast"}, "must be REQUESTS/SECONDS"),
        ({"push_filters": "yes"}, "is true or false"),
        ({"timeout_seconds": "long"}, "must be a number of seconds"),
        ({"accounts": "acme", "credential": "globex"}, "cannot be combined with credential"),
        ({"machines": "2"}, "name budget too"),
        ({"budget": "/b", "tasks_at_once": "2"}, "cannot be combined with budget"),
    ],
)
def test_what_is_wrong_is_reported_with_its_option(options, reason):
    assert reason in refusal(spark_options.reading, **options)


def test_all_faults_are_reported_at_once():
    assert len(refusal(spark_options.reading, mode="some", limit="x", fields="a,a").splitlines()) == 3


def test_a_key_is_refused_and_not_shown(canary):
    reported = refusal(spark_options.reading, api_key=canary)
    assert "looks like a key" in reported
    assert canary not in reported


def test_the_key_of_one_account_may_be_an_option_that_spark_redacts(canary):
    given = {"endpoint": "people", "secret": canary, "base_url": "https://eu.custify.com"}
    reading = spark_options.reading(given)
    assert (reading.accounts.secret, reading.accounts.base_url) == (canary, "https://eu.custify.com")
    assert canary not in repr(reading)


@pytest.mark.parametrize("other", [{"accounts": "acme,globex"}, {"credential_file": "keys.json"}])
def test_one_key_is_not_for_many_accounts(canary, other):
    reason = refusal(spark_options.reading, secret=canary, **other)
    assert "is the key of one account" in reason
    assert canary not in reason


def test_a_table_of_the_catalog_keeps_no_key(canary):
    with pytest.raises(ConfigurationError, match="option secret: would be kept in the catalog") as refused:
        spark_options.of_table({"option.endpoint": "people", "option.secret": canary})
    assert canary not in str(refused.value)


def test_an_address_without_the_key_is_refused():
    assert "goes with secret" in refusal(spark_options.reading, base_url="https://eu.custify.com")


@pytest.mark.parametrize("shared", [{"budget": "/b"}, {"tasks_at_once": "4"}, {"rate_limit": "none"}])
def test_rows_go_through_the_driver_unless_tasks_know_how_to_share_the_limit(shared):
    alone = spark_options.writing({"endpoint": "upsert_person"})
    assert (alone.through_driver, alone.pace.tasks_at_once) == (True, 1)
    assert not spark_options.writing({"endpoint": "upsert_person", **shared}).through_driver


def test_a_write_takes_accounts_from_its_rows():
    assert "from account_column" in refusal(spark_options.writing, accounts="acme,globex")


def test_a_job_is_a_name_that_can_be_a_folder():
    assert "must match" in refusal(spark_options.writing, job="../elsewhere")


def test_work_that_shares_a_limit_in_no_known_way_is_refused_with_the_ways():
    with pytest.raises(ConfigurationError, match="tasks_at_once"):
        spark_options.unknown_sharing()


def test_what_spark_adds_for_a_table_of_its_catalog_is_no_option_of_ours():
    table = {
        "serialization.format": "1",
        "path": "file:/warehouse/people",
        "provider": "custify",
        "owner": "me",
        "location": "file:/warehouse/people",
        "is_managed_location": "true",
        "transient_lastDdlTime": "1796044625",
        "spark.sql.create.version": "4.3.0",
        "option.endpoint": "people",
        "option.limit": "3",
    }
    assert spark_options.reading({"endpoint": "people", "limit": "3", **table}).source["limit"] == 3
    assert "option limits: is not known; did you mean 'limit'?" in refusal(spark_options.reading, limits="3", **table)
    assert "looks like a key" in refusal(spark_options.reading, api_key="k", **{"option.api_key": "k"})


def test_the_options_of_a_new_table_are_distinguished_from_those_of_a_query():
    assert spark_options.of_table({"endpoint": "people", "limit": "3"}) == {}
    table = {"endpoint": "people", "option.endpoint": "people", "option.Limit": "3", "provider": "custify"}
    assert spark_options.of_table(table) == {"endpoint": "people", "limit": "3"}


def test_a_table_that_has_lost_its_options_is_refused_with_what_works():
    for make, reason in ((spark_options.reading, "CREATE TABLE names"), (spark_options.writing, "INSERT INTO")):
        assert reason in refusal(make, endpoint="", owner="me")
