"""Certification inside its screen: run with progress, then the whole report, with what to fix."""

import json
import re

import pytest

from custify_connector.certification.reporters import as_json, html, terminal
from custify_connector.contract import plugin_manager
from tests import others
from tests.certification.reported import MIXED, RIGHT, WRONG, outcome, report

pytestmark = pytest.mark.alone

NAME = "custify-certification.json"


@pytest.fixture
def manager(tmp_path, monkeypatch):
    others.install(tmp_path / "site", monkeypatch)
    return plugin_manager()


@pytest.fixture
def mixed(client, folder):
    (folder / NAME).write_text(as_json.text(MIXED))
    return client.get("/certification/custify").text


def test_before_the_first_run_it_says_what_a_run_is(client):
    text = client.get("/certification").text
    assert "not certified" in text
    assert 'action="/certification/tiny/run"' in text
    one = client.get("/certification/tiny").text
    assert "Not certified yet" in one
    assert "custify certify tiny --json tiny-certification.json --report tiny-certification.html" in one


def test_the_report_has_all_that_the_page_of_the_command_has(mixed):
    report = re.search(r"(?s)</header>\n(.*)</main>", html.text(MIXED))
    assert report is not None
    assert report[1].strip() in mixed


def test_the_report_has_the_style_of_the_page_of_the_command(client, mixed):
    assert '<link rel="stylesheet" href="/static/report.css">' in mixed
    style = client.get("/static/report.css")
    assert style.headers["content-type"].startswith("text/css")
    assert style.text.strip() in html.text(MIXED)


def test_its_rung_figures_groups_verdicts_and_findings_are_shown(mixed):
    assert html.headline(MIXED) in mixed
    assert "Credential schema" in mixed
    assert '<a href="#D1">' in mixed
    assert '<details class="check" id="D1" open>' in mixed
    assert '<details class="check" id="A1">' in mixed
    assert "They must be: <code>7</code> is not <code>8</code>." in mixed
    for text in (WRONG.expected, RIGHT.expected, *WRONG.requests):
        assert text.replace(">", "&gt;") in mixed


def test_what_a_connector_says_is_text(mixed):
    assert "<script>alert" not in mixed
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in mixed


def test_a_report_that_holds_says_so(client, folder):
    (folder / NAME).write_text(as_json.text(report(outcome("A1", "passed", RIGHT), rung="declared")))
    assert "No check failed, and none was skipped." in client.get("/certification/custify").text
    assert 'class="status finished">declared' in client.get("/certification").text


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"environment": {}}', "[" * 100_000])
def test_a_damaged_report_is_said_to_be_one(client, folder, content):
    (folder / NAME).write_text(content)
    shown = client.get("/certification/custify")
    assert shown.status == 200
    assert f"{NAME} cannot be shown" in shown.text
    assert f"{NAME} cannot be shown" in client.get("/certification").text


@pytest.mark.parametrize(
    ("word", "value"), [("rung", "highest"), ("result", "great"), ("findings", 7), ("seconds", "long")]
)
def test_a_report_with_a_word_that_is_none_is_refused(word, value):
    content = json.loads(as_json.text(MIXED))
    content["checks"][0][word] = value
    with pytest.raises(ValueError, match=r"is not one of|not a certification report|could not convert"):
        as_json.report_of(json.dumps(content))


def test_a_report_is_the_same_after_it_was_written_and_read():
    again = as_json.report_of(as_json.text(MIXED))
    assert as_json.text(again) == as_json.text(MIXED)
    assert html.text(again) == html.text(MIXED)
    with pytest.raises(NotImplementedError):
        again.outcomes[0].check.look(None)


def test_the_lines_of_a_run_tell_how_far_it_is():
    said = "\n".join(map(terminal.line, MIXED.outcomes)) + "\n" + terminal.summary(MIXED)
    assert [each[:2] for each in terminal.parsed(said)] == [
        (each.check.id, each.verdict.result) for each in MIXED.outcomes
    ]


@pytest.mark.slow
def test_it_is_run_with_progress_and_its_report_stands_here(client, folder):
    begun = client.post("/certification/tiny/run")
    assert begun.headers["location"] == "/certification/tiny"
    seen = client.wait_for("/certification/tiny/live", "of ")
    assert "<progress" in seen.text
    assert client.post("/certification/tiny/run").status == 303, "a second one is not started"
    assert len(client.console.commands._started) == 1  # noqa: SLF001 - what was started
    ended = client.wait_for("/certification/tiny", "Certify again", 100)
    assert 'class="verdict' in ended.text
    assert "hx-get" not in ended.text
    assert (folder / "tiny-certification.html").is_file()
    assert client.get("/certification/tiny/live").headers["hx-refresh"] == "true"


def test_it_can_be_ended_and_then_says_so(client):
    client.post("/certification/tiny/run")
    client.wait_for("/certification/tiny", "1 of ")
    assert client.post("/certification/tiny/end").status == 303
    assert "was ended before its last check" in client.wait_for("/certification/tiny", "Certify</button>").text
    assert client.post("/certification/tiny/end").status == 400


def test_one_that_is_not_there_is_refused(client):
    assert client.get("/certification/nobody").status == 400
    assert client.post("/certification/nobody/run").status == 400


def test_a_report_that_leads_out_of_the_folder_is_neither_read_nor_written(client, folder):
    outside = folder.parent / "outside.json"
    outside.write_text(as_json.text(MIXED))
    (folder / NAME).symlink_to(outside)
    assert "must lead to a file below" in client.get("/certification/custify").text
    assert "alert(1)" not in client.get("/certification/custify").text
    assert client.post("/certification/custify/run").status == 400
    assert outside.read_text() == as_json.text(MIXED)
