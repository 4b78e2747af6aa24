"""Whatever is handed to the Spark data source, it is taken, or refused as a ConnectorError that says why."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.adapters import spark_journal, spark_options, spark_pace, spark_schemas, spark_tasks
from custify_connector.adapters.spark_credentials import resolve
from custify_connector.contract.errors import ConfigurationError, ConnectorError
from custify_connector.plugin import connector

CREDENTIAL = {"name": "n", "api_key": "key-0123456789", "base_url": "http://127.0.0.1:9"}
NAMES = sorted(spark_options.READ | spark_options.WRITE)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TEXTS = st.one_of(
    st.sampled_from(["people", "upsert_person", "true", "1", "0", "none", "100/10", "1e999", "[" * 9999, "9" * 5000]),
    st.text(max_size=12),
    JSON.map(json.dumps),
)
OPTIONS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=12), TEXTS, max_size=6)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder that the examples of a law share."""
    return tmp_path_factory.mktemp("given")


def read(options):
    """Ask for what the options say, up to the first request."""
    reading = spark_options.reading(options)
    schema = spark_tasks.described("sources", reading.source["endpoint"])["schema"]
    spark_schemas.spark_schema(schema, reading.accounts.column, reading.moments)
    chosen = spark_pace.settings(spark_tasks.pace_of_read(reading), "n", (100, 10.0))
    connector.read_source(CREDENTIAL, {**reading.source, "settings": chosen}, None).close()


def write(options):
    """Open what the options say, with no row to write."""
    writing = spark_options.writing(options)
    spark_tasks.rules(writing)
    chosen = spark_pace.settings(writing.pace, "n", (100, 10.0))
    assert list(connector.write_destination(CREDENTIAL, {**writing.destination, "settings": chosen}, [])) == []


def refusal(ask, options):
    """Return why options are refused, None where they are taken."""
    try:
        ask(options)
    except ConnectorError as error:
        return str(error)
    return None


@pytest.mark.parametrize(("ask", "endpoint"), [(read, "people"), (write, "upsert_person")], ids=["read", "write"])
@given(options=OPTIONS)
def test_any_options_are_taken_or_refused(ask, endpoint, options):
    assert refusal(ask, options) != ""
    assert refusal(ask, {**options, "endpoint": endpoint}) != ""


@given(content=st.one_of(JSON.map(json.dumps), st.sampled_from(["[" * 9999, '{"acme": {"api_key": 3}}', "\ufeff{}"])))
def test_any_file_of_credentials_is_taken_or_refused(content, place):
    file = place / "keys.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"credential"):
        connector.read_source(resolve("acme", str(file)), {"endpoint": "people"}, None)


@given(line=st.one_of(JSON.map(json.dumps), st.sampled_from(["", "[" * 9999, '{"row": "a", "receipt": {"index": 1}}'])))
def test_any_line_of_a_journal_is_taken_or_refused(line, place):
    (place / "part-00000.jsonl").write_text(line + "\n", encoding="utf-8")
    for use in (lambda: spark_journal.opened(place, 0, "me").__enter__(), lambda: spark_journal.outcomes(place)):
        with pytest.raises(ConfigurationError, match=r"part-00000.jsonl line 1 is damaged"):
            use()
