"""The vendor's document, where it can be found, and what the manifest asks of the API by it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from custify_connector import manifest

METHODS = ("get", "post", "put", "patch", "delete")
PROSE = "Path appears only in vendor prose."


def _place():
    named = os.environ.get("CUSTIFY_OPENAPI")
    return Path(named) if named else Path(__file__).parents[2] / ".." / "shared" / "custify" / "openapi.yaml"


@dataclass(frozen=True)
class Operation:
    """One operation: whether the vendor documents it or only uses it, and whether its path stands in prose alone."""

    name: str
    method: str
    path: str
    documented: bool
    only_in_prose: bool

    @property
    def pattern(self):
        """What a path must look like to be this operation's, and no other's that has the same parts spelled out."""
        return re.compile(re.sub(r"\{[^}]*\}", "[^/]+", self.path))


@pytest.fixture(scope="session")
def document():
    """Return the vendor's OpenAPI document; the tests of this folder are skipped where there is none."""
    place = _place()
    if not place.is_file():
        pytest.skip("the vendor's OpenAPI document is not here: name it in CUSTIFY_OPENAPI")
    return yaml.load(place.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both safe


@pytest.fixture(scope="session")
def operations(document):
    """Return every operation of the document."""
    return [
        Operation(
            words["operationId"],
            method.upper(),
            path,
            documented=not words.get("x-undocumented"),
            only_in_prose=words.get("x-vendor-note") == PROSE,
        )
        for path, entry in document["paths"].items()
        for method, words in entry.items()
        if method in METHODS
    ]


@pytest.fixture(scope="session")
def operation_of(operations):
    """Return a function that finds the operation of a method and a path; spelled-out paths win over templates."""
    by_detail = sorted(operations, key=lambda each: each.path.count("{"))

    def find(method, path):
        fitting = (each for each in by_detail if each.method == method and each.pattern.fullmatch(path))
        return next(fitting, None)

    return find


@pytest.fixture(scope="session")
def known():
    """Return the manifest."""
    return manifest.load()
