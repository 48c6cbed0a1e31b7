"""The paths that an attempt sees. They are equal in all sandbox backends."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.execute.attempt_dir import Folder
from harness.execute.data_links import DATA
from harness.guest import GUEST
from harness.model import Overlay
from harness.sandbox.policy import SHARED_MEMORY_MIB, Bind, SandboxView, network_binds, python_binds

ATTEMPT = "/attempt"
OVERLAYS = ("/overlay", "/overlay-beneath")
"""The paths of overlays. The first one comes first on the path of modules."""
_GUEST_INSIDE = "/harness"
WORKER_INSIDE = f"{_GUEST_INSIDE}/worker.py"
HOLD_BACK_INSIDE = f"{_GUEST_INSIDE}/hold_back"
_PREPARE = "/prepare"
_ATTEMPTS = "/attempts"
_TREES = "/trees"
_TEMPORARY = "/tmp"
_OURS = Bind(source=GUEST, target=_GUEST_INSIDE)


def attempt_view(
    folder: Folder,
    python: Path,
    *,
    overlays: Sequence[Overlay],
    data: Path | None = None,
    network: bool = False,
    hidden: Sequence[Path] = (),
) -> SandboxView:
    """Return the view of an attempt in a fresh process."""
    binds = [*_own(folder.top), *python_binds(python), _OURS, Bind(source=folder.script, target=f"{ATTEMPT}/script")]
    binds += [Bind(source=each.folder, target=place) for each, place in zip(overlays, OVERLAYS, strict=False)]
    binds += [*_data(data), *(network_binds() if network else ())]
    return SandboxView(binds=binds, hidden=hidden, cwd=f"{ATTEMPT}/work", network=network, first=True)


def _data(folder: Path | None) -> list[Bind]:
    return [Bind(source=folder, target=DATA)] if folder is not None else []


def _own(top: Path) -> list[Bind]:
    # What lies under the system's folder for temporary files is shown after it.
    return [
        Bind(source=top / "private" / "tmp", target=_TEMPORARY, writable=True),
        Bind(source=top, target=ATTEMPT, writable=True),
    ]


@dataclass(frozen=True, kw_only=True)
class ForkServerPlace:
    """The folder of a fork server: its own attempt folder, and one with the folders of its attempts.

    Modules can note paths while they are imported (home, temporary files). In an attempt, these paths are the
    attempt's own.
    """

    top: Path

    @property
    def own(self) -> Folder:
        """The folder of the fork server itself."""
        return Folder(top=self.top / "own", inside=ATTEMPT)

    @property
    def attempts(self) -> Path:
        """The parent of the folders of its attempts."""
        return self.top / "attempts"

    def make(self) -> None:
        """Create the folders."""
        self.own.make()
        self.attempts.mkdir()

    def script(self, number: int) -> str:
        """Return the path of a prepare script, as the fork server sees it."""
        return f"{_PREPARE}/{number}.py"

    def view(
        self,
        python: Path,
        trees: Path | None,
        *,
        scripts: Sequence[Path] = (),
        data: Path | None = None,
        hidden: Sequence[Path],
        variables: Mapping[str, str],
    ) -> SandboxView:
        """Return the view of the fork server. `variables` may come from scripts: the backend must not use them."""
        binds = [*_own(self.own.top), *python_binds(python), _OURS]
        binds += [Bind(source=path, target=self.script(number)) for number, path in enumerate(scripts)]
        binds.append(Bind(source=self.attempts, target=_ATTEMPTS, writable=True))
        binds += _data(data)
        if trees is not None:
            binds.append(Bind(source=trees, target=_TREES))
        return SandboxView(
            binds=binds, folders=OVERLAYS, hidden=hidden, cwd=f"{ATTEMPT}/work", nests=True, variables=variables
        )

    def nest(self, folder: Folder, python: Path, overlays: Sequence[Overlay]) -> dict[str, object]:
        """Return the mounts of a fork: an attempt sees its own folders, and none of other attempts."""
        top = f"{_ATTEMPTS}/{folder.top.name}"
        binds: list[tuple[str, str, bool]] = [
            (f"{top}/private/tmp", _TEMPORARY, True),
            (top, ATTEMPT, True),
            (f"{top}/script", f"{ATTEMPT}/script", False),
        ]
        covered = [_ATTEMPTS]
        for overlay, place in zip(overlays, OVERLAYS, strict=False):
            binds.append((f"{_TREES}/{overlay.folder.name}", place, False))
        if overlays:
            covered.append(_TREES)
        return {
            "binds": binds,
            "kept": _kept(self.top, python),
            "covered": covered,
            "shared_memory_bytes": SHARED_MEMORY_MIB << 20,
        }


@functools.lru_cache(maxsize=64)
def _kept(parent: Path, python: Path) -> tuple[str, ...]:
    """Return the paths of a fork server's Python that are below the temporary folder, which forks replace.

    The cache is per fork server: it sees the files that existed at its start.
    """
    return tuple(each.place for each in python_binds(python) if each.place.startswith(f"{_TEMPORARY}/"))
