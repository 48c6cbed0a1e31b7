"""The only user of `distributed`: connect to a Dask cluster or start one here, submit calls, and collect results."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, UsageError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S = 5.0
GREET_S = 8.0
RESULT_S = 20.0
"""How long the results of a shard may take from its worker to here."""
WORKERS_S = 20.0
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.batched", "tornado.application")
"""Dask's configuration gives some of its loggers levels of their own."""
_LOCAL = re.compile(r"local:([0-9]{1,3})")
_MOST_LOCAL = 64
_ADDRESS = re.compile(r"(?:tcp|tls|ws|wss|ucx)://[^\s/:]+(?::[0-9]{1,5})?|tcp://\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?")
_PORT = re.compile(r":([0-9]+)$")
_LAST_PORT = 65535


class ClusterLost(Exception):
    """The scheduler of the cluster does not answer any more."""


@dataclass(frozen=True, kw_only=True)
class EndedCall:
    """A call that has ended: its result, or why there is none."""

    number: int
    result: dict[str, Any] | None
    error: str = ""
    lost: bool = False
    """True if the cluster has forgotten the call: it may run again."""


def check_address(text: str) -> str:
    """Return an address, or `local:N`. Raises ValueError."""
    local = _LOCAL.fullmatch(text)
    if local is not None and 1 <= int(local[1]) <= _MOST_LOCAL:
        return text
    port = _PORT.search(text)
    if local is None and _ADDRESS.fullmatch(text) and (port is None or int(port[1]) <= _LAST_PORT):
        return text
    raise ValueError(
        f"{text!r} is no cluster. Write the address of a Dask scheduler, such as tcp://HOST:8786, or local:N for N "
        f"worker processes on this machine, at most {_MOST_LOCAL}"
    )


def require_installed() -> None:
    """Raise UsageError if Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "--cluster needs Dask, which is not installed",
            why=str(error),
            next_step="Install it with `pip install 'repro-matrix[cluster]'`",
        ) from error


class Connection:
    """A connection to a scheduler. It does not decide what runs where."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._futures: dict[int, Any] = {}
        self._ended = threading.Event()

    @property
    def dashboard(self) -> str:
        """The link to the dashboard of the cluster; empty if it has none."""
        with contextlib.suppress(Exception):  # the link is optional, and Dask raises many types if there is none
            if "dashboard" in self._client.scheduler_info().get("services", {}):
                # Without bokeh, there are no pages.
                self._client.run_on_scheduler(importlib.metadata.version, "bokeh")  # type: ignore[no-untyped-call]
                return str(self._client.dashboard_link)
        return ""

    def workers(self) -> list[str]:
        """Return the addresses of the workers. Raises ClusterLost."""
        with self._lost_if_it_fails():
            return sorted(self._client.nthreads())  # type: ignore[no-untyped-call]

    def call_each(
        self, workers: Sequence[str], function: Callable[..., dict[str, Any]], *arguments: object
    ) -> Mapping[str, Any]:
        """Call a function on workers. Return the results, or the exceptions, by address. Raises ClusterLost."""
        if not workers:
            return {}
        with self._lost_if_it_fails():
            return dict(self._client.run(function, *arguments, workers=list(workers), on_error="return"))

    def submit(self, number: int, worker: str, function: Callable[..., dict[str, Any]], *arguments: object) -> None:
        """Start a call on a worker. Raises ClusterLost."""
        with self._lost_if_it_fails():
            future = self._client.submit(
                function, *arguments, workers=[worker], allow_other_workers=False, pure=False, retries=0
            )
            self._futures[number] = future
            future.add_done_callback(lambda _: self._ended.set())  # type: ignore[no-untyped-call]

    def wait(self, seconds: float) -> None:
        """Wait until a call has ended, at most so long."""
        self._ended.wait(seconds)
        self._ended.clear()

    def forget(self, number: int) -> None:
        """Cancel a call. Its result is dropped."""
        future = self._futures.pop(number, None)
        if future is not None:
            with contextlib.suppress(Exception):  # Dask raises many types if the scheduler is lost
                future.cancel()

    def done(self) -> Iterator[EndedCall]:
        """Yield the calls that have ended since the last time. Raises ClusterLost."""
        self._require_scheduler()
        for number, future in list(self._futures.items()):
            status = future.status
            if status == "pending":
                continue
            if status not in ("finished", "error"):
                self._require_scheduler()  # it cancels what was running when it is lost
            del self._futures[number]
            if status == "finished":
                try:
                    with self._lost_if_it_fails():
                        done = EndedCall(number=number, result=future.result(timeout=RESULT_S))
                except ClusterLost as lost:
                    self._require_scheduler()
                    future.cancel()
                    # This counts as a try: the results may be too large for this network each time.
                    reason = f"its results did not arrive within {RESULT_S:.0f} s, or were lost: {lost}"
                    done = EndedCall(number=number, result=None, error=reason)
                yield done
            elif status == "error":
                with self._lost_if_it_fails():
                    error = future.exception(timeout=RESULT_S)
                yield EndedCall(number=number, result=None, error=f"{type(error).__name__}: {error}")
            else:
                yield EndedCall(number=number, result=None, error=status, lost=True)

    def _require_scheduler(self) -> None:
        # Dask would reconnect and forget running calls, so the connection is given up here for all calls.
        if self._client.status != "running":
            raise ClusterLost

    @contextlib.contextmanager
    def _lost_if_it_fails(self) -> Iterator[None]:
        from distributed.comm.core import CommClosedError

        try:
            yield
        except (OSError, TimeoutError, CommClosedError, RuntimeError) as error:
            raise ClusterLost(str(error)) from error


@contextlib.contextmanager
def connected(address: str) -> Iterator[Connection]:
    """Yield a connection to a cluster, or to one that is started for the time being. Raises HarnessError."""
    require_installed()
    import distributed

    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # Dask also raises what it logs
    local = _LOCAL.fullmatch(address)
    with contextlib.ExitStack() as stack:
        if local is not None:
            cluster = stack.enter_context(
                distributed.LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=int(local[1]),
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=0,  # scripts are limited by the harness, each by its own limit
                    dashboard_address="127.0.0.1:0",  # the default is all interfaces
                    silence_logs=logging.CRITICAL,
                )
            )
            client = stack.enter_context(
                distributed.Client(cluster, set_as_default=False)  # type: ignore[no-untyped-call]
            )
        else:
            client = stack.enter_context(_client(address))
        yield Connection(client)


def _client(address: str) -> Client:
    import distributed

    try:
        # The client waits without an end for the first words of something that is no scheduler.
        asyncio.run(_greet(address))
        return distributed.Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_S, set_as_default=False
        )
    except Exception as error:  # Dask raises many types if something else than a scheduler answers
        raise HarnessError(
            f"{address}: no Dask scheduler answers there",
            why=" ".join(str(error).split()) or f"No answer within {GREET_S:.0f} s: something else may listen there",
            next_step="Name the certificates in Dask's configuration: see docs/many_machines.md, Security"
            if address.startswith("tls:") and "ssl_context" in str(error)
            else "Start one: `dask scheduler`, and `dask worker ADDRESS` on each machine, or use local:N",
        ) from error


async def _greet(address: str) -> None:
    """Connect to a scheduler and exchange greetings. Raises what Dask raises, and TimeoutError."""
    from distributed.comm.core import connect
    from distributed.security import Security

    arguments = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
    connecting = connect(address, timeout=CONNECT_S, **arguments)  # type: ignore[no-untyped-call]
    comm = await asyncio.wait_for(connecting, GREET_S)
    comm.abort()


def count_workers(address: str) -> int:
    """Return the number of workers of a cluster. Raises HarnessError."""
    local = _LOCAL.fullmatch(address)
    if local is not None:
        return int(local[1])
    with connected(address) as connection:
        wait_for_workers(connection, address)
        return len(connection.workers())


def wait_for_workers(connection: Connection, address: str, *, seconds: float = WORKERS_S) -> None:
    """Wait until the cluster has a worker. Raises HarnessError."""
    deadline = time.monotonic() + seconds
    while not connection.workers():
        if time.monotonic() > deadline:
            raise HarnessError(
                f"{address}: the cluster has no workers",
                next_step=f"Start some on each machine: dask worker {address}",
            )
        time.sleep(0.2)
