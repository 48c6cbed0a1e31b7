"""Releases as source trees: wheels of pure Python, unpacked once each, as overlays of an environment."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from email.parser import HeaderParser
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from harness.environments.integrity import Contents, contents, differing_files, site_packages
from harness.environments.shared_bytecode import SharedBytecode
from harness.filesystem.atomic import make_folders_read_only, write_whole
from harness.filesystem.folders import OwnedFolder, remove_folder
from harness.filesystem.reading import parse_json
from harness.interpreters import Interpreter
from harness.model import Lock, LockOrigin, Overlay, Pin
from harness.project.lock_file import write_lock
from harness.uv.client import Uv
from harness.uv.failures import FailureKind, UvFailed

PREFIX = "release-"
_COMPILED = (".so", ".pyd", ".dylib", ".dll", ".pth")
_IN_USE = dt.timedelta(hours=1)


class NoOverlay(Exception):
    """A release cannot be an overlay of an environment; the reason is for people."""


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """A release on disk: its one top-level module, and its `.dist-info` folder."""

    folder: Path
    digest: str
    module: str
    others: tuple[str, ...]
    """Names of its other top-level files, which no environment may have: folders that are no packages, more modules."""
    requires: tuple[str, ...]
    """The requirements of its metadata."""
    requires_python: str

    @property
    def overlay(self) -> Overlay:
        """The release as an overlay of an environment."""
        return Overlay(package=self.module, folder=self.folder, digest=self.digest)


class UnpackedReleases:
    """Unpacked wheels under one cache folder, shared by all processes of a user."""

    def __init__(self, cache: Path, *, uv: Uv, bytecode: SharedBytecode) -> None:
        self._folder = cache / "trees"
        self._uv = uv
        self._bytecode = bytecode
        self._guards: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def unpack(self, pin: Pin, interpreter: Interpreter, *, stop: threading.Event | None = None) -> Unpacked:
        """Return a verified release, unpacked before or now. Raises NoOverlay, or UvFailed."""
        digest = hashlib.sha256(json.dumps([pin.name, pin.version, *pin.hashes]).encode()).hexdigest()[:40]
        folder = self._folder / f"{PREFIX}{digest}"
        with self._guard:
            guard = self._guards.setdefault(digest, threading.Lock())
        with guard:
            if not _is_whole(folder):
                self._unpack(pin, interpreter, folder, stop)
            with contextlib.suppress(OSError):
                _note_of(folder).touch()  # when it was used last
            return _read(folder, digest, pin.name)

    def _unpack(self, pin: Pin, interpreter: Interpreter, folder: Path, stop: threading.Event | None) -> None:
        with OwnedFolder(self._folder, ".part-") as temporary:
            place = temporary / "tree"
            wheel = _lock_of(pin)
            self._uv.unpack(write_lock(wheel), python=interpreter.executable, folder=temporary, place=place, stop=stop)
            records = list(place.glob("*.dist-info/RECORD"))
            if len(records) != 1 or differing_files(records[0]):
                self._uv.remove_from_cache([pin.name], folder=temporary)
                raise UvFailed(
                    FailureKind.OTHER, f"the files of {pin.name} {pin.version} differ from the published ones", ""
                )
            _remove_all_but(place, records[0])
            found = contents(place)
            make_folders_read_only(place)
            place.chmod(0o755)  # a folder that is renamed must be writable
            if folder.exists():  # damaged
                remove_folder(folder)
                self._bytecode.forget(folder)
            with contextlib.suppress(OSError):
                place.replace(folder)
            write_whole(_note_of(folder), json.dumps(asdict(found)) + "\n")

    def prune(self, *, unused_for: dt.timedelta) -> None:
        """Remove releases that were unused for `unused_for`, and bytecode without a source tree."""
        oldest = (dt.datetime.now(dt.timezone.utc) - max(unused_for, _IN_USE)).timestamp()
        for folder in self._folder.glob(f"{PREFIX}*[0-9a-f]"):
            note = _note_of(folder)
            with contextlib.suppress(OSError):
                if (note if note.exists() else folder).stat().st_mtime < oldest:
                    note.unlink(missing_ok=True)
                    remove_folder(folder)
                    self._bytecode.forget(folder)
        self._bytecode.prune()


def _note_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _is_whole(folder: Path) -> bool:
    """Return True if an unpacked release is complete and unchanged, by names, sizes and dates of its files."""
    try:
        noted = Contents(**parse_json(_note_of(folder).read_text(encoding="utf-8")))
        return contents(folder) == noted
    except (OSError, ValueError, TypeError):
        return False


def _lock_of(pin: Pin) -> Lock:
    origin = LockOrigin(
        environment=str(pin.name),
        family="",
        package=None,
        version=None,
        python="3",
        platform="",
        as_of=dt.datetime(1980, 1, 1, tzinfo=dt.timezone.utc),
        requirements=(),
    )
    return Lock(origin=origin, pins=(pin,))


def _remove_all_but(place: Path, record: Path) -> None:
    """Remove files that uv added to the wheel's own: commands, a lock."""
    wanted = {path.split("/")[0] for path in _paths(record)}
    for each in place.iterdir():
        if each.name not in wanted or each.name == "bin":
            remove_folder(each) if each.is_dir() else each.unlink()


def _paths(record: Path) -> Iterator[str]:
    with record.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        yield from (row[0] for row in csv.reader(stream) if row)


def _top_level(folder: Path, info: str) -> tuple[list[str], list[str]]:
    """Return the names of packages and modules in a folder, and those of all else in it."""
    packages: list[str] = []
    others: list[str] = []
    for each in sorted(folder.iterdir()):
        if each.name in (info, "__pycache__"):
            continue
        if (each / "__init__.py").is_file():
            packages.append(each.name)
        elif each.suffix == ".py":
            packages.append(each.stem)
        else:
            others.append(each.name)
    return packages, others


def _read(folder: Path, digest: str, name: NormalizedName) -> Unpacked:
    """Read an unpacked release. Raises NoOverlay for one that needs more than a place on `sys.path`."""
    (info,) = folder.glob("*.dist-info")
    wheel = HeaderParser().parsestr((info / "WHEEL").read_text(encoding="utf-8", errors="replace"))
    if any(not tag.endswith("-none-any") for tag in wheel.get_all("Tag", [""])):
        raise NoOverlay(f"{name} is not pure Python")
    packages, others = _top_level(folder, info.name)
    named = [each for each in packages if canonicalize_name(each) == name]
    modules = named or packages
    if len(modules) != 1:
        raise NoOverlay(f"{name} has {len(packages)} top-level modules")
    others += [each for each in packages if each not in modules]
    if any(path.endswith(_COMPILED) or path.startswith(("..", "/")) for path in _paths(info / "RECORD")):
        raise NoOverlay(f"{name} installs more than Python sources")
    metadata = HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8", errors="replace"))
    requires = tuple(str(each) for each in metadata.get_all("Requires-Dist", []))
    return Unpacked(
        folder=folder,
        digest=digest,
        module=modules[0],
        others=tuple(others),
        requires=requires,
        requires_python=str(metadata.get("Requires-Python", "")),
    )


def unsatisfied(release: Unpacked, lock: Lock) -> str | None:
    """Return the first requirement of a release that a lock does not satisfy, None if it satisfies all.

    What the lock overrides counts as it is overridden there.
    """
    overrides: dict[NormalizedName, list[Requirement]] = {}
    for text in lock.origin.overrides:
        override = Requirement(text)
        overrides.setdefault(canonicalize_name(override.name), []).append(override)
    markers = _marker_environment(lock.origin.python)
    try:
        asked = [Requirement(text) for text in release.requires]
        if not SpecifierSet(release.requires_python).contains(markers["python_full_version"]):
            return f"Python {release.requires_python}"
    except (InvalidRequirement, InvalidSpecifier) as error:
        return str(error)
    for requirement in asked:
        if not _counts(requirement.marker, markers):
            continue
        for each in overrides.get(canonicalize_name(requirement.name), [requirement]):
            if not _counts(each.marker, markers):
                continue
            version = lock.versions.get(canonicalize_name(each.name))
            if version is None or each.extras or not each.specifier.contains(version, prereleases=True):
                return str(each)
    return None


def _marker_environment(python: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": os.name,
        "extra": "",
    }


def _counts(marker: Marker | None, environment: Mapping[str, str]) -> bool:
    return marker is None or marker.evaluate(dict(environment))


def why_no_overlay_of(environment: Path, name: NormalizedName, release: Unpacked) -> str | None:
    """Return why a release cannot be an overlay of an installed environment, None if it can.

    The installed package must have the release's module and no other one, and no other package one of that
    name. Other top-level files of the release must not exist in the environment.
    """
    own: set[str] = set()
    for record in site_packages(environment).glob("*.dist-info/RECORD"):
        tops = {_top(path) for path in _paths(record)} - {""}
        taken = tops.intersection(release.others)
        if canonicalize_name(record.parent.name.removesuffix(".dist-info").rpartition("-")[0]) == name:
            own |= tops
        elif release.module in tops:
            taken.add(release.module)
        if taken:
            return f"{record.parent.name.removesuffix('.dist-info')} has {', '.join(sorted(taken))}, too"
    if own != {release.module}:
        found = ", ".join(sorted(own)) or "not known"
        return f"the installed {name} has {found}, and the release has {release.module}"
    return None


def _top(path: str) -> str:
    """Return the top-level module or folder that a file belongs to, "" if it is no module."""
    top, slash, _ = path.partition("/")
    if top in ("..", "", "__pycache__") or top.endswith((".dist-info", ".data")):
        return ""
    return top if slash else top.removesuffix(".py") if top.endswith(".py") else f"./{top}"
