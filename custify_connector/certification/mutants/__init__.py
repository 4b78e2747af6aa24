"""The mutants, one module a group; importing this enters them all."""

from custify_connector.certification.mutants import (
    certifier,
    credential_schema,
    credential_test,
    discovery,
    faults,
    input_contract,
    package,
    reading,
    state,
    writing,
)

__all__ = [
    "certifier",
    "credential_schema",
    "credential_test",
    "discovery",
    "faults",
    "input_contract",
    "package",
    "reading",
    "state",
    "writing",
]
