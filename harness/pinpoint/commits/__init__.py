"""The search over the commits of a clone, and what is read from the clone for it."""
