"""What can go wrong for everybody, named by whose move it is.

One record's fault is a value (a receipt); only what stops a run is raised. Nothing here knows Custify or HTTP.
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
    """Something was refused before any request; `faults` holds everything that is wrong with it, not just the first."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults

    def __reduce__(self) -> tuple[type[FaultyInput], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class ConfigurationError(FaultyInput):
    """The caller's move: a credential, source, destination, mapping or input file is wrong."""


def refuse(faults: tuple[Fault, ...]) -> None:
    """Raise ConfigurationError when there are faults."""
    if faults:
        raise ConfigurationError(faults)


class StateError(ConfigurationError):
    """The caller's move: a stored state is damaged, of another endpoint, or of a newer version."""


class ManifestError(FaultyInput):
    """The connector author's move: `connector.yaml` or a schema beside it is wrong."""


class CredentialRefused(ConnectorError):
    """The key owner's move: the service does not accept this key at all (401)."""


class PermissionRefused(CredentialRefused):
    """The key owner's move: the key is valid, and not allowed here (403). Other endpoints may work."""


class ServiceUnavailable(ConnectorError):
    """Time's move: the service could not be reached, or kept failing until the connector gave up."""


class UnexpectedReply(ConnectorError):
    """Nobody's records are at fault: the service answered in a way that the manifest does not describe."""


class ConnectorFailed(ConnectorError):
    """The connector author's move: another connector raised what the contract does not know."""
