"""What makes of the worker a process that forks, in every Python that is here."""

import subprocess
import threading
from dataclasses import replace

import pytest

from harness.execute.artifacts import Artifacts
from harness.execute.executor import run_task
from harness.execute.fork_choice import fork_server_kind
from harness.execute.forkserver.pool import ForkServers
from harness.execute.forkserver.server import CAN_FORK
from harness.model import Outcome
from harness.sandbox.backends import SandboxBackend
from tests.making import outcome_task
from tests.sandboxes import sandbox_of

SOURCE = "import json, decimal, sys\nprint(sys.version_info[:2], 'decimal' in sys.modules)\n"


@pytest.mark.skipif(not CAN_FORK, reason="fork servers need Linux")
@pytest.mark.parametrize("backend", [SandboxBackend.NONE, SandboxBackend.NAMESPACES], ids=str)
def test_it_imports_and_forks(python, backend, tmp_path):
    sandbox = sandbox_of(backend)
    if sandbox.contains and sandbox.fork_servers is SandboxBackend.NONE:
        pytest.skip(f"{backend} cannot contain forks here, so there are none")
    stop = threading.Event()
    fork_servers = ForkServers(tmp_path / "runs", limit=1, stop=stop, sandbox=sandbox)
    task = outcome_task("asserts")
    task = replace(
        task,
        script=replace(task.script, text=SOURCE, marks=()),
        environment=replace(task.environment, preload=("json", "decimal")),
    )
    try:
        failed = fork_servers.prepare(fork_server_kind(task, python), for_many=True)
        attempt = run_task(
            task,
            python=python,
            runs=tmp_path / "runs",
            artifacts=Artifacts(folder=tmp_path / "artifacts"),
            stop=stop,
            sandbox=sandbox,
            fork_servers=fork_servers,
        )
    finally:
        fork_servers.close()
    version = subprocess.run(
        [python, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert (failed, attempt.outcome, attempt.isolation) == (None, Outcome.PASSED, "fork")
    assert attempt.evidence.stdout == f"{version} True\n"
