"""A lock becomes an environment on disk, once, content-addressed. The only caller of uv."""
