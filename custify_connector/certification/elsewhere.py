"""The truths that are not a connector's to hold: each with its reason, and what proves it instead.

They are matters of a host or of an adapter, which the contract cannot see; the documentation lists them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Elsewhere:
    """One truth that is proved elsewhere: what it is, why no check of a connector can see it, and what proves it."""

    id: str
    truth: str
    reason: str
    proof: str


ELSEWHERE = (
    Elsewhere(
        "A9",
        "The same credential schema appears in every adapter",
        "a connector of the contract does not know which adapters draw its form",
        "the tests of each adapter, against the description of the same connector",
    ),
    Elsewhere(
        "I",
        "Each adapter passes these checks through the real host, and that host's own suite",
        "another host's process, format and suite stand between the check and the connector",
        "the tests of each adapter, with the host installed",
    ),
    Elsewhere(
        "exit codes",
        "The exit codes of the command are stable",
        "the contract has hooks and no command",
        "the tests of the command, against its published table",
    ),
)
