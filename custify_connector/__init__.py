"""Custify for any host: read and write its whole public API, one outcome for every record."""

__version__ = "0.1.0"
