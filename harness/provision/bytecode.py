"""Bytecode is compiled once for each file of a wheel: what another environment has of it is linked, not made again.

Environments that differ in a package share nearly all of their files, which are hard links of those in uv's cache.
The same file under the same Python has the same bytecode; Python itself holds it against the source's size and date.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from harness import process
from harness.provision.condition import python_of, site_packages
from harness.provision.manifest import Manifest, read_manifest

# Elsewhere files are copied, and copies have bytecode of their own.
CAN_LINK = sys.platform != "win32"
_COMPILE_S = 900.0
_CACHE = "__pycache__"


def most_alike(folder: Path, interpreter: str, versions: Mapping[NormalizedName, str]) -> Path | None:
    """Find the environment under a folder, of the same Python, that shares most packages; None if none shares any."""
    wanted = set(versions.items())
    shared = [
        (len(wanted & {(canonicalize_name(name), version) for name, version in manifest.versions.items()}), place.name)
        for place, manifest in _built(folder, interpreter)
    ]
    most, name = max(shared, default=(0, ""))
    return folder / name if most else None


def _built(folder: Path, interpreter: str) -> Iterator[tuple[Path, Manifest]]:
    for place in folder.glob("[!.]*/manifest.json"):
        manifest = read_manifest(place.parent)
        if manifest is not None and manifest.interpreter == interpreter:
            yield place.parent, manifest


def link_bytecode(folder: Path, donor: Path) -> list[Path]:
    """Link what a donor has of the bytecode of an environment's modules; give the modules that it has none of."""
    lacking: list[Path] = []
    site, theirs = site_packages(folder), site_packages(donor)
    for top, _, names in os.walk(site):
        modules = [name for name in names if name.endswith(".py")]
        if modules:
            lacking += _link(Path(top), theirs / Path(top).relative_to(site), modules, _tag(folder))
    return lacking


def _tag(folder: Path) -> str:
    """Name what bytecode files are called after: `cpython-311`."""
    return "cpython-" + site_packages(folder).parent.name.removeprefix("python").replace(".", "")


def _link(ours: Path, theirs: Path, modules: Iterable[str], tag: str) -> Iterator[Path]:
    cache = ours / _CACHE
    for module in modules:
        compiled = f"{module.removesuffix('.py')}.{tag}.pyc"
        try:
            if not (ours / module).samefile(theirs / module):
                raise FileNotFoundError
            cache.mkdir(exist_ok=True)
            os.link(theirs / _CACHE / compiled, cache / compiled)
        except OSError:
            yield ours / module


def compile_modules(
    folder: Path, modules: Iterable[Path], *, environ: Mapping[str, str], stop: threading.Event | None
) -> None:
    """Compile some modules of an environment; what is no Python of its version stays as it is."""
    listed = folder / "modules-to-compile"
    listed.write_text("".join(f"{module}\n" for module in modules), encoding="utf-8", errors="surrogateescape")
    command: list[str | Path] = [python_of(folder), "-I", "-m", "compileall", "-q", "-i", listed]
    process.run(command, env=environ, cwd=folder, timeout_s=_COMPILE_S, stop=stop)
    listed.unlink()
