"""How the benchmarks measure: environments, processes, a server of its own, interleaved rounds, one table."""
