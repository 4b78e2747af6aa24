"""docs/endpoints.md: the command of every endpoint works, a destination's with its own example record."""

from __future__ import annotations

import json
import re

import pytest

from custify_connector import manifest

KNOWN = manifest.load()
AN_ID = "65f1bf11b7d4e8f90123ab01"
"""The id that the page writes where one is needed."""


def usage_and_example(page, name):
    """Return the command of an endpoint, and its example record."""
    section = page("docs/endpoints.md").sections(3)[name]
    commands = re.findall(r"```bash\n(.+)\n```", section)
    shown = [json.loads(text) for text in re.findall(r"```json\n(.+?)```", section, re.DOTALL)]
    return commands[0], shown[-1]


def test_every_endpoint_has_its_section_in_the_order_of_the_manifest(page):
    assert list(page("docs/endpoints.md").sections(3)) == [*KNOWN.sources, *KNOWN.destinations]


@pytest.mark.parametrize("name", KNOWN.sources)
def test_the_command_of_a_source_reads_it(name, page, terminal):
    command, _ = usage_and_example(page, name)
    command = command.replace(AN_ID, terminal.sandbox.content.companies[0]["id"])
    terminal.custify(command, "--rate-limit", "none")
    assert (terminal.folder / f"{name}.jsonl").exists()


@pytest.mark.parametrize("name", KNOWN.destinations)
def test_the_command_of_a_destination_takes_its_example(name, page, terminal):
    command, example = usage_and_example(page, name)
    (terminal.folder / f"{name}.jsonl").write_text(json.dumps(example), "utf-8")
    if KNOWN.destinations[name].upload:
        file = terminal.folder / example[KNOWN.destinations[name].upload]
        file.parent.mkdir()
        file.touch()
    (line,) = terminal.custify(command, "--dry-run")[0].splitlines()
    assert json.loads(line)["method"] == KNOWN.destinations[name].method
