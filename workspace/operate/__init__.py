"""How it runs: start, status, benchmarks."""
