import json

import pytest
from click.testing import CliRunner

from custify_connector.cli.export import command


@pytest.fixture
def export():
    return lambda *words: CliRunner().invoke(command, ["nexla", *words])


@pytest.mark.parametrize(
    "words",
    [
        ("credential",),
        ("source", "people"),
        ("source", "people", "--param", 'sorting={"field": "name", "direction": "asc"}'),
        ("source", "signals", "--undocumented"),
        ("destination", "upsert_person"),
        ("destination", "upsert_person", "--delivery", "batch"),
        ("destination", "delete_person", "--param", "user_id={record.user_id}"),
        ("sample", "companies"),
        ("quarantine",),
    ],
)
def test_a_body_is_printed_as_json_with_nothing_unverified_in_it(export, words):
    done = export(*words)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)
    assert "nverified" not in done.output


def test_a_key_in_the_environment_is_not_read(export, canary, monkeypatch):
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    for words in (
        ("credential",),
        ("credential", "--unverified"),
        ("source", "people"),
        ("destination", "upsert_person"),
    ):
        done = export(*words)
        assert canary not in done.output
        assert ("${CUSTIFY_API_KEY}" in done.stdout) == (words[0] == "credential")


@pytest.mark.parametrize("words", [("credential",), ("source", "people"), ("destination", "upsert_person")])
def test_names_of_nexlas_catalogue_come_only_when_asked_for_and_are_marked(export, words):
    assert "custify_api" not in export(*words).stdout
    done = export(*words, "--unverified")
    assert "custify_api." in done.stdout
    assert json.loads(done.stdout)["description"].startswith("Unverified")
    assert "note: Unverified" in done.stderr


def test_what_a_person_must_know_goes_to_standard_error(export):
    done = export(
        "destination", "delete_person", "--credential-id", "5001", "--nexset-id", "7001", "--name", "Clean up"
    )
    body = json.loads(done.stdout)
    assert (body["name"], body["data_credentials_id"], body["data_set_id"]) == ("Clean up", 5001, 7001)
    assert "note: deletes are permanent" in done.stderr
    assert "is 0" not in done.stderr


def test_another_region_is_taken_from_the_environment(export, monkeypatch):
    monkeypatch.setenv("CUSTIFY_BASE_URL", "https://api.eu.custify.com/")
    assert "https://api.eu.custify.com/people/all" in export("source", "people").stdout
    monkeypatch.setenv("CUSTIFY_BASE_URL", "https://elsewhere.example")
    assert export("source", "people").exit_code == 2


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("source",), "endpoint: is required for a source"),
        (("credential", "people"), "endpoint: cannot be combined with credential"),
        (("sample", "people", "--unverified"), "--unverified: has no effect on a sample"),
        (("source", "poeple"), "people"),
        (("source", "people", "--param", "email"), "write NAME=VALUE"),
        (("source", "people", "--param", "filters=["), "must be JSON of type array"),
        (("source", "signals"), "undocumented"),
        (("source", "comments"), "choose entityModel=Note or entityModel=Task"),
        (("destination", "upload_file"), "sends a file as a form"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_a_sentence(export, words, reason):
    done = export(*words)
    assert done.exit_code == 2
    assert not done.stdout
    assert done.stderr.startswith("custify: ")
    assert reason in done.stderr
