"""What a script may see and touch, and the sandbox backends that enforce it. Knows nothing of scenarios."""
