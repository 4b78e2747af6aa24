"""Bring DuckDB 1.2 beside the newest, which one environment cannot hold: `prepare.py FOLDER` leaves it in a folder."""

import subprocess
import sys
from pathlib import Path


def main(folder):
    """Install it unless it is there."""
    place = folder / "duckdb-1.2"
    if not (place / "duckdb").exists():
        words = ["--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(place), "duckdb==1.2.2"]
        subprocess.run([sys.executable, "-m", "pip", "install", *words], check=True)  # noqa: S603 - ours


if __name__ == "__main__":
    main(Path(sys.argv[1]))
