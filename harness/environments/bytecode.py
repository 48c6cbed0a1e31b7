"""Compile the bytecode of each file of a wheel once, and hard-link it into other environments.

Environments that differ in a package share nearly all of their files, which are hard links to files in uv's cache.
The same file under the same Python has the same bytecode. Python checks it against the size and date of the source.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from harness.environments.integrity import python_of, site_packages
from harness.environments.manifest import Manifest, read_manifest
from harness.process import child

# On Windows, uv copies files, so bytecode cannot be shared.
CAN_LINK = sys.platform != "win32"
_COMPILE_S = 900.0
_CACHE = "__pycache__"


def most_similar_environment(folder: Path, interpreter: str, versions: Mapping[NormalizedName, str]) -> Path | None:
    """Return the environment in a folder that has the same Python and shares most packages, or None."""
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
    """Hard-link bytecode from another environment. Return the modules for which the donor has no bytecode."""
    missing: list[Path] = []
    site, donor_site = site_packages(folder), site_packages(donor)
    for top, _, names in os.walk(site):
        modules = [name for name in names if name.endswith(".py")]
        if modules:
            missing += _link(Path(top), donor_site / Path(top).relative_to(site), modules, _tag(folder))
    return missing


def _tag(folder: Path) -> str:
    """Return the tag in the names of bytecode files, such as `cpython-311`."""
    return "cpython-" + site_packages(folder).parent.name.removeprefix("python").replace(".", "")


def _link(target: Path, donor: Path, modules: Iterable[str], tag: str) -> Iterator[Path]:
    cache = target / _CACHE
    for module in modules:
        compiled = f"{module.removesuffix('.py')}.{tag}.pyc"
        try:
            if not (target / module).samefile(donor / module):
                raise FileNotFoundError
            cache.mkdir(exist_ok=True)
            os.link(donor / _CACHE / compiled, cache / compiled)
        except OSError:
            yield target / module


def compile_modules(
    folder: Path, modules: Iterable[Path], *, environ: Mapping[str, str], stop: threading.Event | None
) -> None:
    """Compile modules of an environment. Skip files with syntax that its Python does not accept."""
    listed = folder / "modules-to-compile"
    listed.write_text("".join(f"{module}\n" for module in modules), encoding="utf-8", errors="surrogateescape")
    command: list[str | Path] = [python_of(folder), "-I", "-m", "compileall", "-q", "-i", listed]
    child.run(command, env=environ, cwd=folder, timeout_s=_COMPILE_S, stop=stop)
    listed.unlink()
