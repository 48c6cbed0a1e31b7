"""Bytecode by the content of its source: a file that many source trees share is compiled once for each interpreter.

The bytecode names no date of its source (PEP 552, unchecked), so one file serves every tree by a hard link.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.environments.bytecode import CAN_LINK
from harness.filesystem.atomic import make_folders_read_only, make_folders_writable
from harness.filesystem.folders import OwnedFolder
from harness.filesystem.shared_files import remove_unshared
from harness.guest import GUEST
from harness.interpreters import Interpreter
from harness.process import child

COMPILE_SOURCES = GUEST / "compile_sources.py"
_COMPILE_S = 900.0
_FIRST_WITH_UNCHECKED = (3, 7)


class SharedBytecode:
    """Compiled files under one cache folder: `<interpreter>/<aa>/<sha256>.pyc`."""

    def __init__(self, cache: Path, *, environ: Mapping[str, str]) -> None:
        self._folder = cache / "bytecode"
        self._environ = environ
        self._guard = threading.Lock()
        self._done: set[tuple[Path, str]] = set()

    def compile(self, tree: Path, interpreter: Interpreter, *, stop: threading.Event | None = None) -> None:
        """Link the bytecode of a source tree next to its sources. Errors are ignored: imports then compile."""
        if not CAN_LINK or _version(interpreter) < _FIRST_WITH_UNCHECKED or (tree, interpreter.id) in self._done:
            return
        store = self._folder / interpreter.id
        marker = store / "done" / tree.name
        with self._guard, contextlib.suppress(OSError):
            if not marker.exists():
                self._compile(tree, interpreter, store, stop)
                if stop is not None and stop.is_set():
                    return
                marker.parent.mkdir(parents=True, exist_ok=True)
                marker.touch()
            self._done.add((tree, interpreter.id))

    def forget(self, tree: Path) -> None:
        """Note that a source tree is gone."""
        for marker in self._folder.glob(f"*/done/{tree.name}"):
            marker.unlink(missing_ok=True)

    def _compile(self, tree: Path, interpreter: Interpreter, store: Path, stop: threading.Event | None) -> None:
        links: list[tuple[Path, Path]] = []
        lacking: dict[Path, Path] = {}
        for source in _modules(tree):
            digest = hashlib.sha256(source.read_bytes()).hexdigest()
            compiled = store / digest[:2] / f"{digest}.pyc"
            links.append((compiled, _place_of(source, interpreter)))
            if not compiled.exists():
                lacking.setdefault(compiled, source)
        if lacking:
            with OwnedFolder(self._folder, ".part-") as scratch:
                parts = {compiled: scratch / compiled.name for compiled in lacking}
                listing = scratch / "listing"
                lines = [json.dumps([str(source), str(parts[compiled])]) for compiled, source in lacking.items()]
                listing.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
                command: list[str | Path] = [interpreter.executable, "-I", "-S", COMPILE_SOURCES, listing]
                child.run(command, env=self._environ, cwd=scratch, timeout_s=_COMPILE_S, stop=stop)
                for compiled, part in parts.items():
                    with contextlib.suppress(FileNotFoundError):  # it does not compile
                        compiled.parent.mkdir(parents=True, exist_ok=True)
                        part.replace(compiled)
        make_folders_writable(tree)
        for folder in {place.parent for _, place in links}:
            folder.mkdir(exist_ok=True)
        for compiled, place in links:
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                os.link(compiled, place)
        make_folders_read_only(tree)

    def prune(self) -> int:
        """Remove what no source tree has any more. Return how many bytes that frees."""
        return remove_unshared(self._folder.glob("*/??/*.pyc"))


def _modules(tree: Path) -> Iterator[Path]:
    """List the modules of a source tree without its tests, which scripts do not import."""
    for top, _, names in os.walk(tree):
        for name in names:
            if name.endswith(".py") and not name.endswith("_test.py"):
                path = Path(top) / name
                if not path.is_symlink():
                    yield path


def _place_of(source: Path, interpreter: Interpreter) -> Path:
    """Return the path at which the interpreter looks for the bytecode of a source."""
    tag = "cpython-" + "".join(str(part) for part in _version(interpreter))
    return source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"


def _version(interpreter: Interpreter) -> tuple[int, int]:
    major, minor = interpreter.version.split(".")[:2]
    return int(major), int(minor)
