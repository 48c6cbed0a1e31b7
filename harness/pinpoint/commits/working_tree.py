"""A user's working tree of a package, copied as an overlay of environments."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import UsageError
from harness.filesystem.folders import OwnedFolder
from harness.model import Overlay
from harness.pinpoint.commits.moved_folders import Built, complete

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".git")


def read_overlay(text: str, cache: Path, built: Mapping[str, Built]) -> Overlay:
    """Read `PACKAGE=DIR`, and keep a copy of the package's sources, so that no edit changes what is being run."""
    package, equals, folder = text.partition("=")
    module = package.strip().replace("-", "_")
    if not equals or not module.isidentifier() or not folder:
        raise UsageError(
            f"--overlay {text!r} is not PACKAGE=DIR",
            next_step="Write a package and a folder, such as keras=~/src/keras",
        )
    source = _source_of(module, Path(folder).expanduser().absolute())
    kept = cache / "trees"
    with OwnedFolder(kept, ".part-") as temporary:
        copy = temporary / source.name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=_LEFT_OUT, symlinks=True)
            complete(copy, built.get(module, ()))
        else:
            shutil.copyfile(source, copy)
        digest = _digest(temporary)
        final = kept / f"working-{digest}"
        if not final.is_dir():
            copy.parent.replace(final)
    return Overlay(package=module, folder=final, digest=digest)


def _source_of(module: str, folder: Path) -> Path:
    """Find a module's sources in a working tree: at its top, under src/, or the folder itself."""
    candidates = [folder / module, folder / "src" / module, folder / f"{module}.py", folder / "src" / f"{module}.py"]
    if folder.name == module and not any(each.exists() for each in candidates):
        candidates.append(folder)
    for each in candidates:
        if (each / "__init__.py").is_file() or (each.suffix == ".py" and each.is_file()):
            return each
    raise UsageError(
        f"--overlay {module}={folder}: there is no {module} in it",
        why=f"Neither {module}/__init__.py nor {module}.py is there, nor below src/",
        next_step="Name the top of the working tree",
    )


def _digest(folder: Path) -> str:
    """Return 40 hex digits for the content of a folder."""
    digest = hashlib.sha256()
    for path in sorted(_files(folder)):
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        digest.update(b"%d %b %d %b" % (len(name), name, len(content), content))
    return digest.hexdigest()[:40]


def _files(folder: Path) -> Iterator[Path]:
    for top, _, names in os.walk(folder):
        yield from (Path(top) / name for name in names)
