"""Where the benchmarks keep what they need; the environments are made on first use, and are not in the repository."""

from __future__ import annotations

from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
CHECKOUT = BENCHMARKS.parent
CONTENDERS = BENCHMARKS / "contenders"
ENVIRONMENTS = BENCHMARKS / ".environments"
RESULTS = BENCHMARKS / "results.md"
