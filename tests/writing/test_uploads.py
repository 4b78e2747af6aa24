"""Which files may be uploaded."""

import pytest

from custify_connector.exchange.wire import Request
from custify_connector.writing import uploads


@pytest.fixture
def folder(tmp_path):
    """Return a directory with a file in it, one beside it, and a way out."""
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.txt").write_text("abc")
    (tmp_path / "secret.txt").write_text("s")
    (inside / "way out").symlink_to(tmp_path / "secret.txt")
    (inside / "way in").symlink_to(inside / "a.txt")
    return inside


def refusal(folder, path, directory="in"):
    directory = str(folder) if directory == "in" else directory
    return uploads.refusal(Request("POST", "/file", upload=folder / path), directory)


@pytest.mark.parametrize("path", ["a.txt", "./a.txt", "../in/a.txt", "way in"])
def test_a_file_under_the_directory_may_be_sent(folder, path):
    assert refusal(folder, path) is None


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/hosts", "way out", ".."])
def test_nothing_from_outside_the_directory_may_be_sent(folder, path):
    assert refusal(folder, path) == f"is not under {folder}, the directory that the destination's params name"


@pytest.mark.parametrize("path", ["b.txt", ".", ""])
def test_what_is_no_file_may_not_be_sent(folder, path):
    assert refusal(folder, path) == "is not a file that can be read"


def test_without_a_directory_nothing_may_be_sent(folder):
    assert refusal(folder, "a.txt", None).startswith("is not under")


def test_a_large_file_may_not_be_sent(folder, monkeypatch):
    monkeypatch.setattr(uploads, "MAXIMUM_BYTES", 2)
    assert refusal(folder, "a.txt") == "has 3 bytes; at most 2 are allowed"


def test_a_request_without_a_file_is_not_looked_at():
    assert uploads.refusal(Request("POST", "/people"), None) is None
