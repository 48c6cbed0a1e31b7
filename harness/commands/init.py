"""`harness init`: start a project for a package in an empty folder."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from harness.commands.arguments import CommandOptions
from harness.commands.init_matrix import (
    MANY,
    in_range,
    matrix_of,
    newest_minors,
    parse_module,
    parse_package,
    parse_python,
)
from harness.commands.output_files import write_file
from harness.commands.prompts import ask, can_ask
from harness.errors import HarnessError, UsageError, counted, some_of
from harness.locking.package_index import IndexUnavailable, Release, ReleaseIndex
from harness.project.family_table import PICKS
from harness.project.import_names import PACKAGES
from harness.project.new_project import NewProject, files_of, guessed_module
from harness.session import Session

_IGNORED = {".git", ".gitattributes", ".DS_Store"}
"""A folder with nothing else is empty."""


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness init`."""

    folder: str | None
    package: str | None
    module: str | None
    versions: str | None
    pick: str | None
    python: tuple[str, ...] | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness init`."""
    parser.add_argument("folder", metavar="DIR", nargs="?", help="an empty or new folder (default: this one)")
    parser.add_argument("--package", metavar="NAME", help="the package to cover; without it, a terminal asks")
    parser.add_argument("--module", metavar="NAME", help="what scripts import (default: by the name of the package)")
    parser.add_argument(
        "--versions", metavar="RANGE", help=f"releases, such as '>=1.0,<3' (default: the last {MANY} minor versions)"
    )
    parser.add_argument(
        "--pick",
        choices=PICKS,
        help=f"which releases of the range (default: every one of up to {MANY}, else the last of each minor version)",
    )
    parser.add_argument(
        "--python", metavar="X.Y", action="append", help="a Python to use; repeatable (default: those that fit)"
    )


def execute(session: Session, options: Options) -> int:
    """Write the files of a new project, and print the next two commands."""
    if options.folder is not None:
        _require_empty(options.folder)
    index = ReleaseIndex.configured(session.variables)
    options = _complete_options(session, options, index)
    folder = options.folder or "."
    _require_empty(folder)
    project = _project(session, options, index)
    for name, text in files_of(project, command=session.command).items():
        write_file(Path(folder) / name, text)
        session.notify(f"{Path(folder) / name}: written")
    session.notify(
        f"{counted(len(project.chosen), 'release')} of {project.package}: {some_of(project.chosen, most=20)}; "
        f"Python {', '.join(project.pythons)}. Edit matrix.toml to change that."
    )
    here = "" if Path(folder).resolve() == Path.cwd().resolve() else f" --project {shlex.quote(folder)}"
    sys.stdout.write(f"Next:\n  {session.command}{here} lock\n  {session.command}{here} run\n")
    return 0


def _complete_options(session: Session, options: Options, index: ReleaseIndex) -> Options:
    """Check what was typed, or ask for it on a terminal. Raises UsageError."""
    for text in options.python or ():
        parse_python(text)
    if options.module is not None:
        parse_module(options.module)
    if options.package is not None:
        _releases(index, options.package)
        return options
    if not can_ask():
        raise UsageError(
            "harness init: no package is named, and there is no terminal to ask on",
            next_step=f"Write for example: {session.command} init my-matrix --package scikit-learn --versions '>=1.0'",
        )
    return _ask_missing_options(session, options, index)


def _ask_missing_options(session: Session, options: Options, index: ReleaseIndex) -> Options:
    """Ask for each option that was not typed."""

    def package(text: str) -> str:
        _releases(index, text)
        return text

    options = replace(options, package=ask("Package", read=package))
    named = options.package or ""
    releases = _releases(index, named)
    if options.module is None:
        guess = guessed_module(named, PACKAGES)
        options = replace(options, module=ask("Module that scripts import", read=parse_module, default=guess))
    if options.versions is None:

        def versions(text: str) -> str:
            in_range(releases, text)
            return text

        question = f"Releases ({releases[0].version} to {releases[-1].version})"
        options = replace(options, versions=ask(question, read=versions, default=newest_minors(releases)))
    if options.python is None:

        def pythons(text: str) -> tuple[str, ...]:
            chosen = tuple(parse_python(each) for each in re.split(r"[\s,]+", text) if each)
            _project(session, replace(options, python=chosen), index)
            return chosen

        options = replace(options, python=ask("Pythons", read=pythons, shown="those that fit the releases"))
    if options.folder is None:

        def folder(text: str) -> str:
            _require_empty(text)
            return text

        default = "." if not _content(Path()) else f"{canonicalize_name(named)}-matrix"
        options = replace(options, folder=ask("Folder", read=folder, default=default))
    return options


def _releases(index: ReleaseIndex, package: str) -> Sequence[Release]:
    """Return the final releases of a package. Raises UsageError if there are none, IndexUnavailable."""
    try:
        releases = index.releases(canonicalize_name(parse_package(package)))
    except (IndexUnavailable, UsageError):
        raise
    except HarnessError as error:
        raise UsageError(error.what, why=error.why, next_step=error.next_step) from error
    if not releases:
        raise UsageError(f"The package index has no final release of {package}", next_step="Check the name")
    return releases


def _project(session: Session, options: Options, index: ReleaseIndex) -> NewProject:
    package = options.package or ""
    project, left_out = matrix_of(
        package,
        _releases(index, package),
        module=options.module,
        versions=options.versions,
        pick=options.pick,
        pythons=options.python or (),
        installed={each.version.rpartition(".")[0] for each in session.interpreters.installed()},
    )
    if left_out:
        session.notify(f"Left out, because no chosen Python fits: {some_of(map(str, left_out))}.")
    return project


def _require_empty(folder: str) -> None:
    """Raise UsageError if a folder has content, or is none."""
    if not folder:
        raise UsageError("No folder is named", next_step="Name an empty or new folder; `.` is this one")
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise UsageError(f"{folder}: is not a folder", next_step="Name an empty or new folder")
    try:
        content = _content(path)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read", why=str(error), next_step="Name another folder") from error
    if content:
        raise UsageError(
            f"{folder}: the folder is not empty: it has {some_of(content, most=4)}",
            why="A new project would mix with these files",
            next_step="Name an empty or new folder: harness init DIR",
        )


def _content(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir() if each.name not in _IGNORED) if path.is_dir() else []
