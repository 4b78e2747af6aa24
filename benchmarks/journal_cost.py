# ruff: noqa: INP001 - a script, not a package
"""What the journal of a write costs: `python benchmarks/journal_cost.py [ROWS]`.

Every row is met, passed and decided, as in a first run; then met again, as in a run that is resumed. Prints one JSON
line: processor seconds of both, megabytes on the disk, and by how many megabytes the process grew meanwhile.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from custify_connector.contract import Receipt
from custify_connector.host.journal import Journal, hash_of

_MEGABYTE = 1_000_000


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path, before = Path(folder, "run.journal"), _memory()
        first = _seconds(path, rows, resume=False)
        size = sum(each.stat().st_size for each in path.parent.glob("run.journal*") if each.is_file())
        again = _seconds(path, rows, resume=True)
    figures = {"rows": rows, "first_seconds": round(first, 1), "again_seconds": round(again, 1)}
    figures |= {"megabytes": round(size / _MEGABYTE, 1), "grew": round(_memory() - before, 1)}
    sys.stdout.write(json.dumps(figures) + "\n")


def _seconds(path: Path, rows: int, *, resume: bool) -> float:
    began = time.process_time()
    journal = Journal(path, "create_event", resume=resume)
    for number in range(rows):
        place, entry = journal.meet(hash_of({"user_id": f"user-{number}", "name": "signed_in"}))
        if entry is None:
            journal.send([place])
            journal.decide(place, Receipt(number, "sent", {"user_id": f"user-{number}"}, 200))
    journal.finish()
    journal.close()
    return time.process_time() - began


def _memory() -> float:
    """Return the most megabytes that this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


if __name__ == "__main__":
    main()
