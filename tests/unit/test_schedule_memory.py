"""What a run keeps of cells that are done: nothing. Objects are counted, since memory itself is noisy."""

import gc
from dataclasses import replace

from harness.execute.task import Task
from harness.model import Attempt, Cell
from harness.record.store import Writer
from tests.unit.test_schedule import schedule, task

MANY, FEW = 1200, 200
AT_WORK = 10
"""What may be between hands: with runners, in the queue, with whoever takes attempts."""


def alive(kind):
    return sum(isinstance(each, kind) for each in gc.get_objects())


def made(number):
    """Tasks as a plan makes them, each with a cell of its own that nobody has asked for anything yet."""
    first = task("s")
    for key in range(number):
        yield replace(first, cell=Cell(case=first.cell.case, environment="env"), key=f"{key:064x}")


def recorded(tasks, path, look_at):
    """Run and record tasks; give what `look` says after so many."""
    seen = []
    with Writer(path, {"env"}) as writer:
        for done, attempt in enumerate(schedule(jobs=2).run(tasks), start=1):
            writer.add(attempt)
            if done in look_at:
                gc.collect()
                seen.append(look_at[done]())
    return seen


def test_whoever_holds_the_tasks_holds_no_more_when_they_are_done(tmp_path):
    """What a cell or a task works out, it must not keep: they live as long as the plan."""
    tasks = list(made(MANY))
    look = lambda: len(gc.get_objects())  # noqa: E731
    early, late = recorded(tasks, tmp_path / "attempts.sqlite", {FEW: look, MANY - FEW: look})
    assert late - early < (MANY - 2 * FEW) / 4, "objects are left of each cell that is done"


def test_no_attempt_and_no_task_is_kept_when_it_is_recorded(tmp_path):
    def look():
        return alive(Task), alive(Attempt)

    gc.collect()
    tasks_before, attempts_before = look()
    ((tasks, attempts),) = recorded(made(MANY), tmp_path / "attempts.sqlite", {MANY - FEW: look})
    assert tasks - tasks_before < FEW + AT_WORK
    assert attempts - attempts_before < AT_WORK
