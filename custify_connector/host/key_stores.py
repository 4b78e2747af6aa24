"""Where keys are kept: in the system's keyring where one works, else in a file that only its owner may read.

Decides which of the two, and never falls back from one to the other in silence. It knows keys by a handle, and not
what they open.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import orjson

from custify_connector.checking.secret import Secret
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import private_file
from custify_connector.host.installation import command_for

Kind = Literal["keyring", "file"]
Answer = TypeVar("Answer")

_SERVICE = "custify"
_RECOMMENDED_PRIORITY = 1


class KeyStore(Protocol):
    """Keeps keys by handle. Each call may raise ConfigurationError."""

    kind: Kind
    place: str
    """Where that is, in words for a person."""

    def put(self, handle: str, key: Secret) -> None:
        """Keep a key."""

    def get(self, handle: str) -> Secret | None:
        """Return a key, None when it is not there."""

    def drop(self, handle: str) -> None:
        """Forget a key; one that is not there is no fault."""


class FileStore:
    """Keys in one file of mode 0600."""

    kind: Kind = "file"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = f"the file {path}, which only you may read (mode 0600), not encrypted"

    def put(self, handle: str, key: Secret) -> None:
        """See KeyStore."""
        self._save({**self._keys(), handle: key})

    def get(self, handle: str) -> Secret | None:
        """See KeyStore."""
        return self._keys().get(handle)

    def drop(self, handle: str) -> None:
        """See KeyStore."""
        keys = self._keys()
        if keys.pop(handle, None) is not None:
            self._save(keys)

    def _keys(self) -> dict[str, Secret]:
        content = private_file.read(self.path)
        if content is None:
            return {}
        try:
            return {handle: Secret(key) for handle, key in orjson.loads(content)["keys"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            reason = "is damaged: restore a copy, or move it away and rotate each credential"
            raise ConfigurationError((Fault(str(self.path), reason),)) from None

    def _save(self, keys: dict[str, Secret]) -> None:
        shown = {handle: key.reveal() for handle, key in keys.items()}
        private_file.replace(self.path, orjson.dumps({"version": 1, "keys": shown}))


class KeyringStore:
    """Keys in the system's keyring; `backend` is what `keyring.get_keyring` returns."""

    kind: Kind = "keyring"

    def __init__(self, backend: Any) -> None:  # noqa: ANN401 - of a library that is not always there
        self._backend = backend
        self.place = f"the system's keyring ({getattr(backend, 'name', type(backend).__name__)})"

    def put(self, handle: str, key: Secret) -> None:
        """See KeyStore; the key is read back, since some backends forget without a word."""
        self._ask(lambda: self._backend.set_password(_SERVICE, handle, key.reveal()))
        if self.get(handle) != key:
            raise _unusable("did not store the key")

    def get(self, handle: str) -> Secret | None:
        """See KeyStore."""
        found = self._ask(lambda: self._backend.get_password(_SERVICE, handle))
        return Secret(found) if found else None

    def drop(self, handle: str) -> None:
        """See KeyStore."""
        if self.get(handle) is not None:
            self._ask(lambda: self._backend.delete_password(_SERVICE, handle))

    @staticmethod
    def _ask(call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the backend answers
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - a backend is anyone's code, and its text may hold the key
            locked = "Locked" in type(error).__name__
            raise _unusable("is locked" if locked else f"cannot be used ({type(error).__name__})") from None


def _unusable(what: str) -> ConfigurationError:
    remedy = "unlock it or log in to the desktop, and try again; to keep keys in a file, use --store file"
    return ConfigurationError((Fault("keyring", f"the system's keyring {what}: {remedy}"),))


def keyring_backend() -> Any | None:  # noqa: ANN401 - of a library that is not always there
    """Return the keyring of this machine, None when there is none that is fit for keys."""
    try:
        import keyring  # noqa: PLC0415 - an extra, and 90 ms

        backend = keyring.get_keyring()
        return backend if _is_fit(backend) else None
    except ImportError:
        return None
    except Exception:  # noqa: BLE001 - backends and their settings are anyone's; doctor reports it
        return None


def _is_fit(backend: Any) -> bool:  # noqa: ANN401 - as above
    """Refuse backends that keep nothing, and those that keyring itself does not recommend."""
    module = type(backend).__module__
    if module.startswith(("keyring.backends.fail", "keyring.backends.null")):
        return False
    if module.startswith("keyring.backends.chainer"):
        return any(_is_fit(each) for each in backend.backends)
    return bool(backend.priority >= _RECOMMENDED_PRIORITY)


def preferred(folder: Path) -> KeyStore:
    """Return the keyring where one works, else the file in `folder`."""
    backend = keyring_backend()
    return FileStore(folder / "keys.json") if backend is None else KeyringStore(backend)


def of_kind(kind: Kind, folder: Path) -> KeyStore:
    """Return the store of this kind; raises ConfigurationError when there is no keyring on this machine."""
    if kind == "file":
        return FileStore(folder / "keys.json")
    backend = keyring_backend()
    if backend is None:
        reason = f"no working keyring was found: {command_for('keyring')}, or --store file"
        raise ConfigurationError((Fault("keyring", reason),))
    return KeyringStore(backend)
