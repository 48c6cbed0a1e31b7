"""Where an attempt is, as it sees it itself: inside a sandbox at the same short paths, whatever holds it there."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.execute.attempt_dir import Folder
from harness.execute.task import FORK_SERVER, HOLD_BACK, WORKER
from harness.model import Overlay
from harness.sandbox.backends import NAMESPACES
from harness.sandbox.policy import SHARED_MEMORY_MIB, Bind, Containment, python_binds

ATTEMPT = "/attempt"
OVERLAYS = ("/overlay", "/overlay-beneath")
"""Where overlays are seen, the first in front of all."""
WORKER_INSIDE = "/harness/worker.py"
FORK_SERVER_INSIDE = "/harness/serving.py"
NAMESPACES_INSIDE = "/harness/namespaces.py"
HOLD_BACK_INSIDE = "/harness/holding_back"
_ATTEMPTS = "/attempts"
_TREES = "/trees"
_TEMPORARY = "/tmp"
_OURS = (
    Bind(source=WORKER, target=WORKER_INSIDE),
    Bind(source=FORK_SERVER, target=FORK_SERVER_INSIDE),
    Bind(source=NAMESPACES, target=NAMESPACES_INSIDE),
)


def attempt_containment(
    folder: Folder, python: Path, *, overlays: Sequence[Overlay], hidden: Sequence[Path] = ()
) -> Containment:
    """Say what an attempt in a process of its own sees."""
    binds = [*_own(folder.top), *python_binds(python), *_OURS, Bind(source=folder.script, target=f"{ATTEMPT}/script")]
    binds += [Bind(source=each.folder, target=place) for each, place in zip(overlays, OVERLAYS, strict=False)]
    return Containment(binds=binds, hidden=hidden, cwd=f"{ATTEMPT}/work", first=True)


def _own(top: Path) -> list[Bind]:
    # What lies under the system's folder for temporary files is shown after it.
    return [
        Bind(source=top / "private" / "tmp", target=_TEMPORARY, writable=True),
        Bind(source=top, target=ATTEMPT, writable=True),
    ]


@dataclass(frozen=True, kw_only=True)
class ParentPlace:
    """The folder of a parent: in it one that it has as its attempts will have theirs, and one for all of theirs.

    What modules note of places while they are imported (home, temporary files) holds in each attempt, then, and means
    the attempt's own.
    """

    top: Path

    @property
    def own(self) -> Folder:
        """What the parent itself uses."""
        return Folder(top=self.top / "own", inside=ATTEMPT)

    @property
    def attempts(self) -> Path:
        """Where the folders of its attempts are made."""
        return self.top / "attempts"

    def make(self) -> None:
        """Make the folders."""
        self.own.make()
        self.attempts.mkdir()

    def script(self, number: int) -> str:
        """Say where the parent sees one of the scripts that prepare it."""
        return f"/harness/prepare-{number}.py"

    def containment(
        self,
        python: Path,
        trees: Path | None,
        *,
        scripts: Sequence[Path] = (),
        hidden: Sequence[Path],
        variables: Mapping[str, str],
    ) -> Containment:
        """Say what the parent sees. Of its variables some are its scripts' own: what contains it must not heed them."""
        binds = [*_own(self.own.top), *python_binds(python), *_OURS]
        binds += [Bind(source=path, target=self.script(number)) for number, path in enumerate(scripts)]
        binds.append(Bind(source=self.attempts, target=_ATTEMPTS, writable=True))
        if trees is not None:
            binds += [Bind(source=trees, target=_TREES), Bind(source=HOLD_BACK, target=HOLD_BACK_INSIDE)]
        return Containment(
            binds=binds, folders=OVERLAYS, hidden=hidden, cwd=f"{ATTEMPT}/work", nests=True, variables=variables
        )

    def nest(self, folder: Folder, python: Path, overlays: Sequence[Overlay]) -> dict[str, object]:
        """Say what a fork of the parent does so that an attempt sees what is its own, and nothing of the others."""
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
    """Say what of a parent's Python lies where its forks have temporary folders of their own; asked for by each fork.

    Of each parent anew: it sees what was there when it was started.
    """
    return tuple(each.place for each in python_binds(python) if each.place.startswith(f"{_TEMPORARY}/"))
