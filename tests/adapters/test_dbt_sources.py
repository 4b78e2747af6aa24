"""The sources.yml for dbt names what `custify read --all` makes, and tests what holds."""

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from custify_connector.cli import main


@pytest.mark.parametrize("names", ["dotted", "snake"])
def test_every_table_and_column_is_one_that_is_read(sandbox, canary, monkeypatch, tmp_path, names):
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    database = tmp_path / "crm.duckdb"
    words = ["people", "companies", "tags", "deals", "-o", str(database), "--names", names, "--rate-limit", "none"]
    assert CliRunner().invoke(main, ["read", *words]).exit_code == 0
    printed = CliRunner().invoke(main, ["export", "dbt", "--names", names])
    assert printed.exit_code == 0
    (source,) = yaml.safe_load(printed.stdout)["sources"]
    tables = {table["name"]: table for table in source["tables"]}
    with duckdb.connect(str(database)) as opened:
        for table in ("people", "companies", "tags", "deals"):
            for column in tables[table]["columns"]:
                name, tests = column["name"], column.get("data_tests", [])
                query = f'SELECT count(*), count("{name}"), count(DISTINCT "{name}") FROM "{table}"'  # noqa: S608 - our own
                rows, values, distinct = opened.execute(query).fetchone()
                assert rows
                assert values == rows or "not_null" not in tests
                assert distinct == values or "unique" not in tests
    assert tables["people"]["config"]["loaded_at_field"] == '"updated_at"'
    assert "config" not in tables["tags"]
    assert tables["people"]["columns"][0]["data_tests"] == ["not_null", "unique"]
