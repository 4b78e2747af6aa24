"""What the project promises of versions: the locks fit what is declared, and name no address."""

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = SETTINGS["project"]
DEVELOPMENT, IMAGES = "requirements-dev.txt", "containers/constraints.txt"


def locked(path):
    """Return the versions that a lock names, by package: several where Pythons or systems need different ones."""
    versions = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / path).read_text("utf-8"), re.MULTILINE):
        versions.setdefault(name, []).append(version)
    return versions


def unfit(path, requirements):
    """Return the requirements that a lock does not meet."""
    versions = locked(path)
    needed = [Requirement(one) for one in requirements]
    return [
        str(one)
        for one in needed
        if one.name.lower() not in versions or not all(map(one.specifier.contains, versions[one.name.lower()]))
    ]


def test_the_lock_has_a_version_for_all_that_development_needs():
    groups = SETTINGS["dependency-groups"].values()
    wanted = [*PROJECT["dependencies"], *(one for group in groups for one in group)]
    assert unfit(DEVELOPMENT, wanted) == [], "run make lock"


def test_the_images_hold_what_the_connector_requires_in_the_versions_of_the_lock():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["duckdb"]]
    assert unfit(IMAGES, wanted) == [], "run make lock"
    tested = locked(DEVELOPMENT)
    assert [name for name, (version,) in locked(IMAGES).items() if version not in tested[name]] == [], "run make lock"


@pytest.mark.parametrize("path", [DEVELOPMENT, IMAGES])
def test_a_lock_names_no_address(path):
    """An index is a setting of the machine that installs."""
    assert "://" not in (ROOT / path).read_text("utf-8")


def test_the_lock_of_development_holds_exact_versions_that_pip_takes_as_constraints():
    lines = [line for line in (ROOT / DEVELOPMENT).read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) > 100
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+!-]+( ;.*)?", line)] == []


def test_an_extra_that_is_tested_has_the_same_lowest_version_in_the_tests():
    """`make test-lowest` installs the group `test`, so what that group names is what was tried."""
    tried = {Requirement(one).name: Requirement(one).specifier for one in SETTINGS["dependency-groups"]["test"]}
    offered = [Requirement(one) for extra in PROJECT["optional-dependencies"].values() for one in extra]
    assert [str(one) for one in offered if one.name in tried and tried[one.name] != one.specifier] == []
