"""The checks, one module a group; importing this enters them all."""

from custify_connector.certification.checks import (
    certifier,
    credential_schema,
    credential_test,
    damaged_replies,
    discovery,
    faults,
    input_contract,
    limits,
    package,
    paging,
    reading,
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
    "damaged_replies",
    "discovery",
    "faults",
    "input_contract",
    "limits",
    "package",
    "paging",
    "reading",
    "state",
    "writing",
    "writing_again",
    "writing_orders",
    "writing_values",
]
