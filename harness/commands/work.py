"""`harness work`: run a shard from a file, and write its results into a folder."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import filelock

from harness.commands.arguments import CommandOptions, add_jobs, add_sandbox
from harness.commands.defaults import INTERRUPTED_STATUS
from harness.errors import HarnessError, counted
from harness.execute.task import Task
from harness.filesystem.folders import remove_folder
from harness.filesystem.reading import read_text
from harness.model import Attempt
from harness.pipeline import Work, with_costs
from harness.record.store import Store
from harness.schedule.missing_attempts import count_missing
from harness.session import Session
from harness.shards.reading import Shard, damaged_shard, read_shard, require_same_version
from harness.shards.results_folder import MANIFEST, write_results

_LARGEST_SHARD = 1 << 30
_STORE = "attempts.sqlite"
_NAME = re.compile(r"shard-[1-9][0-9]{0,5}-of-[1-9][0-9]{0,5}-[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness work`."""

    shard: str
    """A file."""
    output: str
    """A folder."""
    jobs: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness work`."""
    parser.add_argument("shard", metavar="SHARD", help="a file that `harness plan --shards N --output DIR` wrote")
    parser.add_argument(
        "--output", metavar="DIR", required=True, help="write the results to a new folder in DIR, for `harness merge`"
    )
    add_jobs(parser)
    add_sandbox(parser)


def execute(session: Session, options: Options) -> int:
    """Run what is missing of a shard, and write its results; exit status 1 if a cell has no result."""
    file, output = Path(options.shard).absolute(), Path(options.output).absolute()
    document = _read(file)
    require_same_version(document, options.shard)
    name = f"shard-{document.get('number')}-of-{document.get('shards')}-{document.get('split')}"
    if not _NAME.fullmatch(name):
        raise damaged_shard(options.shard, f"{name!r} is no number of a shard of a split")
    with _locked(output, name, options.shard):
        return _run_alone(session, options, document, folder=output / name, part=output / f".{name}.part")


@contextlib.contextmanager
def _locked(output: Path, name: str, shard: str) -> Iterator[None]:
    """Create the folder of results, and keep others from running the same shard there. Raises HarnessError."""
    path = output / f".{name}.lock"
    lock = filelock.FileLock(path)
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        (output / f".{name}.part").mkdir(exist_ok=True)
    except filelock.Timeout:
        raise HarnessError(
            f"{shard}: another `harness work` runs this shard, with the same --output",
            why=f"Both would write {output / name}",
            next_step="Wait until it ends, or name another folder",
        ) from None
    except OSError as error:
        raise HarnessError(f"{output}: cannot be written", why=str(error), next_step="Name another folder") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def _run_alone(session: Session, options: Options, document: dict[str, object], *, folder: Path, part: Path) -> int:
    if (folder / MANIFEST).is_file():
        session.notify(f"Nothing to run: {folder} has the results of this shard. Remove it to run the shard again.")
        remove_folder(part)
        return 0
    # A separate store: finished attempts are not run again if this process is killed.
    session = replace(session, variables={**session.variables, "HARNESS_STORE": str(part / _STORE)})
    try:
        shard = read_shard(session, document, part / "input", name=options.shard)
    except HarnessError:
        if not session.store_path.exists():
            remove_folder(part)
        raise
    due = _due(session, shard)
    if due:
        from harness.commands.run_tasks import run_tasks

        run_tasks(
            session,
            shard.work,
            due,
            jobs=options.jobs,
            isolation=shard.isolation,
            shard=shard.run,
            project=shard.project,
        )
    if session.stop.is_set():
        session.notify(f"Stopped. To continue:\n  {session.command} {shlex.join(options.typed)}")
        return INTERRUPTED_STATUS
    return _publish(session, shard, part, folder)


def _read(file: Path) -> dict[str, object]:
    try:
        document = json.loads(read_text(file, longest=_LARGEST_SHARD))
    except FileNotFoundError:
        raise damaged_shard(str(file), "There is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise damaged_shard(str(file), f"It cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise damaged_shard(str(file), "It is no JSON object")
    return document


def _due(session: Session, shard: Shard) -> list[Task]:
    with contextlib.closing(session.read_store()) as store:
        found = shard.work.attempts(store)
        due = [
            task
            for task in shard.work.tasks.values()
            for _ in range(
                count_missing(task, found.get(task.key, []), repeat=shard.attempts[task.key])
                if shard.attempts[task.key]
                else 0
            )
        ]
        return with_costs(due, store)


def _attempts(store: Store, work: Work) -> Iterator[Attempt]:
    for key in dict.fromkeys(task.key for task in work.tasks.values()):
        yield from reversed(list(store.all_with_evidence(key)))


def _publish(session: Session, shard: Shard, part: Path, folder: Path) -> int:
    """Write the results, and rename them into place. Report cells without a result."""
    results = part / "results"
    with contextlib.closing(session.read_store()) as store:
        found = shard.work.attempts(store)
        results.mkdir(exist_ok=True)
        write_results(results, shard.run, _attempts(store, shard.work), session.artifacts, project=shard.project)
    results.rename(folder)
    remove_folder(part)
    without = [
        task
        for task in shard.work.tasks.values()
        if shard.attempts[task.key] and not any(each.conclusive for each in found.get(task.key, []))
    ]
    sys.stdout.write(f"{folder}\n")
    if without:
        session.notify(
            f"{counted(len(without), 'cell')} without a result, such as {without[0].cell}. Merge these results, then "
            "plan again: missing cells are planned."
        )
    return 1 if without else 0
