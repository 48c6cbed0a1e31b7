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
    before = _children()  # such as the process that forks the commands of other tests
    bench = Bench(tmp_path, sandbox)
    yield bench
    bench.fork_servers.close()
    assert _children() - before == set()


def _children():
    """Return the running processes that this one started."""
    return {each for each in psutil.Process().children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE}
