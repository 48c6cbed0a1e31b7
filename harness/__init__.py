"""A reproducible bug-reproduction matrix: which versions have this bug, and which can read my model."""

__version__ = "0.1.0"
