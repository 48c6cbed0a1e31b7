"""The means of containment that work on this machine, each of them."""

import os

import pytest

from harness.containment.sandbox import Means, find_sandbox


@pytest.fixture(scope="session", params=[Means.BUBBLEWRAP, Means.NAMESPACES], ids=str)
def sandbox(request):
    """Each means in turn, where it works."""
    found = find_sandbox(os.environ, only=request.param)
    if not found.contains:
        pytest.skip(f"{request.param} cannot contain here: {found.why_not or 'it is not installed'}")
    return found
