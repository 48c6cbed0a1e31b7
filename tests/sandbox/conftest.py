"""The means of containment that work on this machine, each of them."""

import pytest

from harness.sandbox.backends import Means
from tests.sandboxes import sandbox_of


@pytest.fixture(scope="session", params=[Means.BUBBLEWRAP, Means.NAMESPACES], ids=str)
def sandbox(request):
    return sandbox_of(request.param)
