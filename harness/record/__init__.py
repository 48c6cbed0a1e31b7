"""Attempts go to the store; the current cell is a view over attempts. The only user of sqlite3."""
