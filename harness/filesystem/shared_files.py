"""Files by content: a file that many folders share is on disk once, with a hard link in each folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tarfile
import uuid
from collections.abc import Iterable
from pathlib import Path


class SharedFiles:
    """Files under one folder: `<aa>/<sha256>`, and `<aa>/<sha256>-x` for those that can be executed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def extract(self, tar: tarfile.TarFile, folder: Path) -> None:
        """Extract an archive to a folder. Raises OSError, tarfile.TarError.

        An archive with other members than files and folders below it is extracted as usual, and shares nothing.
        """
        members = tar.getmembers()
        if not all((each.isreg() or each.isdir()) and _is_below(each.name) for each in members):
            tar.extractall(folder, filter="data")
            return
        made: set[Path] = set()
        for each in members:
            place = folder / each.name
            needed = place if each.isdir() else place.parent
            if needed not in made:
                made.add(needed)
                needed.mkdir(parents=True, exist_ok=True)
            stream = tar.extractfile(each)
            if stream is not None:
                self.link(stream.read(), place, executable=bool(each.mode & stat.S_IXUSR))

    def link(self, content: bytes, place: Path, *, executable: bool = False) -> None:
        """Create a file. It is a hard link, or a copy if the file system allows no more links. Raises OSError."""
        digest = hashlib.sha256(content).hexdigest()
        kept = self._folder / digest[:2] / (f"{digest}-x" if executable else digest)
        with contextlib.suppress(OSError):
            os.link(kept, place)
            if place.stat().st_size == len(content):
                return
            place.unlink()  # what is kept was cut short
            kept.unlink()
        _keep(kept, content, executable=executable)
        try:
            os.link(kept, place)
        except OSError:
            _write(place, content, executable=executable)

    def prune(self) -> int:
        """Remove files that no folder has any more. Return how many bytes that frees."""
        return remove_unshared(self._folder.glob("??/*"))


def remove_unshared(files: Iterable[Path]) -> int:
    """Remove files that have no other link. Return how many bytes that frees."""
    freed = 0
    for each in files:
        with contextlib.suppress(OSError):
            status = each.stat()
            if status.st_nlink == 1:
                each.unlink()
                freed += status.st_blocks * 512
    return freed


def _is_below(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/")


def _keep(kept: Path, content: bytes, *, executable: bool) -> None:
    """Write a file that is to be shared, unless another thread or process was quicker: its links stay valid."""
    part = kept.with_name(f"{kept.name}.{uuid.uuid4().hex[:8]}.part")
    _write(part, content, executable=executable)
    with contextlib.suppress(OSError):
        os.link(part, kept)
    part.unlink()


def _write(place: Path, content: bytes, *, executable: bool) -> None:
    """Write a file whole, or not at all."""
    part = place.with_name(f"{place.name}.{uuid.uuid4().hex[:8]}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.write_bytes(content)
        part.chmod(0o555 if executable else 0o444)  # a change would be one of every folder
        part.replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
