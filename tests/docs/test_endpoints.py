"""docs/endpoints.md: the command of every endpoint works, a destination's with its own example record."""

from __future__ import annotations

import json
import re

import pytest

from custify_connector import manifest
from custify_connector.plugin import connector

KNOWN = manifest.load()


def usage_and_example(page, name):
    """Return the command or, as a mapping, the host's argument of an endpoint, and its example record."""
    section = page("docs/endpoints.md").sections(3)[name]
    commands = re.findall(r"```bash\n(.+)\n```", section)
    shown = [json.loads(text) for text in re.findall(r"```json\n(.+?)```", section, re.DOTALL)]
    return (commands or shown)[0], shown[-1]


def test_every_endpoint_has_its_section_in_the_order_of_the_manifest(page):
    assert list(page("docs/endpoints.md").sections(3)) == [*KNOWN.sources, *KNOWN.destinations]


@pytest.mark.parametrize("name", [name for name, source in KNOWN.sources.items() if not source.undocumented])
def test_the_command_of_a_source_reads_it(name, page, terminal):
    command, _ = usage_and_example(page, name)
    terminal.custify(command, "--rate-limit", "none")
    assert (terminal.folder / f"{name}.jsonl").exists()


@pytest.mark.parametrize("name", [name for name, source in KNOWN.sources.items() if source.undocumented])
def test_the_argument_of_an_undocumented_source_reads_it(name, page, terminal):
    source, _ = usage_and_example(page, name)
    source["settings"]["rate_limit"] = None
    if "params" in source:
        source["params"] = dict.fromkeys(source["params"], terminal.sandbox.content.companies[0]["id"])
    assert list(connector.read_source(terminal.credential, source, None))


@pytest.mark.parametrize("name", [name for name, known in KNOWN.destinations.items() if not known.undocumented])
def test_the_command_of_a_destination_takes_its_example(name, page, terminal):
    command, example = usage_and_example(page, name)
    (terminal.folder / f"{name}.jsonl").write_text(json.dumps(example), "utf-8")
    if KNOWN.destinations[name].upload:
        file = terminal.folder / example[KNOWN.destinations[name].upload]
        file.parent.mkdir()
        file.touch()
    (line,) = terminal.custify(command, "--dry-run")[0].splitlines()
    assert json.loads(line)["method"] == KNOWN.destinations[name].method


@pytest.mark.parametrize("name", [name for name, known in KNOWN.destinations.items() if known.undocumented])
def test_the_argument_of_an_undocumented_destination_takes_its_example(name, page, terminal):
    destination, example = usage_and_example(page, name)
    receipts = connector.write_destination(terminal.credential, {**destination, "dry_run": True}, [example])
    assert [receipt.outcome for receipt in receipts] == ["planned"]
