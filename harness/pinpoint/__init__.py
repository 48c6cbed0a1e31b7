"""Searches over releases, commits and packages. The search algorithms are in harness/search.

The modules here are shared by all searches: candidates, the prober that runs them, and what each of them shows.
`releases.py` is the search over releases. The other searches, the environments that they derive, and the answers are
packages of their own.
"""
