"""Find the sandbox backends that work on this machine, and start commands with them."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from harness.cgroups.groups import Group, RunGroup
from harness.cgroups.layout import Mechanism
from harness.errors import HarnessError
from harness.guest import GUEST
from harness.process import child
from harness.process.limits import Limits
from harness.sandbox.policy import GID, HOST, SHARED_MEMORY_MIB, UID, Bind, SandboxView, python_binds

_log = logging.getLogger(__name__)
NAMESPACES = GUEST / "namespaces.py"
_TRY_S = 20.0
_NO_NESTING = 96
_SHARED_MEMORY = str(SHARED_MEMORY_MIB << 20)


class SandboxBackend(str, Enum):
    """The sandbox backends; the values of the `sandbox` column."""

    NONE = "none"
    BUBBLEWRAP = "bubblewrap"
    NAMESPACES = "namespaces"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """The backends: `alone` for separate processes, `fork_servers` for those whose forks have nested sandboxes."""

    alone: SandboxBackend = SandboxBackend.NONE
    fork_servers: SandboxBackend = SandboxBackend.NONE
    bwrap: str = ""
    """Path of bubblewrap, where it is used."""
    bwrap_can: frozenset[str] = frozenset()
    """Options of this bubblewrap that not every version has."""
    why_not: str = ""
    """The reason why there is no sandbox, or none for forks."""
    groups: RunGroup | None = field(default=None, compare=False)
    """The control group of the run; without one, limits of memory and processes are polled."""

    @property
    def limits(self) -> Mechanism:
        """The mechanism that enforces limits of memory and processes."""
        return self.groups.mechanism if self.groups is not None else Mechanism.POLLED

    @contextlib.contextmanager
    def group(self, limits: Limits) -> Iterator[Group | None]:
        """Create a control group with these limits, if that is possible here; remove it afterwards. Raises OSError."""
        if self.groups is None:
            yield None
            return
        with contextlib.closing(self.groups.attempt(memory_mib=limits.memory_mib, processes=limits.processes)) as group:
            yield group

    @property
    def contains(self) -> bool:
        """True if processes run in a sandbox."""
        return self.alone is not SandboxBackend.NONE

    @property
    def forks(self) -> bool:
        """True if forks may be used: each has its own sandbox, or there is no sandbox."""
        return self.fork_servers is not SandboxBackend.NONE or not self.contains

    def command(self, view: SandboxView, command: Sequence[str | Path]) -> list[str]:
        """Return the command that runs a command in the sandbox. The paths in it must exist there."""
        parts = [os.fspath(part) for part in command]
        match self.fork_servers if view.nests else self.alone:
            case SandboxBackend.NONE:
                return parts
            case SandboxBackend.BUBBLEWRAP:
                return [*self._bubblewrap(view), *parts]
            case SandboxBackend.NAMESPACES:
                return [sys.executable, "-I", "-S", str(NAMESPACES), json.dumps(_specification(view)), *parts]

    def _bubblewrap(self, view: SandboxView) -> list[str]:
        options = [self.bwrap, "--die-with-parent", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
        options += ["--unshare-cgroup-try", "--cap-drop", "ALL", "--uid", str(UID), "--gid", str(GID)]
        options += ["--hostname", HOST]
        for name, value in view.variables.items():
            options += ["--setenv", name, value]
        if not view.network:
            options += ["--unshare-net"]
        if view.first:
            options += ["--as-pid-1"]
        if not view.nests and "--disable-userns" in self.bwrap_can:
            options += ["--disable-userns"]
        for path, target in view.system.links:
            options += ["--symlink", target, path]
        for bind in view.system.binds:
            options += _bind(bind)
        for folder in view.covered:
            options += ["--tmpfs", folder]
        options += ["--dev", "/dev", *self._sized(), "--tmpfs", "/dev/shm", "--proc", "/proc"]
        for folder in view.folders:
            options += ["--dir", folder]
        for bind in view.binds:
            options += _bind(bind)
        if not view.nests:
            options += ["--remount-ro", "/proc"]
        for folder in (*view.covered, "/dev", "/"):
            options += ["--remount-ro", folder]
        return [*options, "--chdir", view.cwd, "--"]

    def _sized(self) -> list[str]:
        return ["--size", _SHARED_MEMORY] if "--size" in self.bwrap_can else []


NO_SANDBOX = Sandbox()


def _bind(bind: Bind) -> list[str]:
    return ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.place]


def _specification(view: SandboxView) -> dict[str, object]:
    return {
        "uid": UID,
        "gid": GID,
        "host": HOST,
        "network": view.network,
        "nests": view.nests,
        "first": view.first,
        "variables": dict(view.variables),
        "cwd": view.cwd,
        "shared_memory_bytes": int(_SHARED_MEMORY),
        "folders": list(view.folders),
        "links": [list(link) for link in view.system.links],
        "covered": view.covered,
        "system": [[str(each.source), each.place, each.writable] for each in view.system.binds],
        "binds": [[str(each.source), each.place, each.writable] for each in view.binds],
    }


def find_sandbox(variables: Mapping[str, str], *, only: SandboxBackend | None = None) -> Sandbox:
    """Try what there is, the best first; with `only`, nothing but that. What is not contained, says why not."""
    if sys.platform != "linux":
        return Sandbox(why_not=f"sandboxes need Linux, and this is {sys.platform}")
    found: list[Sandbox] = []
    reasons: list[str] = []
    for candidate in _candidates(variables, only):
        nests, why = _try(candidate)
        _log.info("sandbox %s: %s", candidate.alone, why or ("works" if nests else "works, but not for forks"))
        if why:
            reasons.append(f"{candidate.alone}: {why}")
        else:
            found.append(candidate if nests else _alone(candidate))
        if nests:
            break
    why_not = "; ".join(reasons)
    if not found:
        return Sandbox(why_not=why_not)
    # The last one tried is the one that fork servers can use, if any is.
    return Sandbox(
        alone=found[0].alone,
        fork_servers=found[-1].fork_servers,
        bwrap=found[0].bwrap,
        bwrap_can=found[0].bwrap_can,
        why_not=why_not,
    )


def _candidates(variables: Mapping[str, str], only: SandboxBackend | None) -> list[Sandbox]:
    candidates = []
    bwrap = shutil.which("bwrap", path=variables.get("PATH") or os.defpath)
    if bwrap is not None and only in (None, SandboxBackend.BUBBLEWRAP):
        candidates.append(
            Sandbox(
                alone=SandboxBackend.BUBBLEWRAP,
                fork_servers=SandboxBackend.BUBBLEWRAP,
                bwrap=bwrap,
                bwrap_can=_options_of(bwrap),
            )
        )
    if only in (None, SandboxBackend.NAMESPACES):
        candidates.append(Sandbox(alone=SandboxBackend.NAMESPACES, fork_servers=SandboxBackend.NAMESPACES))
    if os.geteuid() == 0:
        # The owner of bubblewrap's devices can change them: for root, bind them read-only.
        candidates.reverse()
    return candidates


def _alone(sandbox: Sandbox) -> Sandbox:
    return Sandbox(alone=sandbox.alone, bwrap=sandbox.bwrap, bwrap_can=sandbox.bwrap_can)


def _options_of(bwrap: str) -> frozenset[str]:
    ended = child.run([bwrap, "--help"], env={}, cwd=Path("/"), timeout_s=_TRY_S)
    return frozenset(each for each in ("--disable-userns", "--size") if each.encode() in ended.stdout)


def _try(sandbox: Sandbox) -> tuple[bool, str]:
    """Contain a process, and a fork of it. Return whether forks can be contained, and why nothing can, if so."""
    python = Path(sys.executable)
    ours = Bind(source=GUEST, target="/harness")
    view = SandboxView(binds=(*python_binds(python), ours), nests=True)
    ended = child.run(
        sandbox.command(view, [python, "-I", "-S", f"{ours.target}/{NAMESPACES.name}", "--try"]),
        env={},
        cwd=Path("/"),
        timeout_s=_TRY_S,
    )
    if ended.status in (0, _NO_NESTING):
        return ended.status == 0, ""
    said = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return False, said or f"it ended with status {ended.status}"


def require(sandbox: Sandbox) -> None:
    """Raise a HarnessError if nothing can be contained."""
    if not sandbox.contains:
        raise HarnessError(
            "No sandbox works on this machine, and --sandbox required asks for one",
            why=sandbox.why_not,
            next_step="Install bubblewrap (apt install bubblewrap), or let users make namespaces: docs/security.md; "
            "or run on such a machine, or, if you trust the scripts, with --sandbox off",
        )
