"""A console as a process, an emulated account, and a real browser that notes whatever goes wrong in a page."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from custify_connector.sandbox import Sandbox
from tests import others

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
PICTURES = os.environ.get("PICTURES")
"""Where every screen is drawn, wide and narrow, light and dark, when someone wants to look at them."""
SHOWN = os.environ.get("DOCS_PICTURES")
"""The folder of the pictures that the docs show, to draw them again: docs/pictures."""
IN_THE_DOCS = {
    "authenticate-light-1440": "console-credentials", "source-light-1440": "console-source",
    "destination-light-1440": "console-mapping", "started-read-light-1440": "console-run",
    "rejected-group-light-1440": "console-rejected", "run-find-light-1440": "console-record",
}  # fmt: skip
WIDTHS = (1440, 768, 360)
AXE = {"resultTypes": ["violations"], "rules": {name: {"enabled": True} for name in (
    "target-size", "identical-links-same-purpose", "duplicate-id")}}  # fmt: skip
"""Every rule that axe has on by itself, best practices among them, and three of those that it has off."""
expect.set_options(timeout=60_000)  # a busy machine is slow, and no page wrong
PROGRAM = "from custify_connector.cli import main; main(prog_name='custify')"


@pytest.fixture(scope="session")
def account(canary):
    """Run an emulated account whose key is the canary."""
    with Sandbox(people=12_000, companies=300, api_key=canary, rate_limit=None) as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("folder")


@dataclass
class Served:
    """A console that runs: its link, which works once, and what it printed."""

    link: str
    process: subprocess.Popen
    printed: Path

    @property
    def address(self):
        return self.link.partition("/?")[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Install two connectors of other services, which the console finds beside its own."""
    patch = pytest.MonkeyPatch()
    path = tmp_path_factory.mktemp("installed") / "site"
    others.install(path, patch)
    patch.undo()
    return path


@pytest.fixture(scope="module")
def console(home, folder, site, tmp_path_factory):
    printed = tmp_path_factory.mktemp("printed") / "console.txt"
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {
        **keep, "CUSTIFY_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(site),
    }  # fmt: skip
    words = [sys.executable, "-c", PROGRAM, "console", "--no-browser", "--folder", str(folder)]
    with printed.open("wb") as stream:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stream, env=environment)  # noqa: S603 - our own
    try:
        link = re.search(r"http://\S+", process.stdout.readline().decode())[0]
        yield Served(link, process, printed)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page that is watched: what its console said, where it asked, and what was on each screen."""

    page: object
    address: str
    said: list = field(default_factory=list)
    elsewhere: list = field(default_factory=list)
    seen: list = field(default_factory=list)

    def open(self, path):
        prefix = "/" + self.page.url.removeprefix(self.address).split("/")[1]
        self.page.goto(self.address + prefix + path)

    def checked(self, name):
        """Hold that axe finds nothing on the screen, and that it is not too wide; draw it where that is wanted."""
        self.seen.append(self.page.content())
        violations = Axe().run(self.page, options=AXE).response["violations"]
        found = [f"{each['id']}: {[node['html'][:200] for node in each['nodes']][:3]}" for each in violations]
        assert found == [], f"{name}: {found}"
        width = self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert width, f"{name} is wider than its window"
        if PICTURES:
            self._draw(name)
        if SHOWN and name in IN_THE_DOCS:
            self.page.screenshot(path=Path(SHOWN) / f"{IN_THE_DOCS[name]}.png")

    def checked_everywhere(self, name):
        """Hold the same at each width, light and dark."""
        for look in ("light", "dark"):
            for width in WIDTHS:
                self.page.emulate_media(color_scheme=look)
                self.page.set_viewport_size({"width": width, "height": 900})
                self.checked(f"{name}-{look}-{width}")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def _draw(self, name):
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        was = self.page.viewport_size
        height = self.page.evaluate("document.documentElement.scrollHeight")
        # A window as tall as the page: what sticks to the window's end stands where the page ends.
        self.page.set_viewport_size({"width": was["width"], "height": min(max(height, was["height"]), 8_000)})
        self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
        self.page.set_viewport_size(was)


@pytest.fixture(scope="module")
def screen(chromium, console):
    """Open the console with its link; at the end hold that no page complained, or asked another host."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(60_000)
    watched = Watched(page, console.address)
    page.on("console", lambda said: watched.said.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: watched.said.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith(console.address) or watched.elsewhere.append(asked.url))
    page.goto(console.link)
    yield watched
    context.close()


@pytest.fixture(scope="module")
def acme(screen, account, canary):
    """Return the screen of a console that has a credential of that name."""
    screen.open("/custify/credentials/add")
    for label, text in (("Credential Name", "acme"), ("API Key", canary), ("API URL", account.base_url)):
        screen.page.get_by_label(label).fill(text)
    screen.page.get_by_role("button", name="Save", exact=True).click()
    expect(screen.page.get_by_role("status")).to_contain_text("acme is kept")
    return screen
