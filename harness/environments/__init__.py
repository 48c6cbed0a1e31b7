"""The environment store: create, check, probe and prune environments."""
