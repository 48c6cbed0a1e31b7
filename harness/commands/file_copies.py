"""Copies of a model file for `harness readers --try`: next to a script, in a folder named by the file's content."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.commands.answer import answers_folder
from harness.errors import HarnessError, UsageError
from harness.model.case import as_label
from harness.project.header_text import with_keys
from harness.project.script_files import LARGEST
from harness.session import Session
from harness.transfer.table import Place

_READ = "read_model.py"
_SAVE = "save_model_again.py"
_OWN = "own_classes"
_HANDED_ON = "handed_on"
_UNSAFE = re.compile(r"[^\w.+-]+")
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A copy of a file, with the scripts that load it."""

    folder: Path
    scripts: Path
    """The folder of the project that has the scripts."""
    path: Path
    """The original."""
    name: str
    """A name without spaces and the like."""
    format: str
    code: Path | None
    """A Python file with the user's own classes."""

    @classmethod
    def of(cls, session: Session, path: Path, *, format: str, code: str | None) -> Copied:
        """Choose the folder of a file or folder. Raises UsageError if it is too large to copy, HarnessError."""
        path = path.parent if path.name == "saved_model.pb" else path
        scripts = session.root / "prepare"
        if not (scripts / _READ).is_file():
            raise HarnessError(
                f"{scripts / _READ}: there is no script that loads a file", next_step="This project cannot use --try"
            )
        if code is not None and not Path(code).is_file():
            raise UsageError(f"--code: there is no file {code}", next_step="Name a Python file with your classes")
        name = _UNSAFE.sub("_", path.name).strip("-.") or "model"
        size, digest = _content(path)
        if size > LARGEST:
            raise UsageError(
                f"{path}: --try copies the file for every environment, and takes at most {LARGEST >> 20} MiB",
                next_step="Write a script that loads it from where it is: harness run SCRIPT --sandbox off",
            )
        folder = answers_folder(session) / f"{as_label(f'read_{Path(name).stem}')}-{digest[:12]}"
        return cls(
            folder=folder, scripts=scripts, path=path, name=name, format=format, code=Path(code) if code else None
        )

    def reading(self) -> Path:
        """Write the script that loads the file. Return its path."""
        label = as_label(f"read_{Path(self.name).stem}")
        return self._write(self.folder, f"{label}.py", _READ, [self.name, self.format], with_file=True)

    def handing_on(self, saved_as: str) -> Path:
        """Write a scenario of two steps: load and save in one environment, load in another. Return its folder."""
        label = as_label(f"hand_on_{Path(self.name).stem}_as_{saved_as.strip('.')}")
        folder, new = self.folder / label, f"{_HANDED_ON}{saved_as}"
        self._write(folder, "write.py", _SAVE, [self.name, new], with_file=True)
        self._write(folder, "read.py", _READ, [new, saved_as], with_file=False)
        return folder

    def _write(self, folder: Path, name: str, template: str, arguments: list[str], *, with_file: bool) -> Path:
        files = [self.name] if with_file else []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if with_file:
                _copy(self.path, folder / self.name)
            if self.code is not None:
                shutil.copyfile(self.code, folder / f"{_OWN}.py")
                files, arguments = [*files, f"{_OWN}.py"], [*arguments, _OWN]
            text = (self.scripts / template).read_text(encoding="utf-8")
            script = folder / name
            script.write_text(with_keys(text, {"files": files, "args": arguments}), encoding="utf-8", newline="\n")
        except OSError as error:
            raise HarnessError(
                f"{folder}: the file cannot be copied", why=str(error), next_step="Make room, or give permission"
            ) from error
        return script


def _copy(path: Path, to: Path) -> None:
    """Copy a file or folder without links, unless it is there: the name of the folder is its content."""
    if to.exists():
        return
    part = to.with_name(f".{to.name}.part")
    if path.is_dir():
        shutil.rmtree(part, ignore_errors=True)
        for each in _files(path):
            target = part / each.relative_to(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(each, target)
    else:
        shutil.copyfile(path, part)
    part.replace(to)


def _files(path: Path) -> Iterable[Path]:
    """Return the files of a folder, without links that lead out of it."""
    if not path.is_dir():
        return [path]
    found = (Path(top, name) for top, _, names in os.walk(path) for name in names)
    return sorted(each for each in found if each.is_file() and each.resolve().is_relative_to(path.resolve()))


def _content(path: Path) -> tuple[int, str]:
    """Return the size and the digest of a file or folder; the digest is empty if it is too large."""
    files = list(_files(path))
    size, digest = sum(each.stat().st_size for each in files), hashlib.sha256()
    if size > LARGEST:
        return size, ""
    for each in files:
        digest.update(f"{each.relative_to(path)}\0{each.stat().st_size}\0".encode("utf-8", "surrogateescape"))
        with each.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return size, digest.hexdigest()


def project_places(session: Session) -> list[Place]:
    """Return the environments of the project as a table has them."""
    return [
        Place(id=each.id, python=each.python, packages=tuple(each.lock.versions.items()), variables=each.variables)
        for each in session.project.environments
    ]
