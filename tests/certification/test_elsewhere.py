"""Every truth of the list is a check or proved elsewhere, and every clause of the contract has its checks."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
import yaml

from custify_connector.certification.catalogue import all_checks
from custify_connector.certification.checking import ADDED, GROUPS
from custify_connector.contract import HOOKS

ROOT = Path(__file__).resolve().parents[2]
CLAUSES = yaml.safe_load((ROOT / "docs/clauses.yaml").read_text())
ELSEWHERE = yaml.safe_load((ROOT / "docs/elsewhere.yaml").read_text())
LONGEST = {"A": 9, "B": 5, "C": 8, "D": 14, "E": 11, "F": 10, "G": 25, "H": 7, "J": 7, "K": 5}
"""The numbers that each group of the list goes up to."""


@pytest.mark.parametrize("one", ELSEWHERE, ids=lambda one: one["id"])
def test_what_proves_a_truth_elsewhere_is_there(one):
    assert one["tests"]
    for named in one["tests"]:
        file, _, name = named.partition("::")
        tree = ast.parse((ROOT / file).read_text())
        assert not name or name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, named


def test_every_truth_is_a_check_or_proved_elsewhere_and_none_is_both():
    checks, elsewhere = [one.id for one in all_checks()], [one["id"] for one in ELSEWHERE]
    listed = {f"{group}{number}" for group, last in LONGEST.items() for number in range(1, last + 1)}
    assert LONGEST.keys() == GROUPS.keys() - {ADDED}
    assert listed <= {*checks, *elsewhere}
    assert not {*checks} & {*elsewhere}


def test_every_hook_has_clauses_and_every_check_stands_at_just_one():
    assert {one["hook"] for one in CLAUSES} >= set(HOOKS)
    assert all(one["checks"] for one in CLAUSES)
    placed = Counter(name for one in CLAUSES for name in one["checks"])
    assert placed == Counter(one.id for one in all_checks())
