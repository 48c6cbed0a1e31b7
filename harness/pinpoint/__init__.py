"""A search that knows nothing of the world, and what it searches over: releases, commits, packages."""
