"""Measures how fast the harness is, beside what a maintainer would write instead; no timing fails anything."""
