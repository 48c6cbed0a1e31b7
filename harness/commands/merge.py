"""`harness merge`: add the attempts of other stores and of shards to the store of this clone."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import __version__
from harness.commands.arguments import CommandOptions
from harness.errors import HarnessError, UsageError, counted, some_of
from harness.execute.task import worker_digest
from harness.record.merging import Source, StoreSource, merge, planned_cells
from harness.record.splits import ShardRun, known_shards
from harness.session import RunFolder, Session
from harness.shards.results_folder import MANIFEST, ResultsSource


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness merge`."""

    sources: tuple[str, ...]
    partial: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness merge`."""
    parser.add_argument(
        "sources",
        metavar="STORE|DIR",
        nargs="+",
        help="an attempts.sqlite of another machine, results of `harness work`, or a folder with any of these",
    )
    parser.add_argument(
        "--partial", action="store_true", help="merge several shards although others of their split are missing"
    )


def execute(session: Session, options: Options) -> int:
    """Merge all sources, or none if one of them cannot be merged."""
    with RunFolder(session.cache / "runs") as scratch, contextlib.ExitStack() as stack:
        sources: list[Source] = []
        for path in _paths(session, options.sources):
            if path.is_dir():
                sources.append(ResultsSource.open(path))
            else:
                store = StoreSource.open(path, scratch / f"{len(sources)}.sqlite")
                stack.enter_context(contextlib.closing(store.connection))
                sources.append(store)
        for source in sources:
            _require_same_project(session, source)
            _require_same_version(source)
        _require_no_overlap(sources)
        missing = _missing(sources, known_shards(session.store_path))
        if missing and len(sources) > 1 and not options.partial:
            raise UsageError(
                "\n".join(missing),
                next_step="Name the missing shards, too. To merge the present ones, add --partial. Nothing was merged",
            )
        for source in sources:
            if isinstance(source, ResultsSource):
                source.keep_artifacts(session.artifacts)
        merged = merge(session.store_path, sources, notify=session.notify)
    sys.stdout.write(
        f"{counted(merged.added, 'attempt')} merged from {counted(len(sources), 'source')}; "
        f"{merged.known} were there already.\n"
    )
    if merged.repeated:
        session.notify(
            f"{counted(len(merged.repeated), 'cell')} of a shard ran twice; the first attempt is kept: "
            f"{some_of(merged.repeated, most=3)}"
        )
    for line in missing:
        session.notify(f"{line} `{session.command} run` runs the missing cells.")
    return 0


def _paths(session: Session, names: Sequence[str]) -> list[Path]:
    """Return the stores and folders of results that paths name. Raises UsageError."""
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if not path.exists():
            raise UsageError(f"{name}: there is no such file", next_step="Check the path. Nothing was merged")
        inside = dict.fromkeys(_inside(path)) if path.is_dir() else {path: None}
        if not inside:
            raise UsageError(
                f"{name}: there is nothing to merge in this folder",
                why="It has no attempts.sqlite and no results of `harness work`",
                next_step="Name a store, or the folder of --output. Nothing was merged",
            )
        found.update(inside)
    if any(each.resolve() == session.store_path.resolve() for each in found):
        raise UsageError(
            f"{session.store_path}: is the store to merge into",
            next_step="Leave it out, or set HARNESS_STORE to another file. Nothing was merged",
        )
    return list(found)


def _inside(folder: Path) -> Iterator[Path]:
    """Yield the results and stores in a folder, down to two levels."""
    for each in (folder, *sorted(folder.glob("*/")), *sorted(folder.glob("*/*/"))):
        if each.name.startswith("."):
            continue  # of a shard that has not finished
        if (each / MANIFEST).is_file():
            yield each
        elif each.is_dir():
            yield from sorted(each.glob("*.sqlite"))


def _require_same_project(session: Session, source: Source) -> None:
    """Raise HarnessError for attempts of a project that has no family in common with this one."""
    identities = [json.loads(each) for each in source.projects]
    if identities:
        own = set(json.loads(session.identity))
        if any(own & set(each) for each in identities):
            return
        other = some_of(sorted({name for each in identities for name in each}), most=4)
        why = f"Its environments are of {other}, and those of this project of {some_of(sorted(own), most=4)}"
    else:
        # A store of an earlier version, which did not note the project.
        ids = {each.id for each in session.project.environments}
        locks = {each.lock.fingerprint for each in session.project.environments}
        rows = [row for row, _ in source.rows()]
        cells = {str(row[1]).rpartition("@")[2].rpartition(" -> ")[2] for row in rows}
        if not rows or cells & ids or locks & {row[11] for row in rows}:
            return
        why = f"None of its environments is of this project: {some_of(sorted(cells), most=4)}"
    raise UsageError(
        f"{source.name}: has the attempts of another project",
        why=why,
        next_step="Merge it in a clone of its own project. Nothing was merged",
    )


def _require_same_version(source: Source) -> None:
    for run in source.shards:
        if run.worker != worker_digest():
            which = "another state of it" if run.version == __version__ else f"repro-matrix {run.version}"
            raise HarnessError(
                f"{source.name}: another version of this project ran shard {run}",
                why=f"This is repro-matrix {__version__}, and the shard is of {which}: its results would not be found",
                next_step="Run the shard again with this version. Nothing was merged",
            )


def _require_no_overlap(sources: Sequence[Source]) -> None:
    """Raise UsageError if shards of different splits have planned the same cell: some others are in none of them."""
    first: dict[str, tuple[Source, ShardRun]] = {}
    for source in sources:
        for run in source.shards:
            for key, cell in planned_cells(source, run.split).items():
                other, other_run = first.setdefault(key, (source, run))
                if other_run.split != run.split and other is not source:
                    raise UsageError(
                        f"{other.name} and {source.name} overlap: {cell} is in shard {other_run} and in shard {run}, "
                        "of different splits",
                        why="The plan was split twice, with another selection, number of shards or store",
                        next_step="Split once, with `harness plan --shards N --output DIR`. Nothing was merged",
                    )


def _missing(sources: Sequence[Source], known: Sequence[ShardRun]) -> list[str]:
    """Return a sentence for each split of which shards are missing, and were not merged before."""
    runs = [run for source in sources for run in source.shards]
    lines = []
    for split in dict.fromkeys(run.split for run in runs):
        of = [run for run in (*runs, *known) if run.split == split]
        numbers = {run.number for run in of}
        absent = [f"{each}/{of[0].shards}" for each in range(1, of[0].filled + 1) if each not in numbers]
        if absent:
            be = "Shard {} is" if len(absent) == 1 else "Shards {} are"
            lines.append(f"{be.format(some_of(absent))} missing.")
    return lines
