"""A cell becomes an attempt: worker, limits, scheduling, verdict."""
