"""The means of containment that a test is to be run with, each of those that work here, and none."""

import functools
import os

import pytest

from harness.sandbox.backends import UNCONTAINED, Means, find_sandbox


@functools.cache
def sandbox_of(means):
    """Give a sandbox of these means and no others; skip the test where they do not work."""
    if means is Means.NONE:
        return UNCONTAINED
    found = find_sandbox(os.environ, only=means)
    if not found.contains:
        pytest.skip(f"{means} cannot contain here: {found.why_not or 'it is not installed'}")
    return found


every = pytest.mark.parametrize("means", list(Means), ids=str)
containing = pytest.mark.parametrize("means", [Means.BUBBLEWRAP, Means.NAMESPACES], ids=str)
