"""Environments that searches derive from those of the matrix: other versions, overlays, added packages."""
