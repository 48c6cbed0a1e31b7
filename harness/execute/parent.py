"""Processes that have imported what many scripts begin with, and are forked for each attempt.

A root serves an environment under one set of variables: it has imported the module with which scripts begin. Parents
are forked of it, and go on to import what else some scripts begin with, so that the first is imported once for all of
them. Neither executes anything but imports, and what the project has to prepare them for many scripts. If one dies,
what ran in it is told so and runs again elsewhere.
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

from harness.containment.sandbox import Means, Sandbox
from harness.execute.conversation import Conversation, Fork, ParentLost
from harness.execute.folder import Folder
from harness.execute.surroundings import (
    HOLDING_BACK_INSIDE,
    NAMESPACES_INSIDE,
    SERVING_INSIDE,
    WORKER_INSIDE,
    ParentPlace,
)
from harness.execute.task import HOLDING_BACK, SERVING, WORKER
from harness.model import Overlay
from harness.process import TOKEN_VARIABLE, end_contained

CAN_FORK = sys.platform == "linux"
_IMPORT_TIMEOUT_S = 180.0
_ANSWER_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class RootKind:
    """What a root is: parents of it differ in what they import after the first module."""

    python: Path
    module: str
    variables: tuple[tuple[str, str], ...]
    scripts: tuple[tuple[str, Path], ...] = ()
    """What it runs after it has imported a module, and each of its parents after that."""
    trees: Path | None = None
    """The folder of the source trees that may stand in front of what is installed."""
    held_back: str | None = None
    """The package that they may stand in front of, which it does not import."""

    @property
    def bare(self) -> RootKind:
        """The same, which no script prepares."""
        return replace(self, scripts=())


@dataclass(frozen=True, kw_only=True)
class ParentKind:
    """What a parent is: those that are equal can serve each other's attempts."""

    root: RootKind
    modules: tuple[str, ...]
    """What it imports after the root's."""
    touched: tuple[str, ...]
    """Attributes of all these modules to use once."""
    absent: tuple[str, ...]
    """Modules that must not have been imported along the way."""

    @property
    def slow(self) -> bool:
        """Whether scripts prepare it, which takes them longer than imports take."""
        return bool(self.root.scripts)


class Root:
    """One such process, contained by whatever contains attempts; so is all that is forked of it."""

    def __init__(self, kind: RootKind, folder: Path, sandbox: Sandbox, hidden: Sequence[Path]) -> None:
        self.kind = kind
        self.place = ParentPlace(top=folder)
        self.means = sandbox.parents
        self.parents: set[Parent] = set()
        """Those that have not been closed."""
        self.importing = threading.Lock()
        """Held while a parent imports: in the folder of all of them, where none is to find what another has left."""
        self._token = uuid.uuid4().hex
        self._said = Conversation()
        self.place.make()
        variables = dict(kind.variables)
        if kind.held_back is not None:
            place = HOLDING_BACK_INSIDE if self.contained else str(HOLDING_BACK)
            variables |= {"PYTHONPATH": place, "HARNESS_HOLDS_BACK": kind.held_back}
        containment = self.place.containment(
            kind.python, kind.trees, scripts=[path for _, path in kind.scripts], hidden=hidden, variables=variables
        )
        ours: list[str | Path] = [WORKER_INSIDE, "--serve", SERVING_INSIDE]
        if not self.contained:
            ours = [WORKER, "--serve", SERVING]
        theirs = self._said.theirs.fileno()
        try:
            with (folder / "output").open("wb") as output:
                self._process = subprocess.Popen(
                    sandbox.command(containment, [kind.python, *ours, str(theirs)]),
                    env={**self.own.places, **({} if self.contained else variables), TOKEN_VARIABLE: self._token},
                    cwd=self.place.own.work,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=[theirs],
                    start_new_session=True,
                )
        except BaseException:
            self._said.discard()
            raise
        self._said.listen()
        try:
            self._said.send(
                {
                    "parent": 0 if self.contained else os.getpid(),
                    "containment": NAMESPACES_INSIDE if self.contained else None,
                    "own": self.own.seen(self.own.top),
                    **_wanted([kind.module], scripts=self._scripts),
                }
            )
        except ParentLost:
            self.close()
            raise

    @property
    def contained(self) -> bool:
        """Whether it is, and each attempt by itself."""
        return self.means is not Means.NONE

    @property
    def own(self) -> Folder:
        """The folder that it has itself, seen where attempts will see theirs."""
        return self.place.own if self.contained else Folder(top=self.place.own.top)

    @property
    def lost(self) -> bool:
        """Whether it is no more."""
        return self._said.over.is_set()

    def wait_until_ready(self, stop: threading.Event) -> None:
        """Wait for its import; raises ParentLost if that fails, takes too long, or nobody waits any more."""
        self._said.wait_until_ready(stop, _IMPORT_TIMEOUT_S)

    def fork_parent(self, kind: ParentKind, *, many: bool) -> Parent:
        """Fork a parent, which is to be forked itself by many attempts or by few; raises ParentLost, or OSError."""
        message = _wanted(kind.modules, kind.touched, kind.absent, self._scripts, many=many)
        said = Conversation()
        try:
            self._said.send(message, (said.theirs.fileno(),))
        except ParentLost:
            said.discard()
            raise
        said.listen()
        parent = Parent(kind, self, said)
        self.parents.add(parent)
        return parent

    @property
    def _scripts(self) -> list[tuple[str, str, str]]:
        """Which scripts prepare it and its parents, where it sees them: module, place, name."""
        return [
            (module, self.place.script(number) if self.contained else str(path), path.name)
            for number, (module, path) in enumerate(self.kind.scripts)
        ]

    def close(self) -> None:
        """End it, and with it all that was forked of it."""
        self._said.close(0)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_TIMEOUT_S)
        if self.contained:
            end_contained(self._process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if not self.contained:
            self._end_orphans()
        self._said.over.wait(_END_TIMEOUT_S)
        self._said.discard()

    def owns(self, process: psutil.Process) -> bool:
        """Whether a process descends from this one and belongs to no attempt that is still running.

        A child of an attempt that was forked and not executed anew has the variables that the root was started with.
        Of one that has lost who started it nobody can tell whose it is: while any attempt runs, it stays.
        """
        if process.pid == self._process.pid or process.environ().get(TOKEN_VARIABLE) != self._token:
            return False
        of_ours = os.getsid(process.pid) == self._process.pid
        return not of_ours and not any(parent.running() for parent in tuple(self.parents))

    def _end_orphans(self) -> None:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(TOKEN_VARIABLE) == self._token:
                    process.kill()


class Parent:
    """A fork of a root that has gone on importing."""

    def __init__(self, kind: ParentKind, root: Root, said: Conversation) -> None:
        self.kind = kind
        self.root = root
        self._said = said
        self.running = said.running

    @property
    def contained(self) -> bool:
        """Whether it is, and each of its forks by itself."""
        return self.root.contained

    def wait_until_ready(self, stop: threading.Event) -> None:
        """Wait for its imports; raises ParentLost if they fail, take too long, or nobody waits any more."""
        self._said.wait_until_ready(stop, _IMPORT_TIMEOUT_S)

    def fork(
        self, folder: Folder, request: str, *, env: Mapping[str, str], overlay: Overlay | None, output: tuple[int, int]
    ) -> Child:
        """Fork a child that runs a request, with descriptors for what it writes; raises ParentLost."""
        id, fork = self._said.expect()
        nest = self.root.place.nest(folder, self.root.kind.python, overlay) if self.contained else None
        message = {"id": id, "request": request, "env": dict(env), "cwd": folder.seen(folder.work), "nest": nest}
        self._said.send(message, output)
        if not fork.started.wait(_ANSWER_TIMEOUT_S) or fork.pid is None:
            raise ParentLost("it does not answer")
        return Child(self, fork, fork.pid)

    def close(self) -> None:
        """End it, and with it whatever still runs in it."""
        if not self._said.close(_END_TIMEOUT_S) and self._said.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._said.pid, signal.SIGKILL)
            self._said.over.wait(_END_TIMEOUT_S)
        self._said.discard()
        self.root.parents.discard(self)


@dataclass(frozen=True)
class Child:
    """A fork that runs an attempt, as harness.process supervises it."""

    parent: Parent
    fork: Fork
    pid: int

    @property
    def contained(self) -> bool:
        """Whether it is the first process of a sandbox of its own, or waits for that."""
        return self.parent.contained

    @property
    def attendants(self) -> int:
        """How many processes stand over the one that runs the script."""
        return (1 if self.fork.first else 2) if self.contained else 0

    @property
    def lost(self) -> bool:
        """Never: a fork that a signal ended does not count, whoever sent it."""
        return False

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end at most so long. Raises ParentLost if nobody is left who could tell."""
        if not self.fork.ended.wait(timeout_s):
            return None
        if self.fork.status is None:
            raise ParentLost("it ended while an attempt ran in it")
        return self.fork.status

    def is_stray(self, process: psutil.Process) -> bool:
        """Whether a process is what this or an earlier attempt left."""
        return self.parent.root.owns(process)


def _wanted(
    modules: Iterable[str],
    touched: Iterable[str] = (),
    absent: Iterable[str] = (),
    scripts: Iterable[tuple[str, str, str]] = (),
    *,
    many: bool = False,
) -> dict[str, object]:
    """Say what is to be done before anything is forked; whether it will be `many` decides what pays."""
    return {
        "modules": [*modules],
        "touched": [*touched],
        "absent": [*absent],
        "prepare": [*scripts],
        "many": many,
    }
