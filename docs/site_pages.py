# ruff: noqa: INP001 - hooks of MkDocs, beside the pages that they change; no package
"""Hooks of the site: pages that stand outside `docs/`, links out of it, and the reference of what is public in Python.

Decides where a link of the repository leads in the site. A page of the root is a page of the site, another file is
copied, and a folder is only named, because a site has no listing of it.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent

ROOT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md")

REFERENCE = """\
# Python reference

Others build on two modules. [The contract](contract.md) says what a host can rely on.

::: custify_connector.contract

::: custify_connector.contract.testbed
"""

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
_BLOCK = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"(!\[[^\]]*\]\()docs/")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root, every file that a page links to, and the reference."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - it is only there where the site is built

    for path in (*ROOT_PAGES, *linked_files()):
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    files.append(File.generated(config, "api.md", content=REFERENCE))
    return files


def on_page_markdown(markdown: str, page: Page, **_others: object) -> str:
    """Return the text of a page with its links as they lead in the site."""
    return in_the_site(markdown, PurePosixPath("." if page.file.src_path in ROOT_PAGES else "docs"))


def in_the_site(text: str, folder: PurePosixPath) -> str:
    """Return a page of this folder of the repository with the links of the site; blocks of code stay as they are."""
    parts = _BLOCK.split(text)
    return "".join(part if part.startswith("```") else _relinked(part, folder) for part in parts)


def linked_files() -> set[str]:
    """Return the files outside `docs/`, other than pages of the root, to which a page links."""
    pages = [*(ROOT / name for name in ROOT_PAGES), *(ROOT / "docs").glob("*.md")]
    targets = {
        _place(match[2], PurePosixPath(page.parent.relative_to(ROOT).as_posix()))
        for page in pages
        for match in _LINK.finditer(_BLOCK.sub("", page.read_text("utf-8")))
    }
    return {one for one in targets if (ROOT / one).is_file() and not one.startswith("docs/")} - {*ROOT_PAGES}


def _relinked(text: str, folder: PurePosixPath) -> str:
    def link(match: re.Match[str]) -> str:
        place = _place(match[2], folder)
        if (ROOT / place).is_dir():
            return match[1]
        return f"[{match[1]}]({place.removeprefix('docs/')}{match[3] or ''})"

    return _PICTURE.sub(r"\1", _LINK.sub(link, text))


def _place(target: str, folder: PurePosixPath) -> str:
    """Return the path of a link's target from the root of the repository."""
    return (ROOT / folder / target).resolve().relative_to(ROOT).as_posix()
