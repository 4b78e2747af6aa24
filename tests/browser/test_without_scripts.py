"""With scripts off the whole job is done, and every page of the console is there and offers nothing that needs one."""

import re

import pytest
from playwright.sync_api import expect

from custify_connector.console import application

PAGES = {
    "/runs": "/runs?q=rows", "/syncs": "/syncs", "/runs/{number:int}": "/runs/1", "/runs/find": "/runs/find?q=u-1",
    "/runs/rows/{number:int}": "/runs/rows/1", "/runs/{number:int}/rows": "/runs/2/rows",
    "/runs/{number:int}/output": "/runs/1/output", "/started/{number:int}": "/started/1", "/quarantine": "/quarantine",
    "/quarantine/file": "/quarantine/file?file=rejected.jsonl",
    "/quarantine/record": "/quarantine/record?file=rejected.jsonl&line=0", "/certification": "/certification",
    "/certification/{connector}": "/certification/custify", "/{connector}/credentials": "/custify/credentials",
    "/{connector}/credentials/add": "/custify/credentials/add", "/{connector}/by-hand": "/custify/by-hand",
    "/{connector}/source": "/custify/source", "/{connector}/source/{endpoint}": "/custify/source/people",
    "/{connector}/destination": "/custify/destination",
    "/{connector}/destination/{endpoint}": "/custify/destination/upsert_person?file=rows.csv",
}  # fmt: skip
"""An address of each page. What a script alone asks for, a part that comes again, has none."""


@pytest.fixture(scope="module")
def plain(chromium, console):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(console.link)
    page.wait_for_url("**/custify/credentials")
    page.prefix = "/".join(page.url.split("/")[:4])
    yield page
    context.close()


def test_a_credential_is_added(plain, account, canary):
    plain.get_by_role("link", name="Add Credential").click()
    for label, text in (("Credential Name", "acme"), ("API Key", canary), ("API URL", account.base_url)):
        plain.get_by_label(label).fill(text)
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_role("status")).to_contain_text("acme is kept")


def test_a_source_is_chosen_tested_and_run(plain, folder):
    plain.get_by_role("link", name="Use for a source").click()
    plain.get_by_role("link", name="Tags tags").click()
    plain.get_by_role("button", name="Test", exact=True).click()
    expect(plain.locator("#sample")).to_contain_text("as they come")
    plain.get_by_role("button", name="Run", exact=True).click()
    expect(plain.locator(".progress-line")).to_contain_text("All went well")  # the page loads itself again
    assert (folder / "tags.jsonl").stat().st_size


def test_rows_are_written_and_the_rejected_one_is_corrected(plain, folder):
    (folder / "rows.csv").write_text("id,name\nu-1,Ana\n,Zoe\n", "utf-8")
    plain.goto(f"{plain.prefix}/custify/destination/upsert_person?file=rows.csv")
    plain.get_by_label("Field for id").fill("user_id")
    plain.get_by_role("button", name="Preview").click()
    expect(plain.locator("#preview")).to_contain_text("2 rows; nothing was sent")
    plain.get_by_role("button", name="Write", exact=True).click()
    expect(plain.locator(".progress-line")).to_contain_text("Some records were not accepted")
    plain.get_by_role("link", name="See the rejected records").click()
    plain.get_by_role("link", name="Fix line 1").click()
    plain.get_by_label("Record", exact=True).fill('{"user_id": "u-2"}')
    plain.get_by_role("button", name="Save", exact=True).click()
    expect(plain.get_by_role("status")).to_contain_text("Line 1 is fixed")


def test_every_page_that_is_looked_at_is_among_those_tested():
    parts = re.compile("/live$")
    assert set(PAGES) == {path for path, _ in application._LOOKS if not parts.search(path)}  # noqa: SLF001 - all of them


@pytest.mark.parametrize("path", PAGES.values())
def test_a_page_is_there_and_offers_nothing_that_needs_a_script(plain, path):
    answer = plain.goto(plain.prefix + path)
    assert answer.status == 200
    expect(plain.get_by_role("heading", level=1)).to_be_visible()
    expect(plain.locator("[data-copy]:visible, [data-filter]:visible, button[type=button]:visible")).to_have_count(0)
    for form in plain.locator("form").all():
        assert form.locator("button:not([type=button])").count(), form.inner_html()
