"""Code that runs in the interpreters under test: standard library only, Python 3.6 or newer. Started by path."""

from pathlib import Path

GUEST = Path(__file__).parent
"""The folder of the guest files: they are started by path, never imported by the harness."""
