"""The words of CONTRIBUTING.md: no message, docstring, comment, name or page has what its table forbids."""

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

OLD_NAMES = ROOT / "custify_connector" / "certification"
"""Has names yet that are to be changed: what it says is checked, what it calls things is not."""


def prose(path):
    """Yield each text of a file that a person reads, with its line."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    tree, is_test = ast.parse(text), "tests" in path.relative_to(ROOT).parts
    yield from docstrings(tree) if is_test else texts(tree)
    if not path.is_relative_to(OLD_NAMES):
        yield from names(tree)


def texts(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) > 1:
            yield node.lineno, node.value


def docstrings(tree):
    """Yield what a test says of itself; its other texts are data."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            yield getattr(node, "lineno", 1), ast.get_docstring(node) or ""


def names(tree):
    """Yield each name that is defined, as words."""
    for node in ast.walk(tree):
        defined = getattr(node, "name", None) if isinstance(node, (ast.ClassDef, ast.FunctionDef)) else None
        defined = node.arg if isinstance(node, ast.arg) else defined
        defined = node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else defined
        if defined:
            yield node.lineno, re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", defined)


def pattern(phrases):
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)", re.IGNORECASE)


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


def test_no_page_message_name_or_comment_has_a_word_of_the_table(banned):
    read = [path for path in files() if path.name not in DATA and ".environments" not in path.parts]
    assert [fault for path in read for fault in faults(path, banned)] == []


def test_a_word_is_found_in_messages_docstrings_comments_names_and_pages(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "page.md").write_text("It is\nfutile.\n")
    code = '"""Anew at once."""\nname = f"count it anew, {again}"  # futile\nagain = "anew"\nis_futile = AnewOne = 1\n'
    (tmp_path / "code.py").write_text(code)
    banned = pattern(["anew", "futile"])
    assert sorted(faults(tmp_path / "code.py", banned)) == [
        "code.py:1: Anew", "code.py:2: anew", "code.py:2: futile", "code.py:4: Anew", "code.py:4: futile",
    ]  # fmt: skip
    assert list(faults(tmp_path / "page.md", banned)) == ["page.md:2: futile"]
