"""The Compose file of the examples: its published schema accepts it, and its services run on the built image."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml


@pytest.fixture
def compose(checkout):
    return checkout / "examples" / "compose" / "compose.yaml"


@pytest.fixture
def services(compose):
    """Return the services with the values that are there without a file of settings, as Compose reads them."""
    text = compose.read_text("utf-8")
    for name, value in {
        "${DATABASE_PASSWORD:-reached-from-this-network-alone}": "unused",
        "${CUSTIFY_API_KEY:-sandbox-key}": "sandbox-key",
        "${CUSTIFY_BASE_URL:-http://127.0.0.1:8765}": "http://127.0.0.1:8765",
    }.items():
        assert name in text
        text = text.replace(name, value)
    return yaml.safe_load(text.replace("$$", "$"))["services"]


def test_the_published_schema_accepts_the_file(compose):
    judge = Path(sys.executable).with_name("check-jsonschema")
    words = [str(judge), "--builtin-schema", "vendor.compose-spec", str(compose)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - installed here
    assert done.returncode == 0, done.stdout


def test_the_services_fill_the_database_and_end_when_asked(services, container, postgres, end):
    box = container("command")
    emulated, sync = services["emulated"], services["sync"]
    served = box.begin(*emulated["command"][:-1], "0")
    address = json.loads(served.stdout.readline())
    assert address["api_key"] == sync["environment"]["CUSTIFY_API_KEY"]
    variables = {**sync["environment"], "CUSTIFY_BASE_URL": address["base_url"]}
    (script,) = sync["command"]
    place = "postgresql://postgres@database:5432/postgres/crm"
    assert place in script
    script = script.replace(place, postgres.replace(":unused", "") + "/crm")
    synced = box.begin(script, entrypoint=sync["entrypoint"], **variables)
    summary = json.loads(synced.stdout.readline())
    end(synced)
    assert {one["outcome"] for one in summary["streams"]} == {"ok"}
    with psycopg.connect(postgres) as connection:
        held = connection.execute("SELECT count(*) FROM crm.people").fetchone()[0]
    assert held == {one["stream"]: one["records"] for one in summary["streams"]}["people"]
    end(served)
