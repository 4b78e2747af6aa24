"""What once went wrong on a page: several runs at once, files elsewhere, a mapping lost on the way, a tab's notice."""

import json

import pytest
from playwright.sync_api import expect

from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.sandbox import Sandbox

PRESSED = """() => {
  const form = document.querySelector("form[action$='/credentials/test']");
  return fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
}"""


def test_runs_at_once_share_one_rate_limit_and_all_of_them_come_to_their_end(acme, canary):
    with Sandbox(people=900, api_key=canary, rate_limit=(2, 1)) as strict:
        acme.open("/custify/credentials/add")
        for label, text in (("Credential Name", "strict"), ("API Key", canary), ("API URL", strict.base_url)):
            acme.page.get_by_label(label).fill(text)
        acme.page.get_by_role("button", name="Save without testing").click()
        for number in range(3):
            acme.open("/custify/source/people?credential=strict")
            acme.page.get_by_label("Into the file").fill(f"people-{number}.jsonl")
            acme.page.get_by_text("Further settings").click()
            acme.page.get_by_label("Rate limit").fill("2/1")
            acme.page.get_by_role("button", name="Run", exact=True).click()
            expect(acme.page.get_by_role("heading", name="Read people")).to_be_visible()
        for number in range(1, 4):
            acme.open(f"/runs/{number}")
            expect(acme.page.locator("#run .status").first).to_have_text("finished")
        assert {entry.status for entry in strict.journal.entries} == {200}


def test_a_view_of_a_database_reads_no_file_of_the_machine(acme, folder, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    secret = tmp_path / "secret.csv"
    secret.write_text("email\nhidden@example.com\n")
    with duckdb.connect(str(folder / "evil.duckdb")) as database:
        database.execute(f"CREATE VIEW people AS SELECT * FROM read_csv('{secret}')")  # noqa: S608 - our own
    acme.open("/custify/destination/upsert_person?file=evil.duckdb&table=people")
    assert "hidden@example.com" not in acme.page.content()
    expect(acme.page.locator(".fault").first).to_be_visible()


def test_a_number_that_no_run_has_is_explained(acme):
    acme.open("/runs/99999999999999999999999")
    expect(acme.page.get_by_role("heading", name="This is not possible")).to_be_visible()
    expect(acme.page.locator(".reason")).to_contain_text("there is no run")


def test_a_notice_is_shown_in_the_tab_that_it_is_for(acme):
    acme.open("/custify/credentials")
    acme.page.evaluate(PRESSED)  # its answer leads to a page that no tab has opened yet
    other = acme.page.context.new_page()
    other.goto(acme.page.url)
    expect(other.get_by_role("heading", name="Authenticate")).to_be_visible()
    expect(other.locator(".notice")).to_have_count(0)
    other.close()


def test_a_column_of_joined_emojis_is_mapped(acme, folder):
    (folder / "crew.csv").write_text("email,👩‍🚀 crew\na@example.com,x\n", "utf-8")
    acme.open("/custify/destination/upsert_person?file=crew.csv")
    expect(acme.page.get_by_label("Field for 👩‍🚀 crew")).to_be_visible()


def test_the_reason_of_a_run_keeps_the_case_of_its_names(acme, home, monkeypatch):
    monkeypatch.setenv("CUSTIFY_HOME", str(home))
    history = RunHistory()
    run = history.begin(Run("read", "people", "acme"))
    history.update(run.id, {"status": "failed", "reason": "a/b.jsonl: cannot be written"})
    acme.open(f"/runs/{run.id}")
    expect(acme.page.locator(".why").first).to_contain_text("a/b.jsonl: cannot be written")


def test_rows_that_a_bound_on_deletes_stopped_are_not_called_rejected(acme, folder):
    (folder / "gone.csv").write_text("id\nu-1\nu-2\nu-3\n", "utf-8")
    acme.open("/custify/destination/delete_person?file=gone.csv")
    acme.page.get_by_label("Field for id").fill("user_id")
    acme.page.get_by_label("At most so many deletes").fill("1")
    acme.page.get_by_label("Write delete_person to confirm").fill("delete_person")
    acme.page.get_by_role("button", name="Write", exact=True).click()
    expect(acme.page.get_by_role("list", name="Outcomes")).to_contain_text("3 not tried")
    acme.page.locator(".progress-line a").click()
    expect(acme.page.locator("#run")).to_contain_text("with more rows than max_deletes, raise that first")
    expect(acme.page.get_by_role("progressbar")).to_have_count(0)


def test_a_test_by_hand_asks_before_it_may_change_the_account(acme, account):
    before = account.journal.count("POST")
    acme.open("/custify/by-hand")
    acme.page.get_by_label("Path").first.fill("/people")
    acme.page.get_by_label("Method").select_option("POST")
    acme.page.get_by_role("button", name="Test", exact=True).click()
    expect(acme.page.get_by_label("A test may send POST")).to_be_visible()
    assert account.journal.count("POST") == before


def test_a_finished_write_is_run_again_from_its_page_until_its_file_is_gone(acme, folder, account):
    page = acme.page
    (folder / "again.csv").write_text("id\nu-1\n", "utf-8")
    acme.open("/custify/destination/upsert_person?file=again.csv")
    page.get_by_label("Field for id").fill("user_id")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator(".progress-line")).to_contain_text("All went well")
    page.locator(".progress-line a").click()
    first = page.url
    sent = account.journal.count("POST")
    acme.checked_everywhere("run-again")
    page.get_by_role("button", name="Run again").click()
    expect(page.locator(".progress-line")).to_contain_text("All went well")
    assert account.journal.count("POST") == sent + 1
    (folder / "again.csv").unlink()
    page.goto(first)
    expect(page.locator("#run")).to_contain_text("again.csv is gone")
    expect(page.get_by_role("button", name="Run again")).to_have_count(0)
    acme.checked_everywhere("run-not-again")


def test_no_page_showed_the_key(acme, canary):
    assert canary not in json.dumps(acme.seen)
