"""`harness readers FILE --try`: the file itself is loaded in environments, in the sandbox, by a script next to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from harness.commands.file_copies import Copied, project_places
from harness.commands.run_tasks import run_tasks
from harness.commands.selected_plan import find_environment, scripts_at
from harness.commands.tried_chain import find_way
from harness.errors import UsageError, near_misses, some_of
from harness.model import Environment, matches_globs
from harness.readers.answer import FileAnswer
from harness.readers.chains import Chain
from harness.readers.comparing import TriedReader, compared
from harness.readers.writers import writers_of
from harness.session import Session
from harness.transfer.grades import Grade
from harness.triage.runs import Runs


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
    if not answer.facts.format.has_model:
        raise UsageError(
            f"{path}: it has weights only, so there is nothing that --try could load",
            next_step="Write a script that makes the model and loads the weights, and run it: harness run SCRIPT",
        )
    if not answer.written_by.ids:  # the table has no file of this writer, and the project may have the writer
        written_by = writers_of(answer.facts, project_places(session))
        answer = replace(answer, written_by=written_by if written_by.ids else answer.written_by)
    environments = _chosen(session, choice, answer)
    copied = Copied.of(session, path, format=answer.facts.format.value, code=choice.code)
    (scenario,) = scripts_at(session, [copied.reading()])
    runs = Runs(
        session=session,
        scenario=scenario,
        run_tasks=partial(run_tasks, jobs=choice.jobs),
        find_environment=find_environment,
    )
    runs.run(each.id for each in environments)
    tried = [TriedReader.of(each.environment, each.cell, each.attempt, each.reason) for each in runs.all]
    readers = compared(tried, answer.written_by.ids)
    order = tuple(each.id for each in session.project.environments)
    answer = replace(answer, readers=readers, order=order, tried=True)
    direct = next((each for each in readers if each.environment == answer.wanted), None)
    if direct is None or session.stop.is_set():
        return answer
    if direct.grade is Grade.FULL:
        return replace(answer, chain=Chain(steps=(), cells=direct.cells), chain_tried=True)
    chain = find_way(session, copied, answer, tried, jobs=choice.jobs)
    return replace(answer, chain=chain, chain_tried=True)


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
