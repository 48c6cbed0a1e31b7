"""`harness readers FILE --try`: the file itself is loaded in environments, in the sandbox, by a script next to it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from harness.commands.answer import answers_folder
from harness.commands.run_tasks import run_tasks
from harness.commands.selected_plan import environment_named, scripts_at
from harness.errors import HarnessError, UsageError, near_misses, some_of
from harness.execute.task import Task
from harness.model import Environment, matches_globs
from harness.model.case import as_label
from harness.pipeline import Work
from harness.project.header_text import with_keys
from harness.project.script_files import LARGEST
from harness.readers.answer import FileAnswer
from harness.readers.comparing import Tried, compared
from harness.session import Session
from harness.triage.runs import Runs

_SCRIPT = Path("prepare", "read_model.py")
_UNSAFE = re.compile(r"[^\w.+-]+")
_CHUNK = 1 << 20


class Choice(Protocol):
    """The options that say where a file is tried."""

    @property
    def environments(self) -> tuple[str, ...]:
        """Globs."""

    @property
    def code(self) -> str | None:
        """A Python file with the user's own classes."""

    @property
    def jobs(self) -> int:
        """Attempts at a time."""


def try_file(session: Session, path: Path, answer: FileAnswer, choice: Choice) -> FileAnswer:
    """Load a file in environments; return the answer with what they made of it. Raises UsageError, HarnessError."""
    if not answer.says.format.has_model:
        raise UsageError(
            f"{path}: it has weights only, so there is nothing that --try could load",
            next_step="Write a script that makes the model and loads the weights, and run it: harness run SCRIPT",
        )
    environments = _chosen(session, choice, answer)
    script = _prepare(session, path, answer, choice)
    (scenario,) = scripts_at(session, [script])
    runs = Runs(
        session=session,
        scenario=scenario,
        run_tasks=partial(_run, jobs=choice.jobs),
        find_environment=environment_named,
    )
    runs.run(each.id for each in environments)
    tried = [Tried.of(each.environment, each.cell, each.attempt, each.reason) for each in runs.all]
    readers = compared(tried, answer.written_by.ids)
    direct = next((each for each in readers if each.environment == answer.wanted), None)
    chain = answer.chain
    if chain is not None and not chain.steps and (direct is None or not direct.loads):
        chain = None  # the table says that files like it are read; this one was not
    order = tuple(each.id for each in session.project.environments)
    return replace(answer, readers=readers, order=order, tried=True, chain=chain)


def _run(session: Session, work: Work, due: list[Task], *, jobs: int) -> int:
    return run_tasks(session, work, due, jobs=jobs)


def _chosen(session: Session, choice: Choice, answer: FileAnswer) -> Sequence[Environment]:
    """Return the environments of --environments, or the default tier with the writer of the file and the wanted one."""
    project = session.project
    if choice.environments:
        globs = tuple(glob for text in choice.environments for glob in text.split(","))
        chosen = [each for each in project.environments if matches_globs(each.id, globs)]
        if not chosen:
            close = near_misses(globs[0], (each.id for each in project.environments))
            raise UsageError(
                f"--environments: {', '.join(globs)} matches no environment. {close}".rstrip(),
                next_step=f"Valid names: {some_of(each.id for each in project.environments)}",
            )
        return chosen
    more = {*answer.written_by.ids[:1], answer.wanted}
    tier = project.matrix.default_tier
    return [each for each in project.environments if tier in each.tiers or each.id in more]


def _prepare(session: Session, path: Path, answer: FileAnswer, choice: Choice) -> Path:
    """Put the file next to a script that loads it, in a folder named by its content. Return the script."""
    path = path.parent if path.name == "saved_model.pb" else path
    top = session.root / _SCRIPT
    if not top.is_file():
        raise HarnessError(f"{top}: there is no script that loads a file", next_step="This project cannot use --try")
    name = _UNSAFE.sub("_", path.name).strip("-.") or "model"
    label = as_label(f"read_{Path(name).stem}")
    size, digest = _content(path)
    if size > LARGEST:
        raise UsageError(
            f"{path}: --try copies the file for every environment, and takes at most {LARGEST >> 20} MiB",
            next_step="Write a script that loads it from where it is: harness run SCRIPT --sandbox off",
        )
    folder = answers_folder(session) / f"{label}-{digest[:12]}"
    files, arguments = [name], [name, answer.says.format.value]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _copy(path, folder / name)
        if choice.code is not None:
            shutil.copyfile(choice.code, folder / "own_classes.py")
            files, arguments = [*files, "own_classes.py"], [*arguments, "own_classes"]
        text = with_keys(top.read_text(encoding="utf-8"), {"files": files, "args": arguments})
        script = folder / f"{label}.py"
        script.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise HarnessError(f"{folder}: the file cannot be copied", why=str(error), next_step="Make room") from error
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
