"""A module for each command, by its name: `add_arguments`, `Options`, `execute`. The others are shared by commands."""
