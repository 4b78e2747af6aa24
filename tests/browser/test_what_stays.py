"""What a page keeps for its reader: the focus and the selection while a run is live, what was typed, the session."""

import threading

import uvicorn
from playwright.sync_api import expect

from custify_connector.console import serving
from custify_connector.console.application import application

LONG = "a-name-without-a-blank-" * 8


def test_the_focus_and_what_is_selected_stay_while_a_run_is_live(acme, account):
    account.latency = 2.0  # a run that lasts longer than this test looks at it
    page = acme.page
    acme.open("/custify/source/people")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".progress-line")).to_contain_text("Run 1")
    page.get_by_role("button", name="End it").first.focus()
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#run .progress-line a'))")
    marked = page.evaluate("document.querySelector('#run').dataset.seen = 'yes'")
    page.wait_for_timeout(3_500)
    assert marked == "yes"
    assert page.evaluate("document.activeElement.textContent") == "End it"
    assert page.evaluate("String(getSelection())") == "Run 1"
    page.keyboard.press("Enter")
    ending = page.get_by_role("button", name="End it at once")  # or ended meanwhile
    expect(ending.or_(page.locator(".progress-line", has_text="ended")).first).to_be_visible()
    account.latency = 0.0
    expect(page.locator(".progress-line")).to_contain_text("ended", timeout=60_000)
    expect(page.get_by_role("button", name="End it")).to_have_count(0)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/live" in request.url else None)
    page.wait_for_timeout(2_500)
    assert asked == []


def test_what_was_typed_is_there_after_back_and_after_a_reload(acme, folder):
    page = acme.page
    (folder / "rows.csv").write_text("id,colour\nu-1,red\n")
    acme.open("/custify/destination/upsert_person?file=rows.csv")
    page.get_by_label("Field for id").fill("user_id")
    page.get_by_label("Field for colour").fill("custom_attributes.colour")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("custom_attributes")
    page.go_back()
    expect(page.get_by_label("Field for colour")).to_have_value("custom_attributes.colour")
    page.reload()
    expect(page.get_by_label("Field for colour")).to_have_value("custom_attributes.colour")
    acme.open("/custify/destination/upsert_person/preview")
    expect(page.get_by_label("Field for colour")).to_have_value("custom_attributes.colour")
    acme.open("/custify/destination/upsert_person?file=rows.csv")
    expect(page.get_by_label("Field for colour")).to_have_value("")


def test_another_file_and_another_endpoint_keep_what_was_changed_and_never_what_allows_a_delete(acme, folder):
    page = acme.page
    for name in ("monday.csv", "tuesday.csv"):
        (folder / name).write_text("id,mood,name\nu-1,good,Ana\n")
    acme.open("/custify/destination/upsert_person?file=monday.csv")
    page.get_by_label("Field for id").fill("user_id")
    page.get_by_label("Field for mood").fill("custom_attributes.mood")
    page.get_by_label("Rejected records go to").fill("later.jsonl")
    page.get_by_label("File", exact=True).fill("tuesday.csv")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_label("Field for mood")).to_have_value("custom_attributes.mood")
    expect(page.get_by_label("Field for name")).to_have_value("name")
    page.locator("[data-picker] summary").click()
    page.get_by_label("Search the endpoints").fill("delete_person")
    page.get_by_label("Search the endpoints").press("Enter")
    expect(page.get_by_role("heading", name="Delete person")).to_be_visible()
    expect(page.get_by_label("File", exact=True)).to_have_value("tuesday.csv")
    expect(page.get_by_label("Field for id")).to_have_value("user_id")
    expect(page.get_by_label("Field for mood")).to_have_value("")
    expect(page.get_by_label("Rejected records go to")).to_have_value("later.jsonl")
    page.get_by_label("At most so many deletes").fill("1")
    page.get_by_label("Write delete_person to confirm").fill("delete_person")
    page.get_by_label("File", exact=True).fill("monday.csv")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_label("At most so many deletes")).to_have_value("")
    expect(page.get_by_label("Write delete_person to confirm")).to_have_value("")


def test_long_names_leave_a_page_as_wide_as_its_window(acme, account, canary, folder):
    page = acme.page
    (folder / "wide.csv").write_text(f"id,{LONG}\nu-1,red\n")
    acme.open("/custify/destination/upsert_person?file=wide.csv")
    acme.checked_everywhere("long-column")
    acme.open("/custify/credentials/add")
    for label, text in (("Credential Name", LONG), ("API Key", canary), ("API URL", account.base_url)):
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Remove", exact=False).first.click()
    acme.checked_everywhere("long-credential")


def test_a_key_stays_in_the_form_after_an_error_and_is_not_shown(acme, account, canary):
    page = acme.page
    acme.open("/custify/credentials/add")
    page.get_by_label("Credential Name").fill("second")
    page.get_by_label("API Key").fill(canary)
    page.get_by_label("API URL").fill("not a URL")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#f-base_url-fault")).to_be_visible()
    assert canary not in page.content()
    assert page.get_by_label("API Key").get_attribute("placeholder") == "••••••••••••"
    page.get_by_label("API URL").fill(account.base_url)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("second is kept")
    assert canary not in page.evaluate("JSON.stringify(sessionStorage)")


def test_a_browser_that_comes_from_a_file_keeps_its_session(chromium, tmp_path):
    config = serving.settings_of(0)
    with config.bind_socket() as socket:
        socket.listen()
        console = serving.console_of(tmp_path, socket.getsockname()[1])
        config.app = application(console)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([socket],), daemon=True)
        thread.start()
        link = f"http://127.0.0.1:{console.gate.port}/?token={console.gate.token}"
        page = chromium.new_page()
        (tmp_path / "open.html").write_text(serving._LEADING.format(link=link))  # noqa: SLF001 - what a browser is given
        page.goto((tmp_path / "open.html").as_uri())
        page.wait_for_url("**/custify/credentials")
        expect(page.get_by_role("heading", name="Authenticate")).to_be_visible()
        page.close()
        server.should_exit = True
        thread.join(20)
        console.commands.close()
