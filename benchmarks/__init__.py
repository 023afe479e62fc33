"""How fast camsim is beside other ways to the same picture; ``python -m benchmarks`` (see docs/performance.md)."""
