"""Zygotes and fork servers: processes that import modules once, and fork a process for each attempt.

A zygote serves one environment with one set of variables, and has imported the first module of the scripts. A fork
server is a fork of a zygote that has imported further modules. So the fork servers of a zygote share its import. They
execute only imports and prepare scripts of the project. If one dies, its attempts run again in other processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from harness.cgroups.groups import Group
from harness.execute.attempt_dir import Folder
from harness.execute.fork_tuning_switch import tuning_off
from harness.execute.forkserver.channel import Channel, Fork, ForkServerLost
from harness.execute.sandbox_paths import HOLD_BACK_INSIDE, OVERLAYS, WORKER_INSIDE, ForkServerPlace
from harness.execute.task import HOLD_BACK, WORKER
from harness.model import Overlay
from harness.process.child import TOKEN_VARIABLE, end_contained
from harness.sandbox.backends import Sandbox, SandboxBackend

CAN_FORK = sys.platform == "linux"
_IMPORT_TIMEOUT_S = 180.0
_ANSWER_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class ZygoteKind:
    """The identity of a zygote. Its fork servers differ in their further imports."""

    python: Path
    module: str
    variables: tuple[tuple[str, str], ...]
    scripts: tuple[tuple[str, Path], ...] = ()
    """Prepare scripts by module: the zygote and each of its fork servers run them after the import of the module."""
    trees: Path | None = None
    """The folder of source trees that can overlay an installed package."""
    data: Path | None = None
    """The folder of downloaded data that its attempts see."""
    held_back: str | None = None
    """The package that can be overlaid. The zygote must not import it."""

    @property
    def bare(self) -> ZygoteKind:
        """The same kind without prepare scripts."""
        return replace(self, scripts=())


@dataclass(frozen=True, kw_only=True)
class ForkServerKind:
    """The identity of a fork server. Equal ones can serve the same attempts."""

    zygote: ZygoteKind
    modules: tuple[str, ...]
    """Modules that it imports after those of the zygote."""
    touched: tuple[str, ...]
    """Attributes of these modules to access once."""
    absent: tuple[str, ...]
    """Modules that these imports must not import."""

    @property
    def slow(self) -> bool:
        """True if prepare scripts run in it, which take longer than imports."""
        return bool(self.zygote.scripts)


class Zygote:
    """A zygote. It and all its forks run in the same sandbox as attempts."""

    def __init__(self, kind: ZygoteKind, folder: Path, sandbox: Sandbox, hidden: Sequence[Path]) -> None:
        self.kind = kind
        self.place = ForkServerPlace(top=folder)
        self.backend = sandbox.fork_servers
        self.sandbox = sandbox
        self.fork_servers: set[ForkServer] = set()
        """Its fork servers that are not closed."""
        self.importing = threading.Lock()
        """Held while a fork server imports: they share a working folder, and must not find each other's files."""
        self._token = uuid.uuid4().hex
        self._channel = Channel()
        self.place.make()
        self._process = self._start(hidden)
        self._channel.listen()
        try:
            self._channel.send(
                {
                    "parent": 0 if self.contained else os.getpid(),
                    "sandboxed": self.contained,
                    "tuning_off": tuning_off(os.environ),
                    "own": self.own.seen(self.own.top),
                    **_wanted([kind.module], scripts=self._scripts),
                }
            )
        except ForkServerLost:
            self.close()
            raise

    def _start(self, hidden: Sequence[Path]) -> subprocess.Popen[bytes]:
        """Start the process. Raises OSError."""
        kind, sandbox, variables = self.kind, self.sandbox, self._variables()
        view = self.place.view(
            kind.python,
            kind.trees,
            scripts=[path for _, path in kind.scripts],
            data=kind.data,
            hidden=hidden,
            variables=variables,
        )
        theirs = self._channel.theirs.fileno()
        worker = WORKER_INSIDE if self.contained else WORKER
        command: Sequence[str | Path] = sandbox.command(view, [kind.python, worker, "--serve", str(theirs)])
        try:
            with (self.place.top / "output").open("wb") as output:
                if sandbox.groups is not None:
                    command = sandbox.groups.servers.join_command(command)
                return subprocess.Popen(
                    command,
                    env={**self.own.places, **({} if self.contained else variables), TOKEN_VARIABLE: self._token},
                    cwd=self.place.own.work,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=[theirs],
                    start_new_session=True,
                )
        except BaseException:
            self._channel.discard()
            raise

    def _variables(self) -> dict[str, str]:
        """Return its environment variables, with those that keep an overlaid package from its imports."""
        variables = dict(self.kind.variables)
        if self.kind.held_back is not None:
            place = HOLD_BACK_INSIDE if self.contained else str(HOLD_BACK)
            variables |= {"PYTHONPATH": place, "HARNESS_HOLDS_BACK": self.kind.held_back}
            if self.contained:  # then all its forks have their overlay at the same place
                variables["HARNESS_OVERLAY"] = OVERLAYS[0]
        return variables

    @property
    def contained(self) -> bool:
        """True if it runs in a sandbox, and each attempt in a nested one."""
        return self.backend is not SandboxBackend.NONE

    @property
    def own(self) -> Folder:
        """Its own folder. In the sandbox, it has the same path as the folders of attempts."""
        return self.place.own if self.contained else Folder(top=self.place.own.top)

    @property
    def lost(self) -> bool:
        """True if the process is gone."""
        return self._channel.over.is_set()

    def wait_until_ready(self, stop: threading.Event) -> None:
        """Wait for its import. Raises ForkServerLost if it fails, times out, or the run was stopped."""
        self._channel.wait_until_ready(stop, _IMPORT_TIMEOUT_S)

    def fork(self, kind: ForkServerKind, *, many: bool) -> ForkServer:
        """Fork a fork server, for `many` attempts or for few. Raises ForkServerLost, or OSError."""
        message = _wanted(kind.modules, kind.touched, kind.absent, self._scripts, many=many)
        channel = Channel()
        try:
            self._channel.send(message, (channel.theirs.fileno(),))
        except ForkServerLost:
            channel.discard()
            raise
        channel.listen()
        server = ForkServer(kind, self, channel)
        self.fork_servers.add(server)
        return server

    @property
    def _scripts(self) -> list[tuple[str, str, str]]:
        """Prepare scripts as it sees them: module, path, name."""
        return [
            (module, self.place.script(number) if self.contained else str(path), path.name)
            for number, (module, path) in enumerate(self.kind.scripts)
        ]

    def close(self) -> None:
        """Kill it and all its forks."""
        self._channel.close(0)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_TIMEOUT_S)
        if self.contained:
            end_contained(self._process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if not self.contained:
            self._end_orphans()
        self._channel.over.wait(_END_TIMEOUT_S)
        self._channel.discard()

    def owns(self, process: psutil.Process) -> bool:
        """Return True if a process descends from this one and belongs to no running attempt.

        A forked child of an attempt has the environment variables of the zygote. The attempt of an orphaned child is
        unknown: while any attempt runs, return False for it.
        """
        if process.pid == self._process.pid or process.environ().get(TOKEN_VARIABLE) != self._token:
            return False
        of_ours = os.getsid(process.pid) == self._process.pid
        return not of_ours and not any(server.running() for server in tuple(self.fork_servers))

    def _end_orphans(self) -> None:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(TOKEN_VARIABLE) == self._token:
                    process.kill()


class ForkServer:
    """A fork server: a fork of a zygote with further imports."""

    def __init__(self, kind: ForkServerKind, zygote: Zygote, channel: Channel) -> None:
        self.kind = kind
        self.zygote = zygote
        self._channel = channel
        self.running = channel.running

    @property
    def contained(self) -> bool:
        """True if it runs in a sandbox, and each of its forks in a nested one."""
        return self.zygote.contained

    def wait_until_ready(self, stop: threading.Event) -> None:
        """Wait for its imports. Raises ForkServerLost if they fail, time out, or the run was stopped."""
        self._channel.wait_until_ready(stop, _IMPORT_TIMEOUT_S)

    def fork(
        self,
        folder: Folder,
        request: str,
        *,
        env: Mapping[str, str],
        overlays: Sequence[Overlay],
        output: tuple[int, int],
        group: Group | None = None,
    ) -> Child:
        """Fork a child that runs a request and writes its output to descriptors.

        It joins the control group, if there is one, before it does anything else. Raises ForkServerLost.
        """
        id, fork = self._channel.expect()
        nest = self.zygote.place.nest(folder, self.zygote.kind.python, overlays) if self.contained else None
        message = {"id": id, "request": request, "env": dict(env), "cwd": folder.seen(folder.work), "nest": nest}
        with group.open_to_join() if group is not None else contextlib.nullcontext(()) as joins:
            self._channel.send(message, (*output, *joins))
        if not fork.started.wait(_ANSWER_TIMEOUT_S) or fork.pid is None:
            raise ForkServerLost("it does not answer")
        return Child(self, fork, fork.pid)

    def close(self) -> None:
        """Kill it and its running attempts."""
        if not self._channel.close(_END_TIMEOUT_S) and self._channel.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._channel.pid, signal.SIGKILL)
            self._channel.over.wait(_END_TIMEOUT_S)
        self._channel.discard()
        self.zygote.fork_servers.discard(self)


@dataclass(frozen=True)
class Child:
    """A fork that runs an attempt, for supervision by harness.process.child."""

    server: ForkServer
    fork: Fork
    pid: int

    @property
    def contained(self) -> bool:
        """True if it is the init process of its own sandbox, or waits for that process."""
        return self.server.contained

    @property
    def attendants(self) -> int:
        """The number of processes above the one that runs the script."""
        return (1 if self.fork.first else 2) if self.contained else 0

    @property
    def lost(self) -> bool:
        """Return False: an attempt whose fork was killed by a signal is repeated in any case."""
        return False

    def wait(self, timeout_s: float) -> int | None:
        """Return the exit status, or None after the time-out. Raises ForkServerLost if the fork server died."""
        if not self.fork.ended.wait(timeout_s):
            return None
        if self.fork.status is None:
            raise ForkServerLost("it died during an attempt")
        return self.fork.status

    def is_stray(self, process: psutil.Process) -> bool:
        """Return True if a process was left by this or an earlier attempt."""
        return self.server.zygote.owns(process)


def _wanted(
    modules: Iterable[str],
    touched: Iterable[str] = (),
    absent: Iterable[str] = (),
    scripts: Iterable[tuple[str, str, str]] = (),
    *,
    many: bool = False,
) -> dict[str, object]:
    """Return the message with the imports to do before forking. With `many`, it uses optimisations for many forks."""
    return {
        "modules": [*modules],
        "touched": [*touched],
        "absent": [*absent],
        "prepare": [*scripts],
        "many": many,
    }
