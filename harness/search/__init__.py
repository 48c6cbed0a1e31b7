"""Searches over a sequence and over a set. Pure: they know nothing of packages."""
