"""A real account in the place of an emulated service: its credential, and whether anything may be written to it.

It offers what can be asked of a real account, and nothing that only an emulated one can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from custify_connector.contract.testbed import Credentials, NotOffered, Record, Service, WriteCase


@dataclass(frozen=True)
class Account:
    """The credential of a real account, never shown; nothing is written unless `allow_writes` says so."""

    credential: Mapping[str, Any] = field(repr=False)
    allow_writes: bool = False


class RealService(Service):
    """The account as a service: streams and write cases are those of the testbed, without the testbed's settings."""

    def __init__(self, account: Account, emulated: Service, secrets: tuple[str, ...]) -> None:
        self.streams = emulated.streams
        self.write_cases = tuple(map(_as_described, emulated.write_cases))
        self._gentle: Record = {}
        with suppress(NotOffered):
            self._gentle = {"settings": emulated.settings(in_flight=1)}
        self._credentials = Credentials(account.credential, account.credential, secrets)

    @property
    def credentials(self) -> Credentials:
        """The one credential; there is no bad one here."""
        return self._credentials

    def source(self, stream: str) -> Record:
        """Return the stream at the connector's own pace, one request at a time where it has a setting for that."""
        return {"endpoint": stream, **self._gentle}


def _as_described(case: WriteCase) -> WriteCase:
    destination = {name: value for name, value in case.destination.items() if name != "settings"}
    return replace(case, destination=destination)
