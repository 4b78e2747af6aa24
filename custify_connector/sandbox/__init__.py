"""An emulated Custify over HTTP, for tests, benchmarks and a first try: stateful, seeded, misbehaving to order.

Written from Custify's documented facts alone: it imports nothing of the connector, so that it cannot agree with its
mistakes.
"""

from .emulator import Sandbox
from .faults import Fault
from .journal import Entry, Journal
from .keys import Permissions
from .quirks import Drift, Quirks
from .serving import serve
from .settings import Settings

__all__ = ["Drift", "Entry", "Fault", "Journal", "Permissions", "Quirks", "Sandbox", "Settings", "serve"]
