"""`harness refresh`: find new releases, run them, and write what a pull request and new issues need."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.commands.arguments import CommandOptions, add_jobs, add_json, add_sandbox
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.commands.output_files import write_file
from harness.commands.refresh_matrix import extend, find_all_news
from harness.commands.refresh_results import NewCells, search_regression, split
from harness.errors import HarnessError, UsageError, counted
from harness.filesystem.reading import parse_json, read_text
from harness.locking.new_releases import NewReleases
from harness.project.selection import check_globs
from harness.rendering.refresh_texts import Refresh, document, issue, pull_request, regressions_of
from harness.session import Session


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness refresh`."""

    scenarios: tuple[str, ...]
    dry_run: bool
    no_search: bool
    repository: tuple[str, ...]
    """PACKAGE=DIR."""
    output: str
    jobs: int
    json: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness refresh`."""
    parser.add_argument("--dry-run", action="store_true", help="only say which releases are new; change nothing")
    parser.add_argument("--scenarios", metavar="GLOBS", action="append", default=[], help="run only these scenarios")
    parser.add_argument("--no-search", action="store_true", help="do not search for the commits of new failures")
    parser.add_argument(
        "--repository",
        metavar="PACKAGE=DIR",
        action="append",
        default=[],
        help="a clone of a package's repository, to find the commits of new failures",
    )
    parser.add_argument(
        "--output", metavar="DIR", default="refresh", help="write pull_request.md, issues/ and refresh.json here"
    )
    add_jobs(parser)
    add_sandbox(parser)
    add_json(parser)


def execute(session: Session, options: Options) -> int:
    """Extend the matrix by new releases, run what is new, and write the texts."""
    session.require_clone("harness refresh", "Change into a clone, or write --project DIR before the command")
    repositories = _repositories(options.repository)
    scenarios = tuple(each.strip() for text in options.scenarios for each in text.split(",") if each.strip())
    check_globs(scenarios, [each.name for each in session.project.scenarios], option="--scenarios", kind="scenario")
    news, unanswered = find_all_news(session)
    if options.dry_run:
        return _print_news(news, unanswered, options)
    extension = extend(session, news)
    # The project is read again, with the new matrix.
    session = replace(session)
    new = NewCells(session, extension.added, _earlier(Path(options.output)), scenarios)
    refresh = _run(session, new, repositories, options)
    refresh = replace(
        refresh,
        added=extension.added,
        superseded=extension.superseded,
        failed=extension.failed,
        notes=(*extension.notes, *unanswered),
        files=extension.files,
        deleted=extension.deleted,
    )
    if session.stop.is_set():
        session.notify(f"Stopped. To continue: {session.command} {shlex.join(options.typed)}")
        return INTERRUPTED_STATUS
    if not refresh.empty:
        _write(session, Path(options.output), refresh)
    if options.json:
        sys.stdout.write(json.dumps(document(refresh), indent=1) + "\n")
    else:
        sys.stdout.write(_text(refresh, options))
    return 1 if refresh.failed else 0


def _earlier(folder: Path) -> tuple[str, ...]:
    """Return the environments that an earlier refresh added: it may have been stopped."""
    try:
        known = parse_json(read_text(folder / "refresh.json"))["new_environments"]
        return tuple(map(str, known))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder / 'refresh.json'}: cannot be read", why=str(error), next_step="Delete the folder, or name another"
        ) from error


def _run(session: Session, new: NewCells, repositories: Mapping[str, str], options: Options) -> Refresh:
    attempts = new.run(jobs=options.jobs)
    introduced, others = split(new.transitions()) if new.environments else ([], [])
    regressions = regressions_of(introduced)
    if not options.no_search and not session.stop.is_set():
        regressions = tuple(
            search_regression(session, each, repositories=repositories, jobs=options.jobs)
            if each.label is None
            else each
            for each in regressions
        )
    return Refresh(
        new=new.environments,
        attempts=attempts,
        counts=new.counts() if new.environments else {},
        regressions=regressions,
        others=tuple(others),
    )


def _repositories(named: Iterable[str]) -> dict[str, str]:
    found = {}
    for each in named:
        package, equals, folder = each.partition("=")
        if not equals or not Path(folder).is_dir():
            raise UsageError(f"--repository {each!r}: no such folder", next_step="Write PACKAGE=DIR, as keras=../keras")
        found[package] = folder
    return found


def _print_news(news: Iterable[NewReleases], unanswered: tuple[str, ...], options: Options) -> int:
    rows = [
        {
            "family": each.family.name,
            "package": each.family.package,
            "added": [str(version) for version in each.added],
            "superseded": [str(version) for version in each.superseded],
            "notes": list(each.notes),
        }
        for each in news
    ]
    if options.json:
        sys.stdout.write(json.dumps({"schema": 1, "families": rows, "notes": list(unanswered)}, indent=1) + "\n")
        return 0
    lines = []
    for each in news:
        if each.added:
            lines.append(f"families.{each.family.name}: new: {', '.join(map(str, each.added))}")
        if each.superseded:
            lines.append(f"families.{each.family.name}: superseded: {', '.join(map(str, each.superseded))}")
        lines += [f"note: {note}" for note in each.notes]
    lines += [f"note: {note}" for note in unanswered]
    sys.stdout.write("\n".join(lines or ["Nothing is new."]) + "\n")
    return 0


def _write(session: Session, folder: Path, refresh: Refresh) -> None:
    """Write the texts; issues of an earlier refresh in the same folder are removed."""
    issues = folder / "issues"
    if issues.is_dir():
        if not (folder / "refresh.json").is_file():
            raise HarnessError(
                f"{issues}: exists, and `harness refresh` did not write it",
                next_step="Name another folder with --output",
            )
        shutil.rmtree(issues)
    write_file(folder / "pull_request.md", pull_request(refresh, command=session.command))
    for each in refresh.issues:
        write_file(issues / f"{each.id}.md", issue(each, command=session.command))
    write_file(folder / "refresh.json", json.dumps(document(refresh), indent=1) + "\n")


def _text(refresh: Refresh, options: Options) -> str:
    if refresh.empty:
        lines = ["Nothing is new."]
    else:
        lines = [f"{counted(len(refresh.added), 'environment')} added: {', '.join(refresh.added) or 'none'}"]
        if refresh.superseded:
            lines.append(f"superseded: {', '.join(refresh.superseded)}")
        lines.append(
            f"{counted(refresh.attempts, 'attempt')} run in {', '.join(refresh.new) or 'no environment'}; "
            f"{counted(len(refresh.regressions), 'introduced failure')}, "
            f"{len(refresh.issues)} of them without a label; {counted(len(refresh.others), 'other transition')}"
        )
        lines.append(f"The pull request and the issues are in {options.output}")
    lines += [f"{id}: could not be locked: {why}" for id, why in refresh.failed]
    lines += [f"note: {note}" for note in refresh.notes]
    return "\n".join(lines) + "\n"
