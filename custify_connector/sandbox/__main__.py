"""`python -m custify_connector.sandbox`: the command line of a sandbox in the foreground.

Decided here: the names of its options. What they mean is decided in `settings`.
"""

from __future__ import annotations

import argparse

from .emulator import serve
from .state import DEFAULT_KEY, Settings, parse_rate


def main(argv: list[str] | None = None) -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m custify_connector.sandbox", description=(__doc__ or "").split("\n", 1)[0]
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--companies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--api-key", default=DEFAULT_KEY)
    parser.add_argument("--rate-limit", type=parse_rate, default="100/10", metavar="REQUESTS/SECONDS|none")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--keep-entries", type=int, default=None, help="bound the journal")
    serve(Settings(**vars(parser.parse_args(argv))))


if __name__ == "__main__":
    main()
