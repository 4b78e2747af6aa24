"""Rejected rows in a real browser: from a run to its rows, to a record in every run, changed together, and replayed."""

from playwright.sync_api import expect

ROWS = "user_id,email,session_count,name\n" + "".join(
    f"r-{n},r{n}@example.com,{'many' if n < 6 else n},Max {n}\n" for n in range(12)
)


def test_a_credential_is_added_over_the_page(screen, account, canary):
    page = screen.page
    page.get_by_role("link", name="Add Credential").click()
    dialog = page.get_by_role("dialog", name="Add New Credential")
    expect(dialog).to_be_visible()
    screen.checked_everywhere("authenticate-dialog")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("link", name="Add Credential").click()
    page.get_by_label("Credential Name").fill("acme")
    page.get_by_label("API Key").fill(canary)
    page.get_by_label("API URL").fill(account.base_url)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("acme is kept")


def test_a_write_keeps_requests_and_replies_where_that_is_asked_for(screen, folder):
    (folder / "signups.csv").write_text(ROWS, "utf-8")
    page = screen.page
    screen.open("/custify/destination/upsert_person?file=signups.csv")
    page.get_by_text("Further rules and settings").click()
    page.get_by_label("Keep requests and replies").check()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.get_by_role("list", name="Outcomes")).to_contain_text("6 rejected")
    expect(page.locator(".progress-line")).to_contain_text("Some records were not accepted")


def test_the_outcomes_of_a_run_lead_to_its_rows_and_a_row_to_its_request(screen):
    page = screen.page
    page.get_by_role("link", name="Run 1", exact=True).click()
    screen.checked_everywhere("run-write")
    page.get_by_role("link", name="6 sent").click()
    screen.checked_everywhere("run-rows")
    page.get_by_role("link", name="8 of run 1").click()
    expect(page.get_by_role("region", name="Request as JSON")).to_contain_text("r6@example.com")
    expect(page.get_by_role("region", name="Reply as JSON")).to_be_visible()
    screen.checked_everywhere("run-row")


def test_what_happened_to_a_record_is_found_by_its_address(screen):
    page = screen.page
    screen.open("/runs/find")
    page.get_by_label("Its id or address").fill("R1@example.com")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("region", name="Rows")).to_contain_text("rejected")
    screen.checked_everywhere("run-find")


def test_times_are_those_of_the_browser_and_utc_is_in_their_title(screen):
    screen.open("/runs?kind=write&sort=longest")
    assert screen.page.locator("time").first.get_attribute("title").endswith("UTC")
    screen.checked_everywhere("runs")


def test_a_group_is_changed_in_the_page_and_in_a_spreadsheet_and_replayed(screen, folder):
    page = screen.page
    screen.open("/quarantine/file?file=rejected.jsonl")
    page.locator(".reasons a").nth(1).click()
    page.get_by_text("Change a field of 6 records").click()
    page.get_by_label("Field", exact=True).fill("session_count")
    page.get_by_label("New value").fill("7")
    screen.checked_everywhere("rejected-group")
    page.get_by_role("button", name="Change 6 records").click()
    expect(page.get_by_role("status")).to_contain_text("6 records changed")
    page.get_by_text("Correct 6 records in a spreadsheet").click()
    page.get_by_role("button", name="Export 6 records").click()
    expect(page.get_by_role("status")).to_contain_text("Written to rejected.csv")
    table = folder / "rejected.csv"
    table.write_text(table.read_text("utf-8").replace("Max 5", "Moritz"), "utf-8")
    page.get_by_text("Correct 6 records in a spreadsheet").click()
    page.get_by_label("Take back the file").fill("rejected.csv")
    page.get_by_role("button", name="Import corrections").click()
    expect(page.get_by_role("status")).to_contain_text("1 record changed from rejected.csv, 0 refused.")
    page.get_by_role("button", name="Replay 6 records").click()
    expect(page.locator(".progress-line")).to_contain_text("All went well")
    assert (folder / "rejected.jsonl").read_bytes() == b""


def test_several_endpoints_are_read_in_one_run(screen, folder):
    page = screen.page
    screen.open("/custify/source")
    page.get_by_text("Endpoints, output and settings").click()
    screen.checked_everywhere("source-several")
    for box in page.locator(".choices input").all():
        box.set_checked(box.get_attribute("name") in {"endpoint.tags", "endpoint.segments"})
    page.get_by_label("Into").fill("crm/")
    page.get_by_role("button", name="Read them").click()
    expect(page.locator(".progress-line")).to_contain_text("All went well")
    assert sorted(path.stem for path in (folder / "crm").glob("*.jsonl")) == ["segments", "tags"]
