"""Read scripts, locks and `matrix.toml`, and plan the cells to run. Reads files, starts nothing."""
