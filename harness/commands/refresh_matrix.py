"""The first half of `harness refresh`: add new releases to matrix.toml, and create their locks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from harness.errors import HarnessError
from harness.filesystem.atomic import write_whole
from harness.locking.matrix_locks import Locking, LockingReport
from harness.locking.new_releases import NewReleases, find_news
from harness.locking.package_index import ReleaseIndex
from harness.project.matrix import FILE, Matrix
from harness.project.matrix_edit import set_key
from harness.project.matrix_file import read_matrix
from harness.project.project import Project
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Extension:
    """Changes of the matrix and its locks."""

    added: tuple[str, ...] = ()
    """Environments with a new lock."""
    superseded: tuple[str, ...] = ()
    """Environments whose lock was removed."""
    failed: tuple[tuple[str, str], ...] = ()
    """Environments that could not be locked, with the reason."""
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Files that were written, relative to the project."""
    deleted: tuple[str, ...] = ()


def find_all_news(session: Session) -> tuple[tuple[NewReleases, ...], tuple[str, ...]]:
    """Return the new releases of every family, and notes on families whose releases the index did not list."""
    project = session.project
    index = ReleaseIndex.configured(session.variables)
    found, notes = [], []
    for family in project.matrix.families:
        try:
            releases = index.releases(family.package, every=True)
        except HarnessError as error:
            notes.append(f"families.{family.name}: {' '.join(str(error).split())}")
            continue
        found.append(find_news(family, releases, _locked(project, family.name)))
    if notes and not found:
        raise HarnessError("No family could be looked up", why=notes[0], next_step="Try again later")
    return tuple(found), tuple(notes)


def _locked(project: Project, family: str) -> Iterable[Version]:
    members = (each for each in project.environments if each.family == family)
    return [Version(each.lock.origin.version) for each in members if each.lock.origin.version is not None]


def extend(session: Session, news: Iterable[NewReleases]) -> Extension:
    """Write matrix.toml and the locks of new releases; remove the locks of superseded pre-releases."""
    news = [each for each in news if each.added or each.superseded or each.changes_matrix]
    files = _write_matrix(session.root / FILE, news)
    matrix = read_matrix(session.root / FILE)
    wanted = [each.family.environment_id(version) for each in news for version in each.added]
    report = _lock(session, matrix, wanted) if wanted else None
    deleted, superseded = [], []
    for each in news:
        for version in each.superseded:
            id = each.family.environment_id(version)
            path = session.root / "locks" / each.family.name / f"{id}.txt"
            path.unlink(missing_ok=True)
            superseded.append(id)
            deleted.append(path.relative_to(session.root).as_posix())
    written = report.written if report is not None else ()
    paths = [path for id in written for path in (session.root / "locks").glob(f"*/{id}.txt")]
    return Extension(
        added=tuple(id for id in written if id in wanted),
        superseded=tuple(superseded),
        failed=report.failed if report is not None else (),
        notes=tuple(note for each in news for note in each.notes),
        files=(*files, *sorted(path.relative_to(session.root).as_posix() for path in paths)),
        deleted=tuple(deleted),
    )


def _write_matrix(path: Path, news: Iterable[NewReleases]) -> tuple[str, ...]:
    before = text = path.read_text(encoding="utf-8")
    for each in news:
        if each.versions is not None:
            text = set_key(text, each.family.name, "versions", each.versions)
        if each.also is not None:
            text = set_key(text, each.family.name, "also", each.also)
    if text == before:
        return ()
    write_whole(path, text)
    return (FILE,)


def _lock(session: Session, matrix: Matrix, wanted: Iterable[str]) -> LockingReport:
    return Locking(
        matrix=matrix,
        folder=session.root / "locks",
        index=ReleaseIndex.configured(session.variables),
        builds=session.builds,
        now=dt.datetime.now(dt.timezone.utc),
        notify=session.notify,
        stop=session.stop,
    ).run(tuple(wanted))
