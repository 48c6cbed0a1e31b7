"""Scripts and `matrix.toml` in, what should run out; reads files, starts nothing."""
