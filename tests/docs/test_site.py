"""The site: where the links of a page lead in it. `make site` builds it, and refuses a link that leads nowhere."""

import importlib.util
import re
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site():
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "docs" / "site_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("folder", "written", "shown"),
    [
        (".", "[a page](docs/hosts.md#spark)", "[a page](hosts.md#spark)"),
        (".", "![a picture](docs/pictures/overview.svg)", "![a picture](pictures/overview.svg)"),
        (".", "[a file](examples/host.py)", "[a file](examples/host.py)"),
        ("docs", "[a page](hosts.md)", "[a page](hosts.md)"),
        ("docs", "[the root](../CONTRIBUTING.md#versions)", "[the root](CONTRIBUTING.md#versions)"),
        ("docs", "[a file](../Containerfile)", "[a file](Containerfile)"),
        ("docs", "[a folder](../schemas)", "a folder"),
        ("docs", "[here](#there) and [elsewhere](https://docs.custify.com)", None),
        ("docs", "```text\n[code](../schemas)\n```", None),
    ],
)
def test_a_link_leads_in_the_site_where_it_leads_in_the_checkout(site, folder, written, shown):
    assert site.in_the_site(written, PurePosixPath(folder)) == (shown or written)


def test_every_file_that_a_page_links_to_is_in_the_site(site):
    assert {"LICENSE", "examples/host.py", "schemas/credential.json"} <= site.linked_files()
    assert not [path for path in site.linked_files() if path.startswith("docs/") or path in site.ROOT_PAGES]


def test_every_page_is_in_the_navigation(site):
    named = set(re.findall(r"^ +- (?:[\w ]+: )?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    linked = {path for path in site.linked_files() if path.endswith(".md")}
    assert named == {*pages, *site.ROOT_PAGES, *linked, "api.md"}
