"""Custify for any host: read and write its whole public API, one outcome for every record.

Others build on `contract` and `contract.testbed`. Every other package is internal, and its names may change in any
release. What a package itself offers to the others stands in its `__all__`; one without offers its modules alone.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
