import sys

import keyring
import pytest
from keyring.backends import chainer, fail, null
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError

from custify_connector.checking.secret import Secret
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import key_stores, private_file
from custify_connector.host.key_stores import FileStore, KeyringStore


class Memory:
    """A keyring that works; `error` makes every call fail."""

    name = "memory"
    priority = 5

    def __init__(self, error=None):
        self.kept = {}
        self.error = error

    def _check(self):
        if self.error:
            raise self.error

    def get_password(self, service, name):
        """Find."""
        self._check()
        return self.kept.get((service, name))

    def set_password(self, service, name, password):
        """Keep."""
        self._check()
        self.kept[service, name] = password

    def delete_password(self, service, name):
        """Forget."""
        self._check()
        if self.kept.pop((service, name), None) is None:
            raise PasswordDeleteError


@pytest.fixture(params=["file", "keyring"])
def store(request, tmp_path):
    return FileStore(tmp_path / "keys.json") if request.param == "file" else KeyringStore(Memory())


def test_a_key_is_kept_found_and_forgotten(store, canary):
    store.put("a", Secret(canary))
    store.put("b", Secret("other"))
    assert store.get("a") == Secret(canary)
    store.drop("a")
    store.drop("a")
    assert store.get("a") is None
    assert store.get("b") == Secret("other")
    assert canary not in repr(vars(store))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"keys": 3}', b'{"key": {}}', b"\xff"])
def test_a_damaged_file_is_reported_and_not_overwritten(tmp_path, content):
    path = tmp_path / "keys.json"
    private_file.replace(path, content)
    with pytest.raises(ConfigurationError, match="is damaged: restore a copy"):
        FileStore(path).put("a", Secret("x"))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("error", "text"),
    [(KeyringLocked("x"), "is locked"), (InitError("x"), "cannot be used"), (RuntimeError("x"), "cannot be used")],
    ids=lambda value: type(value).__name__,
)
def test_a_keyring_that_does_not_answer_is_reported_with_the_way_out(canary, error, text):
    error.args = (f"set_password({canary})",)
    with pytest.raises(ConfigurationError, match=f"{text}.*--store file") as caught:
        KeyringStore(Memory(error)).put("a", Secret(canary))
    assert canary not in str(caught.value)


def test_a_keyring_that_forgets_without_a_word_is_refused():
    backend = Memory()
    backend.set_password = lambda *_: None
    with pytest.raises(ConfigurationError, match="did not store the key"):
        KeyringStore(backend).put("a", Secret("x"))


class Weak(Memory):
    """Like a plain file, which keyring itself does not recommend."""

    priority = 0.5


class Chain(chainer.ChainerBackend):
    """Of several, of which there are none."""

    backends = ()


@pytest.mark.parametrize("backend", [fail.Keyring(), null.Keyring(), Weak(), Chain()], ids=lambda one: str(type(one)))
def test_a_keyring_that_keeps_nothing_or_is_not_recommended_is_passed_over(monkeypatch, tmp_path, backend):
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    assert key_stores.preferred(tmp_path).kind == "file"
    with pytest.raises(ConfigurationError, match=r"no working keyring was found: pip install .*, or --store file"):
        key_stores.of_kind("keyring", tmp_path)


def test_the_keyring_is_preferred_where_one_works(monkeypatch, tmp_path):
    monkeypatch.setattr(keyring, "get_keyring", Memory)
    assert key_stores.preferred(tmp_path).place == "the system's keyring (memory)"
    assert key_stores.of_kind("keyring", tmp_path).kind == "keyring"
    assert key_stores.of_kind("file", tmp_path).kind == "file"


def test_without_the_library_or_with_a_broken_one_keys_go_into_the_file(monkeypatch, tmp_path):
    def broken():
        raise RuntimeError

    monkeypatch.setattr(keyring, "get_keyring", broken)
    assert key_stores.preferred(tmp_path).kind == "file"
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert key_stores.preferred(tmp_path).kind == "file"
