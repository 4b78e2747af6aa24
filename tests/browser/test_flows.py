"""A mapping is compared before it is sent, saved under a name, and run again by one press."""

import json

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def rows(folder, account):
    """Keep a file of two rows: one changes a name that the account has, one is new."""
    known = account.content.records("people")[0]
    text = f"id,name\n{known['user_id']},A new name\nn-1,Nora <b>New</b>\n"
    (folder / "flows.csv").write_text(text, encoding="utf-8")
    return known


def test_a_credential_is_there(screen, account, canary):
    screen.open("/custify/credentials/add")
    screen.page.get_by_label("Credential Name").fill("acme")
    screen.page.get_by_label("API Key").fill(canary)
    screen.page.get_by_label("API URL").fill(account.base_url)
    screen.page.get_by_role("button", name="Save", exact=True).click()
    expect(screen.page.get_by_role("status")).to_contain_text("acme is kept")


def test_rows_are_compared_with_what_the_account_holds(screen, rows, account):
    screen.open("/custify/destination/upsert_person?file=flows.csv")
    screen.page.get_by_label("Field for id").fill("user_id")
    sent = account.journal.count("POST")
    screen.page.get_by_role("button", name="Compare", exact=True).click()
    shown = screen.page.locator("#preview")
    expect(shown.get_by_role("status")).to_contain_text("2 rows compared: 1 to create, 1 to update")
    changes = shown.get_by_role("region", name="Changes of line 2")
    expect(changes).to_contain_text(rows["name"])
    expect(changes).to_contain_text("A new name")
    expect(shown).to_contain_text("Nora <b>New</b>")
    assert account.journal.count("POST") == sent
    screen.checked_everywhere("destination-compared")


def test_every_row_is_compared_and_the_form_is_there_again(screen, account):
    sent = account.journal.count("POST")
    screen.page.get_by_role("button", name="Compare every row").click()
    expect(screen.page.locator("#run")).to_contain_text("All went well", timeout=60_000)
    expect(screen.page.get_by_role("region", name="What it said")).to_contain_text("line 3 user_id=n-1: to create")
    screen.checked_everywhere("destination-compared-all")
    assert account.journal.count("POST") == sent
    screen.page.get_by_role("button", name="Back to the form").click()
    assert screen.page.get_by_label("Field for id").input_value() == "user_id"


def test_a_name_that_cannot_be_one_is_explained_beside_it(screen):
    screen.page.get_by_text("Save as a sync").first.click()
    screen.page.get_by_label("Name of the sync").fill("../nightly")
    screen.page.get_by_role("button", name="Save as a sync").click()
    expect(screen.page.locator("#f-sync-fault")).to_contain_text("cannot be the name of a sync")
    screen.checked_everywhere("destination-sync-fault")


def test_a_mapping_is_saved_and_run_by_one_press(screen, account):
    screen.page.get_by_label("Name of the sync").fill("nightly")
    screen.page.get_by_role("button", name="Save as a sync").click()
    expect(screen.page.get_by_role("status")).to_contain_text("nightly is saved as syncs/nightly.yaml")
    screen.checked_everywhere("syncs-new")
    screen.page.get_by_role("button", name="Run now nightly").click()
    expect(screen.page.locator("#run")).to_contain_text("All went well", timeout=60_000)
    assert any(each["user_id"] == "n-1" for each in account.content.records("people"))
    screen.page.get_by_role("link", name="Syncs").click()
    expect(screen.page.get_by_role("region", name="Syncs")).to_contain_text("well")
    screen.checked_everywhere("syncs")


def test_what_is_held_now_is_no_change(screen):
    screen.open("/custify/destination/upsert_person?file=flows.csv")
    screen.page.get_by_label("Field for id").fill("user_id")
    screen.page.get_by_role("button", name="Compare", exact=True).click()
    expect(screen.page.locator("#preview").get_by_role("status")).to_contain_text("2 rows compared: 2 unchanged")


def test_no_page_complained_or_asked_another_host_or_showed_the_key(screen, canary):
    complaints = [text for text in screen.said if "status of 400" not in text]
    assert (complaints, screen.elsewhere) == ([], [])
    assert canary not in json.dumps(screen.seen)
