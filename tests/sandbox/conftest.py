"""Each sandbox backend that works on this machine."""

import pytest

from harness.sandbox.backends import SandboxBackend
from tests.sandboxes import sandbox_of


@pytest.fixture(scope="session", params=[SandboxBackend.BUBBLEWRAP, SandboxBackend.NAMESPACES], ids=str)
def sandbox(request):
    return sandbox_of(request.param)
