"""The connector of another public API, in examples/gorest: made from the public parts alone, and certified."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from custify_connector.certification import catalogue
from custify_connector.certification.running import Selection, run

GOREST = Path(__file__).resolve().parents[2] / "examples" / "gorest"
PUBLIC = {f"custify_connector.{name}" for name in ("contract", "contract.testbed", "certification.emulation")}


@pytest.fixture
def gorest(monkeypatch):
    monkeypatch.syspath_prepend(str(GOREST))
    return catalogue.of("gorest", importlib.import_module("gorest_connector.connector").connector)


def unproved(outcomes):
    return {one.check.id: one.verdict for one in outcomes if one.verdict.result in {"failed", "skipped"}}


def test_it_is_made_from_public_parts_alone():
    nodes = (node for file in GOREST.rglob("*.py") for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    assert {one for one in modules if one.startswith("custify_connector.")} <= PUBLIC


def test_its_description_is_true(gorest):
    assert unproved(run(gorest, Selection("declared", groups=frozenset("ACJ")))) == {}


def test_it_reads_and_writes_the_emulated_service(gorest):
    chosen = frozenset({"D1", "D4", "D6", "D7", "E2", "F6", "F10", "F12", "G1", "G2", "G9", "G12", "G17", "H8"})
    assert unproved(run(gorest, Selection("hardened", checks=chosen))) == {}


@pytest.mark.slow
@pytest.mark.alone
def test_it_is_hardened(gorest):
    assert unproved(run(gorest, Selection("hardened"))) == {}
