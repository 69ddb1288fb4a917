"""Deterministic native bills of one invented company, for the demo, the tests and the benchmarks."""
