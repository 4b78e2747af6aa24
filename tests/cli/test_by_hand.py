"""`--source`: a source configured by hand, in place of an endpoint."""

import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host.run_history import RunHistory

PAGES = {"parameter": "page", "size_parameter": "itemsPerPage", "size": 20}
PEOPLE = {"request": {"path": "/people/all"}, "records": ["people"], "page": PAGES, "key": [["id"]]}


@pytest.fixture
def run(sandbox, canary, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return lambda *words: CliRunner().invoke(main, [*words, "--rate-limit", "none"])


def test_it_reads_what_the_template_of_the_same_request_reads(run):
    by_hand = run("read", "--source", json.dumps(PEOPLE)).stdout
    template = run("read", "people").stdout
    both = [sorted(json.loads(line)["id"] for line in text.splitlines()) for text in (by_hand, template)]
    assert both[0] == both[1]
    assert len(both[0]) == 30


def test_it_may_stand_in_a_file_and_the_run_is_called_by_its_path(run, tmp_path):
    (tmp_path / "by-hand.json").write_text(json.dumps(PEOPLE))
    done = run("read", "--source", "@by-hand.json", "-o", "people.jsonl")
    assert (done.exit_code, done.stderr) == (0, "people_all: 30 records in people.jsonl\n")
    assert RunHistory().page(1)[0].endpoint == "people_all"


@pytest.mark.parametrize("name", ["people.csv", "people.parquet", "crm.duckdb"])
def test_its_records_become_a_table_by_what_they_show(run, tmp_path, name):
    done = run("read", "--source", json.dumps({**PEOPLE, "stream": "everyone"}), "-o", name)
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / name).stat().st_size > 500


def test_a_limit_fields_and_a_state_go_with_it(run, tmp_path):
    words = ("read", "--source", json.dumps(PEOPLE), "--field", "id", "--limit", "5", "--state", "p.state")
    assert [list(json.loads(line)) for line in run(*words).stdout.splitlines()] == [["id"]] * 5
    assert (tmp_path / "p.state").is_file()


def test_a_sample_shows_its_first_records(run):
    assert run("sample", "--source", json.dumps(PEOPLE), "--count", "2").stdout.count('"user_id"') == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("read", "people", "--source", "{}"), "cannot be combined"),
        (("read", "--all", "--source", "{}"), "cannot be combined"),
        (("read", "--source", json.dumps(PEOPLE), "--param", "id=1"), "write it there, under request.query"),
        (("read", "--source", "{"), "is not JSON"),
        (("read", "--source", "[]"), "must be an object"),
        (("read", "--source", "@nothing.json"), "nothing.json cannot be read"),
        (("read", "--source", '{"request": {"path": "people"}}'), "source.request.path"),
        (("read", "--source", '{"request": {"path": "/people/all"}, "recrods": []}'), "did you mean"),
        (("sample",), "name one, or describe a source by --source"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_what_to_do(run, words, said):
    done = run(*words)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
