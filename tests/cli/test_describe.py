"""`custify describe`."""

import json

from click.testing import CliRunner

from custify_connector import manifest
from custify_connector.cli import main
from custify_connector.plugin import connector

KNOWN = manifest.load()
ENDPOINTS = [*KNOWN.sources, *KNOWN.destinations]


def describe(*words):
    return CliRunner().invoke(main, ["describe", *words])


def test_every_endpoint_is_listed_with_its_summary():
    done = describe()
    assert done.exit_code == 0
    for endpoint in (*KNOWN.sources.values(), *KNOWN.destinations.values()):
        assert any(
            line.split()[:1] == [endpoint.name] and endpoint.summary in line for line in done.stdout.splitlines()
        )


def test_everything_as_json_is_what_a_host_gets():
    assert json.loads(describe("--json").stdout) == connector.describe()


def test_one_endpoint_shows_its_fields(subtests):
    for name in ENDPOINTS:
        with subtests.test(name):
            done = describe(name)
            assert done.exit_code == 0, done.output
            assert done.stdout.startswith(f"{name}: ")
            described = json.loads(describe(name, "--json").stdout)
            assert described["name"] == name
            for field in described["schema"].get("properties", {}):
                assert f"    {field} " in done.stdout


def test_one_endpoint_says_how_it_is_named_repeated_and_cleared():
    said = describe("upsert_person").stdout
    assert "identity: id, user_id, email" in said
    assert "repeat: always" in said
    assert "clear: unset" in said
    assert "modes: full, incremental" in describe("people").stdout
    assert "parameters" in describe("people").stdout


def test_what_is_undocumented_says_so():
    marked = {line.split()[0] for line in describe().stdout.splitlines() if line.endswith("(undocumented)")}
    endpoints = (*KNOWN.sources.values(), *KNOWN.destinations.values())
    assert marked == {endpoint.name for endpoint in endpoints if endpoint.undocumented}
    assert "add --undocumented to use it" in describe("signals").stdout
    assert "undocumented" not in describe("people").stdout


def test_an_endpoint_that_is_not_there_is_exit_code_2_with_a_suggestion():
    done = describe("peopel")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "custify: endpoint: there is no 'peopel'; did you mean 'people'?\n"
