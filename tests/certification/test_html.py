"""The page for a reviewer: complete, escaped, alone in one file, and without a fault in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from custify_connector.certification.checking import RUNGS
from custify_connector.certification.reporters import html
from tests.certification.reported import MIXED, RIGHT, WRONG, outcome, report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--enable-logging=stderr")  # fmt: skip
VOID = {"meta", "link"}


class Tree(HTMLParser):
    """Reads a page; holds the texts, the attributes, and that every element is closed in its place."""

    def __init__(self, page):
        super().__init__()
        self.open, self.texts, self.attributes, self.tags = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Note what is opened."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Hold that it closes what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Note a text."""
        self.texts.append(data.strip())


def test_every_check_is_there_with_its_message_evidence_and_time():
    tree = Tree(html.text(MIXED))
    assert tree.open == []
    shown = " ".join(filter(None, tree.texts))
    for text in ("A1", "D1", "D2", "E1", "Numbers are right", "not applicable", "0.25 s", "no stream has a cursor",
                 WRONG.subject, WRONG.expected, WRONG.got, *WRONG.requests, RIGHT.expected, *RUNGS):  # fmt: skip
        assert text in shown, text
    assert "They must be: 7 is not 8 ." in shown
    assert ("id", "D1") in tree.attributes
    assert ("href", "#D1") in tree.attributes


def test_what_a_connector_says_is_text_and_never_markup():
    page = html.text(MIXED)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "cannot &lt;wait&gt;" in page


def test_the_page_loads_nothing_and_runs_nothing():
    tree = Tree(html.text(MIXED))
    assert not {"script", "img", "iframe", "object"} & set(tree.tags)
    assert [value for name, value in tree.attributes if name in {"src", "href"} and not value.startswith("#")] == [
        "data:,"
    ]
    assert not re.search(r"@import|url\(|https?://", html.text(MIXED))


def test_a_failed_check_is_open_and_a_passed_one_closed():
    page = html.text(MIXED)
    assert '<details class="check" id="D1" open>' in page
    assert '<details class="check" id="A1">' in page


@pytest.mark.parametrize(
    ("made", "headline"),
    [
        (MIXED, "✗ Did not reach the rung hardened; reached: declared."),
        (report(outcome("A1", "passed"), rung="declared"), "✓ Reached the rung declared, as asked for."),
        (
            report(outcome("A1", "skipped", reason="r"), rung="declared"),
            "○ Did not reach the rung declared; reached: none.",
        ),
        (
            report(outcome("A1", "passed"), groups=frozenset("A")),
            "✓ Only some checks were run, so no rung is reached.",
        ),
    ],
)
def test_the_first_line_is_the_verdict(made, headline):
    assert f"<strong>{headline}</strong>" in html.text(made)


def test_a_rung_that_holds_above_one_that_does_not_is_not_shown_as_reached():
    made = report(outcome("A1", "failed", WRONG), outcome("F1", "passed", RIGHT, rung="hardened"))
    page = html.text(made)
    assert "✗ 0 of 1 hold" in page
    assert "1 of 1 hold, but not all below" in page
    assert "nothing was checked" in page
    assert page.count("not asked for") == 2


def test_it_says_how_to_run_the_same_again():
    made = report(outcome("A1", "passed"), rung="declared", groups=frozenset("A"), streams=frozenset({"notes"}))
    assert "custify certify tiny --rung declared --group A --stream notes" in html.text(made)


@pytest.fixture
def console(tmp_path):
    """Return a browser that opens a page and returns what it wrote to its console."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed")

    def opened(page):
        file = tmp_path / "report.html"
        file.write_text(page, "utf-8")
        words = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}/profile", "--dump-dom", file.as_uri()]
        done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=True)  # noqa: S603 - our own page
        assert "</html>" in done.stdout
        return [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return opened


def test_a_browser_opens_the_page_without_a_complaint(console):
    assert console(html.text(MIXED)) == []


def test_a_page_that_loaded_something_would_be_complained_about(console):
    assert console(html.text(MIXED).replace("</main>", '<img src="http://127.0.0.1:1/x.png"></main>')) != []
