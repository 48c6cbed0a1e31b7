"""Resolve requirements as of a date and write locks; build packages that have no wheel."""
