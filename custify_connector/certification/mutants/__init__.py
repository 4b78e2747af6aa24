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
    recorded_and_live,
    state,
    writing,
    writing_again,
    writing_orders,
    writing_values,
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
    "recorded_and_live",
    "state",
    "writing",
    "writing_again",
    "writing_orders",
    "writing_values",
]
