import os

import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import private_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def test_a_file_that_is_not_there_is_no_fault(path):
    assert private_file.read(path) is None


def test_what_is_written_is_for_its_owner_alone_whatever_the_umask(path):
    before = os.umask(0)
    try:
        private_file.replace(path, b"one")
        private_file.replace(path, b"two")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert private_file.read(path) == b"two"
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620, 0o666])
def test_a_file_with_wider_permissions_is_refused_with_the_remedy(path, mode):
    private_file.replace(path, b"x")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"has mode {mode:04o}.*chmod 600"):
        private_file.read(path)


def test_a_link_is_refused(path, tmp_path):
    private_file.replace(tmp_path / "elsewhere", b"x")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        private_file.read(path)


def test_a_file_of_another_user_is_refused(path, monkeypatch):
    private_file.replace(path, b"x")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        private_file.read(path)


def test_a_failed_write_leaves_the_old_content_whole_and_nothing_beside_it(path, monkeypatch):
    private_file.replace(path, b"old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left on device; what it held before is unchanged"):
        private_file.replace(path, b"new")
    assert private_file.read(path) == b"old"
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_a_folder_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be written"):
        private_file.replace(tmp_path / "none" / "keys.json", b"x")


def test_a_file_that_is_far_too_large_is_refused(path):
    private_file.replace(path, b"x" * 1_000_001)
    with pytest.raises(ConfigurationError, match="too large"):
        private_file.read(path)


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_a_mounted_secret_may_be_read_by_the_group(path, tmp_path, mode):
    path.write_bytes(b"x")
    path.chmod(mode)
    (tmp_path / "link").symlink_to(path)
    assert private_file.read_mounted(tmp_path / "link") == b"x"


@pytest.mark.parametrize("mode", [0o444, 0o644, 0o660, 0o604, 0o602])
def test_a_mounted_secret_that_everyone_may_read_or_the_group_may_change_is_refused(path, mode):
    path.write_bytes(b"x")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"has mode {mode:04o}"):
        private_file.read_mounted(path)


def test_a_mounted_secret_that_is_not_there_is_reported(path):
    with pytest.raises(ConfigurationError, match="No such file"):
        private_file.read_mounted(path)
