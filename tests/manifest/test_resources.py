"""Where the manifest and the schemas are found: in an installed package, in a checkout, or nowhere."""

import json

import pytest

from custify_connector.manifest import resources


@pytest.fixture
def placed(tmp_path, monkeypatch):
    """Return a package folder of its own, so that what lies in it or beside it decides; nothing is remembered."""
    package = tmp_path / "custify_connector"
    package.mkdir()
    monkeypatch.setattr(resources, "PACKAGE", package)
    _forget()
    yield package
    _forget()


def _forget():
    for remembered in (resources.root, resources.schema, resources.load):
        remembered.cache_clear()


def fill(folder, schema):
    (folder / "connector.yaml").write_text("manifest: 1\n")
    (folder / "schemas" / "records").mkdir(parents=True)
    (folder / "schemas" / "records" / "thing.json").write_text(json.dumps(schema))


def test_in_a_checkout_they_are_found_beside_the_package(placed):
    fill(placed.parent, {"title": "beside"})
    assert resources.root() == placed.parent
    assert resources.schema("records/thing") == {"title": "beside"}


def test_an_installed_package_prefers_its_own(placed):
    fill(placed.parent, {"title": "beside"})
    fill(placed, {"title": "inside"})
    assert resources.root() == placed
    assert resources.schema("records/thing") == {"title": "inside"}


@pytest.mark.parametrize("lost", ["connector.yaml", "schemas"])
def test_an_installation_that_lost_a_part_says_what_to_do(placed, lost):
    fill(placed, {})
    (placed / lost).rename(placed / "lost")
    with pytest.raises(FileNotFoundError, match="install it again"):
        resources.root()


def test_a_schema_that_is_not_there_is_an_error(placed):
    fill(placed, {})
    with pytest.raises(FileNotFoundError):
        resources.schema("records/other")
