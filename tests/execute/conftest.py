"""A bench for each sandbox backend, which leaves no process."""

import psutil
import pytest

from harness.sandbox.backends import SandboxBackend
from tests.execute.forking import Bench
from tests.sandboxes import sandbox_of


@pytest.fixture(params=list(SandboxBackend), ids=str)
def bench(tmp_path, request):
    sandbox = sandbox_of(request.param)
    if sandbox.contains and sandbox.fork_servers is SandboxBackend.NONE:
        pytest.skip(f"{request.param} cannot contain forks here, so there are none")
    bench = Bench(tmp_path, sandbox)
    yield bench
    bench.fork_servers.close()
    left = [child for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
    assert left == []
