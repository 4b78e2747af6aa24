"""`custify sample`: a look before a run."""

import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import main


@pytest.fixture
def sample(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    (tmp_path / "people.csv").write_text(
        "id,email\nu-1,ana@example.com\n,x@\u00a0\nu-3,bo@example.com\n", encoding="utf-8"
    )
    return lambda *words: CliRunner().invoke(main, ["sample", *words])


def documents(text):
    """Return the JSON documents that follow one another in a text."""
    decoder, found, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        found, rest = [*found, document], rest[end:].strip()
    return found


def test_a_source_is_shown_by_its_first_records_at_the_cost_of_one_request(sample, sandbox):
    done = sample("people", "--count", "3")
    assert done.exit_code == 0, done.output
    assert [set(record) >= {"id", "email"} for record in documents(done.stdout)] == [True] * 3
    assert len(sandbox.journal) == 1


def test_a_parameter_has_the_type_that_the_endpoint_gives_it(sample, sandbox):
    email = sandbox.content.records("people")[0]["email"]
    done = sample("people", "--param", f"email={email}")
    assert [record["email"] for record in documents(done.stdout)] == [email]


def test_a_destination_is_shown_by_the_requests_of_the_first_rows_and_nothing_is_sent(sample, sandbox, monkeypatch):
    monkeypatch.delenv("CUSTIFY_API_KEY")
    rules = ("--map", "user_id=id", "--map", "email=email", "--param", "name=Ana")
    done = sample("upsert_person", "people.csv", *rules, "--count", "2")
    assert done.exit_code == 0, done.output
    first, second = documents(done.stdout)
    assert (first["method"], first["body"]["user_id"], first["body"]["name"]) == ("POST", "u-1", "Ana")
    reason = "email: is 'x@\\xa0', which starts or ends with white space: trim it (--trim)"
    assert second == {"outcome": "rejected", "reason": reason}
    assert len(sandbox.journal) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["upsert_person"], "FILE: upsert_person is a destination: name the file whose rows it would take"),
        (["peple"], "there is no 'peple'; did you mean 'people'?"),
        (["people", "--param", "emial=x"], "people has no such parameter; did you mean 'email'?"),
        (["upsert_person", "people.csv", "--map", "user_id=idd"], "there is no column 'idd'; did you mean 'id'?"),
        (["upsert_person", "missing.csv"], "missing.csv: cannot be opened"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_sent(sample, sandbox, words, said):
    done = sample(*words)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert said in done.stderr
    assert len(sandbox.journal) == 0
