"""Containment: what a process may see and touch, and the means to hold it to that. Knows nothing of scenarios."""
