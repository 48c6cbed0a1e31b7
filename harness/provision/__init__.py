"""Build a content-addressed environment on disk from each lock. The only package that calls uv."""
