"""Custify for any host: read and write its whole public API, one outcome for every record.

Others build on `contract` and `contract.testbed`. Every other package is internal: its names may change in any release,
and what it offers to the packages beside it stands in its `__all__`, where it offers more than its modules.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
