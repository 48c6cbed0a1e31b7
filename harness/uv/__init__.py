"""The only package that calls uv."""
