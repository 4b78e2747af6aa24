"""The errors that stop a run, named by who can act on them.

A fault of one record is a value, a receipt. Nothing here knows Custify or HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an argument: where (`credential.api_key`), and what to do about it."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class ConnectorError(Exception):
    """The parent of every error that a hook raises; its text is meant for a person."""


class FaultyInput(ConnectorError):
    """Something was refused before any request; `faults` holds all that is wrong with it, not just the first."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults

    def __reduce__(self) -> tuple[type[FaultyInput], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class ConfigurationError(FaultyInput):
    """For the caller to correct: a credential, source, destination, mapping or input file is wrong."""


def refuse(faults: tuple[Fault, ...]) -> None:
    """Raise ConfigurationError when there are faults."""
    if faults:
        raise ConfigurationError(faults)


class StateError(ConfigurationError):
    """For the caller to correct: a stored state is damaged, of another endpoint, or of a newer version."""


class ManifestError(FaultyInput):
    """For the connector's author: `connector.yaml` or a schema beside it is wrong."""


class CredentialRefused(ConnectorError):
    """For the key's owner: the service does not accept this key at all (401)."""


class PermissionRefused(CredentialRefused):
    """For the key's owner: the key is valid, and not allowed here (403). Other endpoints may work."""


class ServiceUnavailable(ConnectorError):
    """For a later run: the service could not be reached, or kept failing until the connector gave up."""


class Interrupted(ConnectorError):
    """For who asked for it: the run came to its end early. What was delivered is whole, and its state leads on."""


class IncompleteRead(ConnectorError):
    """For a later run: a read came to its end, and records that the service counts never came.

    Raised after the last batch, whose state starts over: from the beginning, or from the cursor of the run before.
    """


class UnexpectedReply(ConnectorError):
    """For the connector's author: the service answered in a way that the connector does not know."""


class ConnectorFailed(ConnectorError):
    """For the connector's author: another connector raised what the contract does not know."""
