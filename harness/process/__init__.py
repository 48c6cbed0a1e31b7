"""Child processes: start, limits, captured output, resource usage."""
