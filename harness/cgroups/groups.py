"""The control groups of a run: one for all of it, and below it one for the fork servers and one for each attempt.

    harness-PID-START-N   memory limit: what the machine had free when the run began
    ├── servers           the fork servers
    └── attempt-N         the limits of the script's header

A process joins its group before anything of a script is executed: started processes through a shell that joins and
then becomes the command, forks through descriptors of `cgroup.procs` that the fork server hands to them.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from harness.cgroups.layout import (
    OWN_LEAF,
    Base,
    Events,
    Files,
    Mechanism,
    Over,
    find_base,
    find_kill_counter,
    judge_events,
    task_limit,
)

_KEPT_FREE = 0.05
_KEPT_FREE_MIB = 512
_REMOVE_TRIES = 100
_REMOVE_PAUSE_S = 0.01
_NUMBERS = itertools.count()
# The shell joins each group named before "--", then becomes the command. "0" is the process that writes it.
_JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 98; shift; done; shift; exec "$@"'


def here() -> tuple[Base | None, str]:
    """Return the groups below which this process may create its own, or None with the reason."""
    return find_base(_files())


def _files() -> Files:
    return Files(read=_read, may_write=lambda path: os.access(path, os.W_OK), pid=os.getpid())


def kills_for_memory() -> int:
    """Return how many processes the kernel has killed for lack of memory: in the group of this process, if it counts.

    Otherwise, on the whole machine. 0 if neither is known.
    """
    counter = find_kill_counter(_files())
    return _counters(Path(counter or "/proc/vmstat")).get("oom_kill", 0)


def available_mib() -> int:
    """Return the memory that the machine can hand out without swapping."""
    return int(psutil.virtual_memory().available) >> 20


@dataclass(kw_only=True)
class Group:
    """A control group. With v1 it consists of one directory for each controller."""

    mechanism: Mechanism
    memory: Path
    pids: Path
    run: RunGroup | None = None
    """The group above it, which counts its own out-of-memory events."""
    _oom: _OomCounter | None = None
    _run_oom_before: int = 0

    @property
    def _folders(self) -> list[Path]:
        return list(dict.fromkeys([self.memory, self.pids]))

    def join_command(self, command: Sequence[str | Path]) -> list[str | Path]:
        """Return the command that joins the group and then runs another one in the same process."""
        return ["/bin/sh", "-c", _JOIN, "sh", *(each / "cgroup.procs" for each in self._folders), "--", *command]

    @contextlib.contextmanager
    def open_to_join(self) -> Iterator[tuple[int, ...]]:
        """Open descriptors. Who writes `0` to each of them joins; the permission is that of the one who opened them."""
        with contextlib.ExitStack() as stack:
            descriptors = []
            for folder in self._folders:
                descriptors.append(os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
                stack.callback(os.close, descriptors[-1])
            yield tuple(descriptors)

    def over(self) -> Over | None:
        """Return which limit the kernel has enforced."""
        return judge_events(self.events())

    def events(self) -> Events:
        """Return the counters of the kernel."""
        run_limit = self.run.oom_events() - self._run_oom_before if self.run is not None else 0
        if self.mechanism is Mechanism.CGROUP_V2:
            counted = _counters(self.memory / "memory.events")
            killed, own = counted.get("oom_kill", 0), counted.get("oom", 0)
        else:
            killed = _counters(self.memory / "memory.oom_control").get("oom_kill", 0)
            # The events of the groups above are reported to those below, too.
            own = self._oom.count() - run_limit if self._oom is not None else 0
        refused = _counters(self.pids / "pids.events").get("max", 0)
        return Events(killed=killed, own_limit=max(0, own), run_limit=run_limit, refused=refused)

    def processes(self) -> set[int]:
        """Return the processes in the group."""
        found: set[int] = set()
        for folder in self._folders:
            found |= {int(each) for each in (_read(str(folder / "cgroup.procs")) or "").split()}
        return found

    def close(self) -> None:
        """Kill what is left in the group, and remove it."""
        if self._oom is not None:
            self._oom.close()
        for _ in range(_REMOVE_TRIES):
            for pid in self.processes() - {0, os.getpid()}:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            if _remove(self._folders):
                return
            time.sleep(_REMOVE_PAUSE_S)  # a process that was killed is still ending


@dataclass(kw_only=True)
class RunGroup(Group):
    """The group of a run. `available_mib` agrees with its limit; it must be closed after all that is in it."""

    total_mib: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _servers: Group | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def create(cls, base: Base, *, total_mib: int | None = None) -> RunGroup:
        """Create it, with a limit of what is free now less a reserve if no other is given. Raises OSError."""
        if base.must_move:
            _move_to_leaf(Path(base.memory))
        _sweep(base)
        name = f"harness-{os.getpid()}-{_start_of(os.getpid())}-{next(_NUMBERS)}"
        memory, pids = Path(base.memory, name), Path(base.pids, name)
        if total_mib is None:
            free = min([available_mib(), *_room_above(base)])
            total_mib = max(_KEPT_FREE_MIB, int(free * (1 - _KEPT_FREE)) - _KEPT_FREE_MIB)
        run = cls(mechanism=base.mechanism, memory=memory, pids=pids, total_mib=total_mib)
        try:
            for folder in run._folders:
                folder.mkdir(exist_ok=True)
            if base.mechanism is Mechanism.CGROUP_V2:
                (memory / "cgroup.subtree_control").write_text("+memory +pids")
            _limit_memory(run, total_mib)
            if base.mechanism is Mechanism.CGROUP_V1:
                run._oom = _OomCounter(memory)
            run._try()
        except BaseException:
            run.close()
            raise
        return run

    def _try(self) -> None:
        """Create a group with limits, as attempts have one, and remove it again."""
        self.attempt(memory_mib=64, processes=16).close()

    def attempt(self, *, memory_mib: int | None, processes: int | None) -> Group:
        """Create the group of an attempt. Raises OSError."""
        group = self._child(f"attempt-{next(self._numbers)}")
        try:
            if memory_mib is not None:
                _limit_memory(group, memory_mib)
            if processes is not None:
                (group.pids / "pids.max").write_text(str(task_limit(processes, os.cpu_count() or 1)))
            if self.mechanism is Mechanism.CGROUP_V1:
                group._oom = _OomCounter(group.memory)
        except BaseException:
            group.close()
            raise
        group._run_oom_before = self.oom_events()
        return group

    @property
    def servers(self) -> Group:
        """The group of the fork servers. Raises OSError."""
        with self._guard:
            if self._servers is None:
                self._servers = self._child("servers")
            return self._servers

    def _child(self, name: str) -> Group:
        group = Group(mechanism=self.mechanism, memory=self.memory / name, pids=self.pids / name, run=self)
        for folder in group._folders:
            folder.mkdir()
        return group

    def oom_events(self) -> int:
        """Return the number of kills for the run's own limit."""
        if self.mechanism is Mechanism.CGROUP_V2:
            return _counters(self.memory / "memory.events.local").get("oom", 0)
        return self._oom.count() if self._oom is not None else 0

    def available_mib(self) -> int:
        """Return the memory for one more attempt, in MiB: free on the machine, and within the run's limit."""
        return min(available_mib(), self.total_mib - self.in_use_mib())

    def in_use_mib(self) -> int:
        """Return the memory of the run, in MiB. Cached files do not count: the kernel can drop them."""
        counted = _counters(self.memory / "memory.stat")
        names = ("anon", "shmem") if self.mechanism is Mechanism.CGROUP_V2 else ("total_rss", "total_shmem")
        return sum(counted.get(name, 0) for name in names) >> 20

    def peak_mib(self) -> int:
        """Return the most memory that the run has used, cached files included; 0 if the kernel does not tell."""
        for name in ("memory.peak", "memory.max_usage_in_bytes"):
            if text := _read(str(self.memory / name)):
                return int(text) >> 20
        return 0

    def peak_tasks(self) -> int:
        """Return the most processes and threads that the run has had; 0 if the kernel does not tell."""
        return int(_read(str(self.pids / "pids.peak")) or 0)

    def close(self) -> None:
        """Kill what is left in the run's groups, and remove them."""
        for folder in sorted(self.memory.glob("*/")):
            Group(mechanism=self.mechanism, memory=folder, pids=self.pids / folder.name).close()
        super().close()


class _OomCounter:
    """Counts the out-of-memory events of a v1 group, which no file of it tells."""

    def __init__(self, memory: Path) -> None:
        self._guard = threading.Lock()
        self._count = 0
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        try:
            control = os.open(memory / "memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
            try:
                (memory / "cgroup.event_control").write_text(f"{self._event} {control}")
            finally:
                os.close(control)
        except BaseException:
            os.close(self._event)
            raise

    def count(self) -> int:
        with self._guard:
            if self._event >= 0:
                with contextlib.suppress(BlockingIOError):
                    self._count += os.eventfd_read(self._event)
            return self._count

    def close(self) -> None:
        with self._guard:
            if self._event >= 0:
                os.close(self._event)
                self._event = -1


def _limit_memory(group: Group, mib: int) -> None:
    """Limit memory, swap included: a limit that swap extends would not hold."""
    if group.mechanism is Mechanism.CGROUP_V2:
        (group.memory / "memory.max").write_text(str(mib << 20))
        optional = {"memory.swap.max": "0", "memory.oom.group": "0" if isinstance(group, RunGroup) else "1"}
    else:
        (group.memory / "memory.limit_in_bytes").write_text(str(mib << 20))
        optional = {"memory.memsw.limit_in_bytes": str(mib << 20)}
    for name, value in optional.items():
        if (group.memory / name).exists():  # not every kernel has them
            (group.memory / name).write_text(value)


def _room_above(base: Base) -> Iterator[int]:
    """Yield the memory below the limits of existing groups, in MiB: a container usually has one."""
    for folder in (Path(base.memory), *Path(base.memory).parents):
        if base.mechanism is Mechanism.CGROUP_V2:
            limit, used = folder / "memory.max", ("anon", "shmem")
        else:
            limit, used = folder / "memory.limit_in_bytes", ("total_rss", "total_shmem")
        text = (_read(str(limit)) or "max").strip()
        if text.isdigit():
            counted = _counters(folder / "memory.stat")
            yield (int(text) - sum(counted.get(name, 0) for name in used)) >> 20


def _move_to_leaf(folder: Path) -> None:
    """Move this process to a child group: in v2 a group with processes cannot pass controllers on to children."""
    leaf = folder / OWN_LEAF
    leaf.mkdir(exist_ok=True)
    (leaf / "cgroup.procs").write_text("0")
    (folder / "cgroup.subtree_control").write_text("+memory +pids")


def _sweep(base: Base) -> None:
    """Remove the groups that killed runs left. What still has processes in it stays."""
    for top in {base.memory, base.pids}:
        for folder in Path(top).glob("harness-*-*-*/"):
            _, pid, start, _ = folder.name.split("-", 3)
            if pid.isdigit() and _start_of(int(pid)) != start:
                _remove([*folder.glob("*/"), folder])


def _start_of(pid: int) -> str | None:
    """Return when a process was started, in the kernel's ticks; with its number that names it for good."""
    text = _read(f"/proc/{pid}/stat")
    return text.rpartition(")")[2].split()[19] if text else None


def _remove(folders: Sequence[Path]) -> bool:
    gone = True
    for folder in folders:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            gone = False
    return gone


def _counters(path: Path) -> dict[str, int]:
    """Read a file of lines with a name and a number; an empty result if there is no such file."""
    pairs = (line.split() for line in (_read(str(path)) or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - read many times for each attempt
            return stream.read()
    except (OSError, UnicodeDecodeError):
        return None
