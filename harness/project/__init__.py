"""Read `matrix.toml`, locks, scripts and a selection; make the plan. Starts nothing."""
