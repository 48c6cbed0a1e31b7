"""Generated sources of a commit: a script of the project generates them in the sandbox."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.model import Generation
from harness.process.child import run_limited
from harness.process.limits import Limits
from harness.sandbox.backends import Sandbox
from harness.sandbox.policy import Bind, SandboxView, python_binds

_LIMITS = Limits(timeout_s=600.0, memory_mib=8192, processes=256, disk_mib=1024)


class GenerationFailed(Exception):
    """The sources of a commit could not be completed; the message is the last line that the script wrote."""


@dataclass(frozen=True, kw_only=True)
class Generator:
    """Runs the script of one package with the Python of an environment."""

    generation: Generation
    find_python: Callable[[], Path]
    variables: tuple[tuple[str, str], ...]
    sandbox: Sandbox
    hidden: Sequence[Path]
    stop: threading.Event

    def digest_of(self, sources: Sequence[str]) -> str:
        """Return 40 hex digits for sources with these digests, once they are completed."""
        script = hashlib.sha256(self.generation.script.read_bytes()).hexdigest()
        return hashlib.sha1(f"{sources} {script}".encode(), usedforsecurity=False).hexdigest()

    def run(self, folder: Path) -> None:
        """Complete the sources in `folder/tree`; `folder` is for temporary files. Raises GenerationFailed."""
        python, script, tree = self.find_python(), self.generation.script, folder / "tree"
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        view = SandboxView(
            binds=[*python_binds(python), Bind(source=script), Bind(source=folder, writable=True)],
            cwd=str(folder),
            hidden=self.hidden,
        )
        variables = {
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PATH": os.pathsep.join([str(python.parent), os.defpath]),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            **dict(self.variables),
        }
        try:
            ended = run_limited(
                self.sandbox.command(view, [python, script, tree]),
                env=variables,
                cwd=folder,
                limits=replace(_LIMITS, folder=folder),
                contained=self.sandbox.contains,
                stop=self.stop,
            )
        except OSError as error:
            raise GenerationFailed(str(error)) from error
        if ended.stopped or ended.timed_out or ended.lost or ended.status != 0:
            lines = ended.stderr.decode(errors="replace").strip().splitlines()
            raise GenerationFailed(lines[-1] if lines else f"it ended with status {ended.status}")
