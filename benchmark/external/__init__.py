"""The harness on benchmarks that others made. Nothing of their data is stored, only ids, outcomes and counts."""
