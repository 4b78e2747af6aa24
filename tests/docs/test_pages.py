"""What the pages say is what the code has: tables, hooks, settings, outcomes, links."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from custify_connector import manifest
from custify_connector.cli import main
from custify_connector.contract import HOOKS, OUTCOMES, ConnectorHooks
from custify_connector.manifest import resources

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for folder in ("", "docs", "benchmarks", ".github")
    for path in (ROOT / folder).glob("*.md")
)


def test_generated_text_is_what_would_be_generated_now(generate):
    differing = [path for path, text in generate.pages().items() if (ROOT / path).read_text("utf-8") != text]
    assert not differing, "run python docs/generate.py"


def test_the_check_says_which_page_differs(generate, monkeypatch, capsys):
    monkeypatch.setattr(generate, "pages", lambda: {"docs/endpoints.md": "something else"})
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/endpoints.md: differs; run python docs/generate.py\n"


def test_a_page_that_lost_its_marks_is_an_error(generate):
    with pytest.raises(LookupError, match="has lost its marks <!-- generated: limited -->"):
        generate.filled("no marks here", {"limited": "table"})


def test_the_tables_of_endpoints_have_every_endpoint_and_no_other(page, table_rows):
    sections = page("docs/endpoints.md").sections(2).values()
    named = [cells[0] for text in sections for cells in table_rows(text.partition("### ")[0], 4)]
    known = manifest.load()
    assert named == [f"[`{name}`](#{name})" for name in (*known.sources, *known.destinations)]


def test_the_readme_is_short_and_counts_the_endpoints(page):
    text, known = page("README.md").text, manifest.load()
    assert len(text.splitlines()) <= 200
    assert f"{len(known.sources)} sources such as" in text.replace("\n", " ")
    assert f"{len(known.destinations)} destinations such as" in text.replace("\n", " ")


def test_every_hook_is_documented_with_its_arguments(page, table_rows):
    documented = {cells[0]: cells[1] for cells in table_rows(page("docs/architecture.md").sections(2)["Hooks"], 3)}
    for hook in HOOKS:
        arguments = [name for name in inspect.signature(getattr(ConnectorHooks, hook)).parameters if name != "self"]
        assert documented.pop(f"`{hook}`") == (", ".join(f"`{name}`" for name in arguments) or "none")
    assert not documented


def test_every_file_that_the_architecture_names_is_there(page):
    named = re.findall(r"`(\w+(?:/\w+)*(?:\.py|/))`", page("docs/architecture.md").text)
    assert len(set(named)) > 30
    places = [ROOT / "custify_connector", ROOT]
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_setting_is_documented(page):
    section = page("docs/settings.md").sections(2)["Options"]
    settings = resources.schema("source")["$defs"]["settings"]["properties"]
    assert [name for name in settings if f"`{name}" not in section] == []


def test_every_command_is_shown(page):
    shown = "".join(page(path).text for path in PAGES)
    assert [
        name for name in main.list_commands(None) if f"custify {name}" not in shown and f"make {name}" not in shown
    ] == []


def test_every_outcome_is_documented(page, table_rows):
    documented = [cells[0] for cells in table_rows(page("docs/writing.md").sections(2)["Outcomes"], 2)]
    documented = [name for name in documented if name.startswith("`")]
    assert sorted(documented) == sorted(f"`{outcome}`" for outcome in OUTCOMES)


def test_the_output_of_the_demo_is_the_one_shown(page, terminal, monkeypatch, caplog):
    monkeypatch.setattr("sys.argv", [".venv/bin/custify", "demo"])
    monkeypatch.setenv("PATH", str(terminal.folder))
    warning, _, shown = page("README.md").blocks("text")[0].partition("\n")
    assert timeless(terminal.custify("custify demo")[0]) == timeless(shown)
    said = [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.levelname != "DEBUG"]
    assert said == [warning]


def timeless(text):
    return re.sub(r" +\d+\.\d\d$", " seconds", text, flags=re.MULTILINE).strip()


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(path, page):
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page(path).text, flags=re.DOTALL))
    for target in targets:
        if not target.startswith("https://"):
            file, _, heading = target.partition("#")
            there = (ROOT / path).parent / file if file else ROOT / path
            assert there.exists(), target
            assert not heading or heading in slugs(there.read_text("utf-8")), target


def test_every_page_that_other_files_name_is_there():
    """Messages, docstrings, examples and definitions of hubs send their readers to a page, and to a section of it."""
    folders = ("custify_connector", "examples", "schemas", "hub")
    files = [path for name in folders for path in (ROOT / name).rglob("*") if path.suffix in {".py", ".yaml", ".yml"}]
    named = {found for path in files for found in re.findall(r"\bdocs/[\w-]+\.md(?:#[\w-]+)?", path.read_text("utf-8"))}
    assert named
    assert [one for one in named if not leads_somewhere(*one.partition("#")[::2])] == []


def leads_somewhere(file, heading):
    return (ROOT / file).is_file() and (not heading or heading in slugs((ROOT / file).read_text("utf-8")))


def slugs(text):
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
