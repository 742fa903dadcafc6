"""Benchmarks: each has its yardstick in the same run and writes its figures into docs/performance.md."""
