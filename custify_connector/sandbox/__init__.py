"""An emulated Custify over HTTP, for tests, benchmarks and a first try: stateful, seeded, misbehaving to order.

Written from Custify's documented facts alone: it imports nothing of the connector, so that it cannot agree with its
mistakes.
"""

from .admission import Permissions
from .emulator import Sandbox, serve
from .faults import Fault
from .journal import Entry, Journal
from .quirks import Drift, Quirks
from .state import Settings

__all__ = ["Drift", "Entry", "Fault", "Journal", "Permissions", "Quirks", "Sandbox", "Settings", "serve"]
