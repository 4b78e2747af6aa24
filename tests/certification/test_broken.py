"""The eight broken connectors that public suites let pass: each is certified without a fault or a limit, and refused.

Of these eight, Airbyte's standard tests found one and the Singer SDK's two.
"""

from __future__ import annotations

import pytest

from custify_connector.certification import catalogue
from custify_connector.certification.running import Selection, run
from tests.certification.broken.connectors import (
    BROKEN,
    EveryRowDropped,
    FieldsNeverDelivered,
    FirstPagesSkipped,
    KeyNotInSchema,
    NoKey,
    OtherFields,
    SameKey,
    WrongType,
)

REFUSED_BY = {
    SameKey: {"D1", "D2", "D4"},
    NoKey: {"D1", "D2", "D3"},
    KeyNotInSchema: {"C2", "D2"},
    FirstPagesSkipped: {"D1", "E2"},
    EveryRowDropped: {"G1", "G4", "G9"},
    FieldsNeverDelivered: {"D4"},
    OtherFields: {"D4"},
    WrongType: {"D3"},
}
"""What at least refuses each; others may, too."""


def failed(plugin):
    """Return the checks that it fails on, up to the rung rehearsed: what is refused there reaches none above."""
    outcomes = run(catalogue.of("broken", plugin), Selection("rehearsed"))
    return {one.check.id for one in outcomes if one.verdict.result == "failed"}


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.__name__)
def test_a_broken_connector_is_refused(broken):
    """By the checks in the table, at least."""
    assert failed(broken()) >= REFUSED_BY[broken], broken.__doc__
