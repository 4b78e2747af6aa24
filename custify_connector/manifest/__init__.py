"""`connector.yaml`, read once into frozen values; these dataclasses and `schemas/manifest.json` are its grammar.

`grammar` has the values, `loading` reads them from a text, `faults` says what is wrong with one. What a host sees of
them is made in `describing`, and where the files are is known to `resources`.
"""

from custify_connector.manifest.grammar import (
    Alternatives,
    BatchEndpoint,
    CredentialTest,
    DestinationEndpoint,
    Dialect,
    Envelope,
    FindFirst,
    Gather,
    Held,
    Incremental,
    Manifest,
    Parameter,
    PartitionRule,
    RateLimit,
    Route,
    Sort,
    SourceEndpoint,
    Touch,
    find,
    touches_of,
)
from custify_connector.manifest.loading import load, read

__all__ = [
    "Alternatives",
    "BatchEndpoint",
    "CredentialTest",
    "DestinationEndpoint",
    "Dialect",
    "Envelope",
    "FindFirst",
    "Gather",
    "Held",
    "Incremental",
    "Manifest",
    "Parameter",
    "PartitionRule",
    "RateLimit",
    "Route",
    "Sort",
    "SourceEndpoint",
    "Touch",
    "find",
    "load",
    "read",
    "touches_of",
]
