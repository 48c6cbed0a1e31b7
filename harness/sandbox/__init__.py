"""The view and the limits of a script, and the sandbox backends that enforce them. Knows nothing of scenarios."""
