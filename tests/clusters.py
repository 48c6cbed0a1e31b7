"""A real Dask cluster: a scheduler and workers, each a process of its own with a cache of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

LIMIT_S = 60
QUICK_TO_NOTICE = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "6s",
}
"""Settings of Dask with which a lost machine is noticed in seconds."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A scheduler, and workers with the variables of one machine. Their output is in files of `folder`."""

    def __init__(self, folder: Path, variables: Mapping[str, str], *, host: str = "127.0.0.1") -> None:
        self.folder, self.variables = folder, dict(variables)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.host, self.port = host, free_port()
        self.address = f"tcp://{host}:{self.port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_scheduler(self) -> None:
        self.scheduler = self._start("scheduler", [], {}, "dask_scheduler", "--host", self.host, "--port", str(self.port), "--no-dashboard", "--no-show")  # fmt: skip
        deadline = time.monotonic() + LIMIT_S
        while not self._answers():
            assert self.scheduler.poll() is None and time.monotonic() < deadline, self.output("scheduler")
            time.sleep(0.05)

    def start_worker(
        self,
        *,
        cache: Path | None = None,
        inside: Sequence[str] = (),
        restarted: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Start a worker; `inside` is a command that starts it, `restarted` has a nanny start it again."""
        number = len(self.workers)
        changed = {"HARNESS_CACHE": str(cache or self.cache(number)), **(variables or {})}
        self.workers.append(
            self._start(f"worker-{number}", inside, changed, "dask_worker", self.address, "--nthreads", "1",
                        "--nanny" if restarted else "--no-nanny", "--no-dashboard", "--memory-limit", "0",
                        "--local-directory", str(self.folder / f"worker-{number}"))
        )  # fmt: skip

    def cache(self, number: int) -> Path:
        """The cache of a worker, unless it was started with another one."""
        return self.folder / f"cache-{number}"

    def output(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End all processes, and what they started."""
        everything = [each for each in (*self.workers, self.scheduler) if each is not None]
        for sent, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            for each in everything:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(each.pid, sent)
            for each in everything:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    each.wait(timeout=seconds)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
            return True
        return False

    def _start(
        self, name: str, inside: Sequence[str], changed: Mapping[str, str], module: str, *arguments: str
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as output:
            return subprocess.Popen(
                [*inside, sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                env={**self.variables, **changed}, cwd=self.folder, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip


@contextlib.contextmanager
def cluster(folder: Path, variables: Mapping[str, str], *, workers: int = 0, host: str = "127.0.0.1") -> Iterator[Cluster]:  # fmt: skip
    """Start a scheduler and workers, and end them."""
    made = Cluster(folder, variables, host=host)
    try:
        made.start_scheduler()
        for _ in range(workers):
            made.start_worker()
        yield made
    finally:
        made.stop()
