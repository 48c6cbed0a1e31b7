"""`harness readers FILE --try`: find a chain to the wanted reader with the file itself: load, save, load again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from harness.commands.file_copies import Copied
from harness.commands.run_tasks import run_tasks
from harness.commands.selected_plan import find_environment, scripts_at
from harness.readers.answer import FileAnswer
from harness.readers.chains import Chain, Step
from harness.readers.comparing import TriedReader, answer_of, reference_of
from harness.session import Session
from harness.transfer.grades import Grade
from harness.triage.pairs import Pairs

_SAVED_AS = (".keras", ".h5")
_MOST = 3
"""The most environments that are tried between the file and the wanted reader, the newest first."""


def find_way(
    session: Session, copied: Copied, answer: FileAnswer, tried: Sequence[TriedReader], *, jobs: int
) -> Chain | None:
    """Return the chain of one environment after which the wanted reader restores what the others do. None if none does.

    Only environments that read the file in full hand it on. Each is run with each format.
    """
    wanted, reference = answer.wanted, reference_of(tried, answer.written_by.ids)
    between = [each for each in answer.readers if each.grade is Grade.FULL and each.environment != wanted][-_MOST:]
    if wanted is None or reference is None:
        return None
    for saved_as in _SAVED_AS if between else ():
        (scenario,) = scripts_at(session, [copied.handing_on(saved_as)])
        pairs = Pairs(
            session=session,
            scenario=scenario,
            run_tasks=partial(run_tasks, jobs=jobs),
            find_environment=find_environment,
        )
        session.notify(f"Looking for a way into {wanted}: saved again as {saved_as}")
        pairs.run((each.environment, wanted) for each in between)
        for each in reversed(between):
            ran = pairs.ran[each.environment, wanted]
            read = TriedReader.of(wanted, ran.cell, ran.attempt, ran.reason)
            if answer_of(read, reference, len(between) + 1).grade is Grade.FULL:
                step = Step(load_in=each.environment, save_as=saved_as, cells=each.cells)
                return Chain(steps=(step,), cells=(ran.cell,))
        if session.stop.is_set():
            break
    return None
