"""The control groups that this process may create, from /proc and the cgroup file systems. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

CONTROLLERS = frozenset({"memory", "pids"})
OWN_LEAF = "harness-main"
"""The group that this process moves itself into where a v2 group with processes in it can have no children."""


class Mechanism(str, Enum):
    """The mechanisms that enforce memory and process limits; the words of the `limits` column."""

    POLLED = "polled"
    CGROUP_V1 = "cgroup v1"
    CGROUP_V2 = "cgroup v2"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Base:
    """The existing groups below which new ones are created; with v2 there is one for both controllers."""

    mechanism: Mechanism
    memory: str
    pids: str
    must_move: bool = False
    """True if this process must first move to a child group and enable the controllers (v2)."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """The file system as the decision sees it."""

    read: Callable[[str], str | None]
    """Return the text of a file, or None if it cannot be read."""
    may_write: Callable[[str], bool]
    pid: int


@dataclass(frozen=True, kw_only=True)
class _Mount:
    root: str
    point: str
    kind: str
    options: frozenset[str]


def find_base(files: Files) -> tuple[Base | None, str]:
    """Return the groups below which new ones can be created, or None with the reason.

    Controllers that are bound to a v1 hierarchy do not exist in v2. So a hybrid system is a v1 system here.
    """
    own = dict(_own_groups(files.read("/proc/self/cgroup") or ""))
    mounts = list(_mounts(files.read("/proc/self/mountinfo") or ""))
    if not any(each.kind in ("cgroup", "cgroup2") for each in mounts):
        return None, "no cgroup file system is mounted"
    if own.keys() >= CONTROLLERS:
        return _v1(files, own, mounts)
    if "" in own:
        return _v2(files, own[""], mounts)
    return None, "the memory and pids controllers are not available"


def find_kill_counter(files: Files) -> str | None:
    """Return the file in which the kernel counts the processes of this process's group that it killed; None if unknown.

    Those of the groups below are counted there, not here.
    """
    own = dict(_own_groups(files.read("/proc/self/cgroup") or ""))
    mounts = list(_mounts(files.read("/proc/self/mountinfo") or ""))
    name, kind = ("memory", "cgroup") if "memory" in own else ("", "cgroup2")
    mount = next((each for each in mounts if each.kind == kind and (not name or name in each.options)), None)
    if mount is None or name not in own:
        return None
    file = f"{_folder(mount, own[name])}/{'memory.oom_control' if name else 'memory.events.local'}"
    return file if "oom_kill" in _words(files, file) else None


def _v1(files: Files, own: dict[str, str], mounts: list[_Mount]) -> tuple[Base | None, str]:
    folders: dict[str, str] = {}
    for controller in sorted(CONTROLLERS):
        mount = next((each for each in mounts if each.kind == "cgroup" and controller in each.options), None)
        if mount is None:
            return None, f"cgroup v1: the {controller} controller is not mounted"
        folder = folders[controller] = _folder(mount, own[controller])
        if not files.may_write(folder):
            return None, f"cgroup v1: no permission to create groups in {folder}"
    if (files.read(f"{folders['memory']}/memory.use_hierarchy") or "1").strip() != "1":
        return None, "cgroup v1: memory.use_hierarchy is off, so a group's limit leaves out its children"
    return Base(mechanism=Mechanism.CGROUP_V1, memory=folders["memory"], pids=folders["pids"]), ""


def _v2(files: Files, path: str, mounts: list[_Mount]) -> tuple[Base | None, str]:
    mount = next((each for each in mounts if each.kind == "cgroup2"), None)
    if mount is None:
        return None, "cgroup v2 is not mounted"
    folder = _folder(mount, path)
    if posixpath.basename(folder) == OWN_LEAF:  # this process has moved there before
        folder = posixpath.dirname(folder)
    enabled = _words(files, f"{folder}/cgroup.subtree_control") >= CONTROLLERS
    why_not = _why_not_v2(files, folder, enabled=enabled)
    if why_not:
        return None, f"cgroup v2: {why_not}"
    return Base(mechanism=Mechanism.CGROUP_V2, memory=folder, pids=folder, must_move=not enabled), ""


def _why_not_v2(files: Files, folder: str, *, enabled: bool) -> str:
    lacking = CONTROLLERS - _words(files, f"{folder}/cgroup.controllers")
    if lacking:
        return f"the group {folder} has no {' and no '.join(sorted(lacking))} controller"
    needed = ["", "/cgroup.procs", *([] if enabled else ["/cgroup.subtree_control"])]
    if not all(files.may_write(f"{folder}{each}") for each in needed):
        return f"the group {folder} is not delegated to this user"
    # A group with processes in it cannot pass controllers on to its children (the root of all groups can).
    if not enabled and _words(files, f"{folder}/cgroup.procs") != {str(files.pid)}:
        return f"other processes run in the group {folder}, so it cannot have children with limits"
    return ""


def _own_groups(text: str) -> Iterator[tuple[str, str]]:
    """Yield controller and path of each line; the controller of v2 is called "" there, and here."""
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _mounts(text: str) -> Iterator[_Mount]:
    for line in text.splitlines():
        fields, _, rest = line.partition(" - ")
        root, point = fields.split()[3:5]
        kind, _, options = rest.split(" ", 2)
        yield _Mount(root=root, point=point, kind=kind, options=frozenset(options.split(",")))


def _folder(mount: _Mount, path: str) -> str:
    """Return a group's folder. A container may see the mount's root only, and its own path as it is outside."""
    if mount.root != "/" and (path == mount.root or path.startswith(f"{mount.root}/")):
        path = path[len(mount.root) :]
    elif mount.root != "/" or path.startswith("/.."):
        path = ""
    return f"{mount.point}/{path.strip('/')}".rstrip("/")


def _words(files: Files, path: str) -> set[str]:
    return set((files.read(path) or "").split())


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events that the kernel counted in a group and in the group of the run since the attempt began."""

    killed: int = 0
    """Processes of the group that the kernel killed for lack of memory, under any limit."""
    own_limit: int = 0
    """How often the group's own memory limit was hit."""
    run_limit: int = 0
    """How often the run's limit could not be kept otherwise than by a kill."""
    refused: int = 0
    """How often the group's own limit of tasks refused a new process or thread."""


class Over(str, Enum):
    """Which limit was exceeded."""

    MEMORY = "memory"
    PROCESSES = "processes"
    MACHINE = "machine memory"


def judge_events(events: Events) -> Over | None:
    """Return the limit that ended processes. Only a kill counts: reclaimed memory changes no result.

    A kill is the attempt's own doing only if its own limit was hit and the run's was not.
    """
    if events.killed:
        return Over.MEMORY if events.own_limit and not events.run_limit else Over.MACHINE
    return Over.PROCESSES if events.refused else None


def task_limit(processes: int, processors: int) -> int:
    """Return the kernel's limit for a limit of processes. It counts threads, too: numerical libraries start many."""
    return 2 * processes + 32 * processors + 64
