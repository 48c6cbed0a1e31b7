"""Run one cell and return its attempt."""
