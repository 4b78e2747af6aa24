"""The host of examples/host.py and the one of the README; two connectors in one host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "examples" / "host.py"

OTHER = """
from custify_connector.contract import Batch, CredentialReport, Receipt, hookimpl

class Echo:
    @hookimpl
    def describe(self):
        credential = {"type": "object", "required": ["voice"], "properties": {"voice": {"type": "string"}}}
        shout = {"schema": {"examples": [{"word": "hello"}]}}
        return {"name": "echo", "credential": credential, "destinations": {"shout": shout}}

    @hookimpl
    def test_credential(self, credential):
        return CredentialReport(True, "ok", None, "echo hears you", None, 0)

    @hookimpl
    def read_source(self, credential, source, state):
        yield Batch("echoes", [{"word": "echo"}], {})

    @hookimpl
    def write_destination(self, credential, destination, records):
        for index, record in enumerate(records):
            yield Receipt(index, "planned", response=record)

connector = Echo()
"""


@pytest.fixture
def installed(tmp_path):
    """Return a folder that holds a second connector, as pip would have installed it."""
    folder = tmp_path / "installed"
    about = folder / "echo_connector-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "echo_connector.py").write_text(OTHER)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: echo-connector\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[connector]\necho = echo_connector:connector\n")
    return folder


def test_the_example_tests_reads_and_plans_to_write(terminal):
    printed = terminal.python(HOST, "custify", "people", "upsert_person").splitlines()
    assert printed[:2] == ["installed: custify", "test: ok Custify accepts this credential"]
    assert len([line for line in printed if line.startswith("read: {'id': ")]) == 3
    assert len([line for line in printed if line.startswith("write: planned {'method': 'POST', ")]) == 2
    assert not [entry for entry in terminal.sandbox.journal.entries if entry.method != "GET"]


def test_the_example_names_no_service():
    code = HOST.read_text("utf-8").partition("import os")[2]
    assert not re.search("custify(?!_connector)|people|api_key|base_url", code)


def test_two_connectors_in_one_host_are_addressed_each_by_its_name(terminal, installed):
    printed = terminal.python(HOST, "echo", "echoes", "shout", path=[installed]).splitlines()
    assert printed == [
        "installed: custify, echo",
        "test: ok echo hears you",
        "read: {'word': 'echo'}",
        "write: planned {'word': 'hello'}",
    ]
    printed = terminal.python(HOST, "custify", "companies", "upsert_company", path=[installed]).splitlines()
    assert printed[:2] == ["installed: custify, echo", "test: ok Custify accepts this credential"]


def test_the_host_of_the_readme_runs(terminal, page):
    (host,) = page("README.md").blocks("python")
    printed = terminal.python("-c", host).splitlines()
    assert (printed[0], printed[-1]) == ("30 people", "planned {'user_id': 'u-1'} None")


def test_the_hosts_are_as_short_as_they_say(page):
    (host,) = page("README.md").blocks("python")
    assert len([line for line in host.splitlines() if line]) <= 10
    assert len(HOST.read_text("utf-8").splitlines()) <= 37
