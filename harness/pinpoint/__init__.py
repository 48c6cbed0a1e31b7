"""Searches over releases, commits and packages. The search algorithms are in harness/search."""
