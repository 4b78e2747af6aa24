"""The whole way of a newcomer in a real browser, in the order of the tests; each goes on where the one before ended."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from custify_connector.certification.reporters import as_json
from tests.certification.reported import MIXED

ROWS = """id,first,last,email,company,city
u-1,Zoë,Müller,zoe.muller@example.com,c-00007,Köln
u-2,Ana,Pop,ana.pop@example.com,c-00007,Iași
,Max,Roth,,c-00012,Berlin
u-4,"<script>alert(1)</script>",Kim,kim@example.com,c-00012,Oslo
"""
EXPECTED_BY_THE_BROWSER = ("the server responded with a status of 400", "the server responded with a status of 502")
"""A page that shows what is wrong with a form has the status that says so, and the browser mentions it."""


def test_the_first_screen_says_what_to_do_first(screen):
    expect(screen.page.get_by_role("heading", name="No credential yet")).to_be_visible()
    screen.checked_everywhere("authenticate-empty")


def test_a_key_that_is_refused_is_not_kept_and_the_reason_is_shown(screen, account):
    screen.page.get_by_role("link", name="Add Credential").click()
    screen.checked_everywhere("authenticate-add")
    screen.page.get_by_label("Credential Name").fill("acme")
    screen.page.get_by_label("Credential Description").fill("nightly sync; owner: data team <b>bold</b>")
    screen.page.get_by_label("API Key").fill("not-the-key")
    screen.page.get_by_label("API URL").fill(account.base_url)
    screen.page.get_by_role("button", name="Save", exact=True).click()
    expect(screen.page.get_by_role("alert")).to_contain_text("Not kept")
    assert screen.page.get_by_label("API Key").input_value() == ""
    screen.checked("authenticate-refused")


def test_a_malformed_field_is_explained_beside_it(screen):
    screen.page.get_by_label("API Key").fill("Bearer something")
    screen.page.get_by_role("button", name="Save", exact=True).click()
    expect(screen.page.locator("#f-api_key-fault")).to_contain_text("without the word Bearer")
    screen.checked_everywhere("authenticate-fault")


def test_a_key_that_is_accepted_becomes_a_tile(screen, canary):
    screen.page.get_by_label("API Key").fill(canary)
    screen.page.get_by_role("button", name="Save", exact=True).click()
    expect(screen.page.get_by_role("status")).to_contain_text("acme is kept")
    expect(screen.page.get_by_text("verified", exact=True)).to_be_visible()
    screen.checked_everywhere("authenticate")


def test_a_source_is_found_by_search_with_the_keyboard_alone(screen):
    screen.open("/custify/source")
    screen.checked_everywhere("source-choose")
    screen.page.get_by_label("Search the endpoints").focus()
    screen.page.keyboard.type("Everyone the account knows")
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("Enter")
    expect(screen.page.get_by_role("heading", name="People", exact=True)).to_be_visible()


def test_a_parameter_of_another_type_is_explained_beside_it(screen):
    screen.page.locator("[id='f-param-filters']").fill("not JSON")
    screen.page.get_by_role("button", name="Test", exact=True).click()
    expect(screen.page.locator("#f-param-filters-fault")).to_contain_text("must be a list as JSON")
    assert screen.page.evaluate("document.activeElement.id") == "f-param-filters"
    screen.page.locator("[id='f-param-filters']").fill("")


def test_a_source_is_tested_and_its_sample_shown(screen):
    screen.page.get_by_role("button", name="Test", exact=True).click()
    expect(screen.page.get_by_role("region", name="Sample as a table")).to_be_visible()
    expect(screen.page.locator("#sample")).to_contain_text("10 records, as they come")
    screen.checked_everywhere("source")


def test_a_source_is_configured_by_hand_from_its_example(screen):
    screen.open("/custify/source/people")
    screen.page.get_by_role("link", name="By hand").click()
    screen.checked_everywhere("by-hand-empty")
    screen.page.get_by_label("Path").first.fill("people")
    screen.page.get_by_role("button", name="Test", exact=True).click()
    expect(screen.page.locator("#f-by_hand-request-path-fault")).to_contain_text("must be a path below the base URL")
    assert screen.page.evaluate("document.activeElement.id") == "f-by_hand-request-path"
    screen.checked_everywhere("by-hand-fault")
    screen.page.get_by_role("link", name="Fill it in").click()
    screen.page.get_by_role("button", name="Test", exact=True).click()
    expect(screen.page.locator("#sample")).to_contain_text("10 records, as they come")
    expect(screen.page.get_by_role("region", name="Table of fields")).to_contain_text("10 of 10")
    screen.page.locator("#sample summary").click()
    expect(screen.page.get_by_role("region", name="Sample as JSON")).to_be_visible()
    screen.page.locator("#sample summary").click()
    screen.checked_everywhere("by-hand")


def test_a_source_by_hand_is_run_like_any_other(screen, folder, account):
    screen.page.get_by_label("Into the file").fill("by-hand.jsonl")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    expect(screen.page.locator(".progress-line")).to_contain_text("All went well", timeout=60_000)
    assert len((folder / "by-hand.jsonl").read_bytes().splitlines()) == len(account.content.records("people"))
    screen.page.get_by_role("button", name="Back to the form").click()
    assert screen.page.get_by_label("Path").first.input_value() == "/people/all"


def test_a_source_is_run_into_a_file_and_its_run_followed(screen, account, folder):
    account.latency = 0.4
    screen.open("/custify/source/people")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    expect(screen.page.get_by_role("heading", name="Read people")).to_be_visible()
    expect(screen.page.locator(".progress-line")).to_contain_text("Run 2")
    screen.checked("running")
    expect(screen.page.locator(".progress-line")).to_contain_text("All went well", timeout=60_000)
    account.latency = 0.0
    screen.checked_everywhere("started-read")
    screen.page.get_by_role("link", name="Run 2").click()
    expect(screen.page.get_by_role("img", name="Records a second")).to_be_visible()
    screen.checked_everywhere("run-read")
    assert len((folder / "people.jsonl").read_bytes().splitlines()) == len(account.content.records("people"))


def test_the_columns_of_a_csv_are_mapped_with_suggestions(screen, folder):
    (folder / "signups.csv").write_text(ROWS, "utf-8")
    screen.open("/custify/destination")
    screen.checked_everywhere("destination-choose")
    screen.page.get_by_role("link", name="Upsert person").click()
    screen.page.get_by_role("link", name="signups.csv").click()
    assert screen.page.get_by_label("Field for email").input_value() == "email"
    screen.page.get_by_label("Field for id").fill("user_id")
    screen.page.get_by_label("Field for city").fill("custom_attributes.city")
    screen.page.get_by_label("Field for company").fill("companies[].company_id")
    screen.page.get_by_label("Field for first").fill("")
    screen.page.get_by_label("Field for last").fill("")
    screen.page.get_by_text("Further rules and settings").click()
    screen.page.get_by_label("Further rules", exact=True).fill("name={first} {last}")


def test_each_row_is_previewed_as_the_request_it_becomes(screen):
    screen.page.get_by_role("button", name="Preview").click()
    expect(screen.page.locator("#preview")).to_contain_text("zoe.muller@example.com")
    expect(screen.page.locator("#preview")).to_contain_text("needs one of id, user_id, email")
    expect(screen.page.locator("#preview")).to_contain_text("<script>alert(1)</script>")
    screen.checked_everywhere("destination")


def test_a_dry_run_checks_every_row_and_sends_nothing(screen, account):
    before = len(account.journal)
    screen.page.get_by_role("button", name="Dry run").click()
    expect(screen.page.locator(".progress-line")).to_contain_text("Some records were not accepted", timeout=60_000)
    expect(screen.page.get_by_role("region", name="What it said", exact=True)).to_contain_text("1 rejected, 3 planned")
    assert len(account.journal) == before
    screen.checked("dry-run")


def test_the_form_is_as_it_was_after_a_dry_run(screen):
    screen.page.get_by_role("button", name="Back to the form").click()
    assert screen.page.get_by_label("Field for id").input_value() == "user_id"
    assert screen.page.get_by_label("Further rules", exact=True).input_value() == "name={first} {last}"


def test_a_write_counts_its_outcomes_and_keeps_what_was_rejected(screen):
    screen.page.get_by_role("button", name="Write", exact=True).click()
    expect(screen.page.locator(".progress-line")).to_contain_text("Some records were not accepted")
    expect(screen.page.get_by_role("list", name="Outcomes")).to_contain_text("3 sent")
    expect(screen.page.get_by_role("list", name="Outcomes")).to_contain_text("1 rejected")
    screen.checked_everywhere("started-write")
    screen.page.get_by_role("link", name="See the rejected records").click()
    expect(screen.page.get_by_role("heading", name="rejected.jsonl")).to_be_visible()
    screen.checked_everywhere("quarantine-file")


def test_a_rejected_record_is_corrected_and_sent_again(screen, folder):
    screen.page.get_by_role("link", name="Fix line 1").click()
    screen.checked_everywhere("quarantine-record")
    field = screen.page.get_by_label("Record", exact=True)
    record = json.loads(field.input_value())
    field.fill("{")
    screen.page.get_by_role("button", name="Save and replay").click()
    expect(screen.page.locator("#f-record-fault")).to_contain_text("not a JSON object")
    screen.page.get_by_label("Record", exact=True).fill(json.dumps({**record, "email": "max.roth@example.com"}))
    screen.page.get_by_role("button", name="Save and replay").click()
    expect(screen.page.locator(".progress-line")).to_contain_text("All went well")
    expect(screen.page.get_by_role("list", name="Outcomes")).to_contain_text("1 sent")
    assert (folder / "rejected.jsonl").read_bytes() == b""


def test_a_delete_needs_a_bound_and_a_word(screen):
    screen.open("/custify/destination/delete_person?file=signups.csv")
    screen.page.get_by_role("button", name="Write", exact=True).click()
    expect(screen.page.locator("#f-max_deletes-fault")).to_contain_text("the most records that may be deleted")
    screen.page.get_by_label("At most so many deletes").fill("1")
    screen.page.get_by_role("button", name="Write", exact=True).click()
    expect(screen.page.locator("#f-confirm-fault")).to_contain_text("cannot be brought back")
    screen.checked_everywhere("destination-delete")


def test_a_second_connector_has_its_own_screens(screen):
    screen.open("/custify/credentials")
    screen.page.get_by_role("link", name="Weather office").click()
    screen.checked_everywhere("other-authenticate-empty")
    screen.page.get_by_role("link", name="Add Credential").click()
    screen.page.get_by_label("Station").fill("7")
    screen.page.get_by_label("Pass phrase").fill("rain-and-snow")
    screen.page.get_by_role("button", name="Save", exact=True).click()
    expect(screen.page.get_by_role("status")).to_contain_text("The office knows you")
    screen.checked_everywhere("other-authenticate")


def test_a_second_connector_is_read(screen, folder):
    screen.open("/weather/source/readings")
    screen.page.get_by_role("button", name="Test", exact=True).click()
    expect(screen.page.locator("#sample")).to_contain_text("10 records")
    screen.checked_everywhere("other-source")
    screen.page.get_by_role("button", name="Run", exact=True).click()
    expect(screen.page.locator(".progress-line")).to_contain_text("All went well")
    screen.checked("other-started-read")
    assert len((folder / "readings.jsonl").read_bytes().splitlines()) == 40


def test_a_second_connector_is_written_to_and_its_rejects_are_replayed(screen, folder):
    (folder / "storms.jsonl").write_text('{"wind": 12}\n{"wind": "much"}\n')
    screen.open("/weather/destination/warn?file=storms.jsonl")
    screen.page.get_by_role("button", name="Preview").click()
    expect(screen.page.locator("#preview")).to_contain_text("is no force of wind")
    screen.checked_everywhere("other-destination")
    screen.page.get_by_role("button", name="Dry run").click()
    expect(screen.page.locator(".progress-line")).to_contain_text("Some records were not accepted")
    screen.page.get_by_role("button", name="Write", exact=True).click()
    expect(screen.page.get_by_role("list", name="Outcomes")).to_contain_text("1 rejected")
    screen.page.get_by_role("link", name="See the rejected records").click()
    screen.page.get_by_role("link", name="Fix line 1").click()
    screen.page.get_by_label("Record", exact=True).fill('{"wind": 9}')
    screen.page.get_by_role("button", name="Save and replay").click()
    expect(screen.page.locator(".progress-line")).to_contain_text("All went well")


@pytest.mark.timeout(600)  # a certification is a minute of work, and its report the longest of the pages
def test_a_connector_is_certified_with_progress_and_its_report_is_read_here(screen):
    screen.open("/certification")
    screen.checked_everywhere("certification-empty")
    screen.page.get_by_role("button", name="Certify tiny").click()
    expect(screen.page.get_by_role("progressbar")).to_be_visible()
    expect(screen.page.locator("#certifying-title")).to_contain_text(re.compile("[1-9][0-9]* of"))
    screen.checked("certification-running")
    expect(screen.page.get_by_role("button", name="Certify again")).to_be_visible(timeout=300_000)
    expect(screen.page.locator(".verdict")).to_be_visible()
    screen.checked_everywhere("certification-report")
    screen.page.locator(".check summary").first.focus()
    screen.page.keyboard.press("Enter")
    expect(screen.page.locator(".check > div").first).to_be_visible()
    screen.checked_everywhere("certification-evidence")


def test_a_report_with_failures_says_what_to_fix(screen, folder):
    (folder / "custify-certification.json").write_text(as_json.text(MIXED))
    screen.open("/certification/custify")
    screen.page.locator(".verdict").get_by_role("link", name="D2").click()
    expect(screen.page.locator("#D2 > div")).to_contain_text("the testbed cannot <wait>")
    screen.checked_everywhere("certification-failed")


def test_every_run_is_in_the_history(screen):
    screen.open("/runs")
    expect(screen.page.get_by_role("region", name="Runs")).to_contain_text("replay upsert_person")
    screen.checked_everywhere("runs")


@pytest.mark.parametrize(("path", "name"), [("/quarantine", "quarantine"), ("/certification", "certification"),
                                            ("/nowhere", "problem")])  # fmt: skip
def test_the_other_screens_are_sound_too(screen, path, name):
    screen.open(path)
    screen.checked_everywhere(name)


def test_a_key_is_rotated_only_when_the_new_one_is_accepted(screen):
    screen.open("/custify/credentials")
    screen.page.get_by_text("Rotate", exact=False).first.click()
    screen.page.get_by_label("New API Key").fill("another-key")
    screen.page.get_by_role("button", name="Rotate", exact=True).click()
    expect(screen.page.locator("#rotate-1-fault")).to_contain_text("The old key stays")
    screen.checked("authenticate-rotate")


def test_a_page_can_be_left_by_keyboard_through_its_skip_link(screen):
    screen.open("/runs")
    screen.page.keyboard.press("Tab")
    assert screen.page.evaluate("document.activeElement.textContent") == "Skip to the content"


def test_a_command_can_be_copied(screen):
    screen.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=screen.address)
    screen.page.get_by_role("button", name="Copy as command").click()
    assert screen.page.evaluate("navigator.clipboard.readText()") == "custify runs"


def test_no_page_complained_asked_another_host_or_showed_the_key(screen, console, canary):
    """The last of the journey: it looks back on all of it."""
    unexpected = [text for text in screen.said if not any(known in text for known in EXPECTED_BY_THE_BROWSER)]
    assert [text for text in unexpected if "404" not in text] == []
    assert screen.elsewhere == []
    shown = Path(console.printed).read_text()
    assert canary not in shown + "".join(screen.said + screen.seen)
    assert "rain-and-snow" not in shown + "".join(screen.said + screen.seen)
