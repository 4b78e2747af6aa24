"""The words of CONTRIBUTING.md: no message, docstring, comment or page has what its table forbids."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("custify_connector", "docs", "examples", "schemas", "benchmarks", "tests")
DATA = {"CONTRIBUTING.md", "released.json", "test_words.py"}
"""The table itself, a copy of an earlier release, and this test with its samples."""


def prose(path):
    """Yield each text of a file that a person reads, with its line."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    if "tests" not in path.relative_to(ROOT).parts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) > 1:
                yield node.lineno, node.value


def pattern(phrases):
    starts = (rf"(?<!\w){re.escape(phrase)}(?!\w)" for phrase in phrases)
    return re.compile("|".join(starts), re.IGNORECASE)


def faults(path, banned):
    for line, text in prose(path):
        yield from (f"{path.relative_to(ROOT)}:{line}: {found[0]}" for found in banned.finditer(text))


@pytest.fixture(scope="module")
def banned():
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| .+ \|$", page.partition("| do not write | write |")[2], re.MULTILINE)
    assert len(rows) > 20
    return pattern(row for row in rows if row != "---")


def files():
    for folder in FOLDERS:
        yield from (
            path
            for path in (ROOT / folder).rglob("*")
            if path.suffix in {".py", ".md", ".html", ".yaml", ".json", ".txt"}
        )
    yield from (*ROOT.glob("*.md"), ROOT / "connector.yaml")


def test_no_page_message_or_comment_has_a_word_of_the_table(banned):
    read = [path for path in files() if path.name not in DATA and ".environments" not in path.parts]
    assert [fault for path in read for fault in faults(path, banned)] == []


def test_a_word_is_found_in_messages_docstrings_comments_and_pages(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "page.md").write_text("It is\nfutile.\n")
    code = '"""Anew at once."""\nname = f"count it anew, {anew}"  # futile\nanew = "anew"\n'
    (tmp_path / "code.py").write_text(code)
    banned = pattern(["anew", "futile"])
    assert sorted(faults(tmp_path / "code.py", banned)) == ["code.py:1: Anew", "code.py:2: anew", "code.py:2: futile"]
    assert list(faults(tmp_path / "page.md", banned)) == ["page.md:2: futile"]
