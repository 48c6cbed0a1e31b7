"""Control groups (cgroups): the kernel enforces the memory and process limits of attempts. Knows no scenarios."""
