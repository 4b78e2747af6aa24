"""A connector of GoREST."""

__version__ = "0.1.0"
