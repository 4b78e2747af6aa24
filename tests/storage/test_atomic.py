"""Whole files: the old content or the new, through links, with the permissions that they had."""

import errno
import os
from pathlib import Path

import pytest

from custify_connector.storage import atomic

posix = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def names(path):
    return sorted(each.name for each in path.parent.iterdir())


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_file_is_made_and_replaced_and_nothing_stays_beside_it(path):
    for content in (b"one", b"two"):
        atomic.replace(path, content)
        assert path.read_bytes() == content
        assert names(path) == ["file"]


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_new_file_has_the_mode_that_the_umask_leaves_and_a_private_one_is_its_owners(tmp_path, umask):
    before = os.umask(umask)
    try:
        atomic.replace(tmp_path / "file", b"")
        atomic.replace(tmp_path / "private", b"", private=True)
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o666 & ~umask
    assert mode(tmp_path / "private") == 0o600


@posix
@pytest.mark.parametrize("before", [0o600, 0o640, 0o644, 0o660, 0o666])
def test_the_mode_of_a_file_stays_and_a_private_one_becomes_its_owners(path, before):
    path.touch()
    path.chmod(before)
    atomic.replace(path, b"new")
    assert mode(path) == before
    atomic.replace(path, b"new", private=True)
    assert mode(path) == 0o600


@posix
@pytest.mark.parametrize("hops", [1, 2])
def test_a_link_is_followed_and_stays_a_link(tmp_path, path, hops):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", path
    for number in range(hops):
        following = target if number == hops - 1 else tmp_path / f"hop-{number}"
        link.symlink_to(following)
        link = following
    atomic.replace(path, b"one")
    (tmp_path / "part").write_bytes(b"two")
    assert target.read_bytes() == b"one"
    atomic.publish(tmp_path / "part", path)
    assert path.is_symlink()
    assert target.read_bytes() == b"two"
    assert [each.name for each in (tmp_path / "folder").iterdir()] == ["target"]


@posix
def test_a_private_file_takes_the_place_of_a_link(tmp_path, path):
    (tmp_path / "elsewhere").write_bytes(b"others")
    path.symlink_to(tmp_path / "elsewhere")
    atomic.replace(path, b"key", private=True)
    assert not path.is_symlink()
    assert (path.read_bytes(), mode(path)) == (b"key", 0o600)
    assert (tmp_path / "elsewhere").read_bytes() == b"others"


def test_what_fails_leaves_the_old_content_and_nothing_beside_it(path):
    atomic.replace(path, b"old")
    with pytest.raises(TypeError), atomic.replacing(path) as stream:
        stream.writelines([b"new" * 100_000, None])
    assert path.read_bytes() == b"old"
    assert names(path) == ["file"]


def test_a_full_disk_leaves_the_old_content_and_nothing_beside_it(path, monkeypatch):
    atomic.replace(path, b"old")

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(path) == ["file"]


@posix
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a directory", "a pipe"])
def test_what_is_no_regular_file_is_not_replaced(path, make):
    make(path)
    (path.parent / "part").write_bytes(b"new")
    for replace in (lambda: atomic.replace(path, b""), lambda: atomic.publish(path.parent / "part", path)):
        with pytest.raises(OSError, match=r"is a directory|is not a regular file"):
            replace()
    assert not path.is_file()
    assert names(path) == ["file", "part"]


@posix
def test_a_folder_that_may_not_be_written_leaves_the_old_content(path):
    atomic.replace(path, b"old")
    path.parent.chmod(0o555)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            atomic.replace(path, b"new")
    finally:
        os.seteuid(before)
        path.parent.chmod(0o755)
    assert path.read_bytes() == b"old"


def test_a_file_is_published_across_file_systems(path, monkeypatch):
    atomic.replace(path, b"old")
    part, plain = path.with_name("part"), Path.replace

    def across(self, target):
        if self == part:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return plain(self, target)

    part.write_bytes(b"new")
    monkeypatch.setattr(Path, "replace", across)
    atomic.publish(part, path)
    assert path.read_bytes() == b"new"
    assert names(path) == ["file"]
