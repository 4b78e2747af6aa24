import pytest

from custify_connector.adapters import spark_filters, spark_tasks
from custify_connector.adapters.spark_options import reading
from custify_connector.contract.errors import ConfigurationError
from custify_connector.plugin import connector


@pytest.mark.parametrize(
    ("source", "equalities", "params"),
    [
        ({"endpoint": "people"}, [("name", "Ana"), ("email", "a@b.example")], {"email": "a@b.example"}),
        ({"endpoint": "people"}, [("id", 7)], None),
        ({"endpoint": "people"}, [("id", "..")], None),
        ({"endpoint": "people", "mode": "incremental"}, [("id", "7")], None),
        # The parameter is the company's id, the field the person's.
        ({"endpoint": "company_people"}, [("id", "7")], None),
        ({"endpoint": "survey_responses"}, [("id", "7")], None),
        ({"endpoint": "notes"}, [("entity", "7")], None),
    ],
)
def test_only_an_equality_that_names_a_record_is_handed_on(source, equalities, params):
    found = spark_filters.lookup(source, equalities)
    assert found == (source if params is None else {**source, "params": params})


LOOKUPS = [
    (name, field)
    for name, source in connector.describe()["sources"].items()
    for field in source["parameters"]["properties"]
    if spark_filters.lookup({"endpoint": name}, [(field, "abc")]).get("params")
]


@pytest.mark.parametrize(("name", "field"), LOOKUPS)
def test_a_lookup_finds_what_the_filter_would(name, field, sandbox, canary):
    credential = {"name": "law", "api_key": canary, "base_url": sandbox.base_url}

    def records(source):
        return [record for batch in connector.read_source(credential, source, None) for record in batch.records]

    whole = records({"endpoint": name})
    values = {record[field] for record in whole if record.get(field)}
    assert values
    for value in sorted(values)[:3]:
        found = records(spark_filters.lookup({"endpoint": name}, [(field, value)]))
        assert [each for each in found if each.get(field) == value] == [r for r in whole if r.get(field) == value]
    assert records(spark_filters.lookup({"endpoint": name}, [(field, "000000000000000000000000")])) == []


def test_an_account_is_divided_into_parts_that_carry_no_settings(sandbox, canary, monkeypatch, tmp_path):
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    found = reading({"endpoint": "people", "partitions": "3", "budget": str(tmp_path / "budget")})
    parts = spark_tasks.parts(found)
    assert len(parts) == 3
    assert all(account == "default" and set(source) == {"endpoint", "slice"} for account, source in parts)
    read = [
        r["id"] for account, source in parts for b in spark_tasks.read(found, account, source, "x") for r in b.records
    ]
    assert sorted(read) == sorted(record["id"] for record in sandbox.content.people)


def test_one_task_for_each_account_needs_no_key_to_be_planned():
    found = reading({"endpoint": "people", "accounts": "acme,globex"})
    assert spark_tasks.parts(found) == [("acme", {"endpoint": "people"}), ("globex", {"endpoint": "people"})]
    assert spark_tasks.pace_of_read(found).tasks_at_once == 1


def test_an_endpoint_that_there_is_not_is_refused_with_a_suggestion():
    with pytest.raises(ConfigurationError, match="did you mean 'people'"):
        spark_tasks.described("sources", "peeple")


def test_several_parts_need_a_word_about_the_limit():
    with pytest.raises(ConfigurationError, match="option budget"):
        spark_tasks.parts(reading({"endpoint": "people", "partitions": "2"}))
