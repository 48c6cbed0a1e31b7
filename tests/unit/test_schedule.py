"""Who runs what when, with fakes for what makes environments and for what runs tasks."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.environments.store import Provided, Unavailable
from harness.errors import HarnessError
from harness.execute.executor import Interrupted, failed_to_run, unavailable
from harness.execute.task import make_task
from harness.execute.verdict import MACHINE_OUT_OF_MEMORY
from harness.model import Attempt, Case, Cell, Header, Outcome, Script
from harness.schedule.local_pool import LocalScheduler
from harness.schedule.memory_gate import Memory
from tests.making import make_environment

WAIT_S = 20


def script(**header):
    return Script(file_name="s.py", text="", code="", header=Header(**header), marks=(), parameters_from=None)


def task(name, environment="env", *, expected_s=0.0, **header):
    cell = Cell(case=Case(scenario=name), environment=environment)
    made = make_task(
        cell, script(**header), make_environment(environment), interpreter="cpython-3.11", caller_variables={}
    )
    return replace(made, key=str(cell), expected_s=expected_s)


def passed(task):
    return replace(unavailable(task, "", conclusive=True), outcome=Outcome.PASSED)


def provided(environment, import_error=None):
    python = Path(environment.id) / "bin" / "python"
    return Provided(python=python, folder=Path(environment.id), versions={}, import_error=import_error, built=True)


@dataclass
class Notes:
    """A watcher that remembers."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    def building(self, environment):
        self.seen.append(("building", environment.id))

    def ready(self, environment, provided):
        self.seen.append(("ready", environment.id))

    def unavailable(self, environment, reason):
        self.seen.append(("unavailable", environment.id))

    def note(self, text):
        self.seen.append(("note", text))

    def printed(self, task, data):
        self.seen.append(("printed", data))

    def waiting(self):
        pass

    def started(self, task):
        self.seen.append(("started", str(task.cell)))

    def finished(self, task, attempt):
        self.seen.append(("finished", str(task.cell)))

    def of(self, kind):
        return [what for each, what in self.seen if each == kind]


def schedule(*, run_one=None, provide=provided, jobs=1, stop=None, notes=None):
    return LocalScheduler(
        jobs=jobs,
        provide=provide,
        run_one=run_one or (lambda task, python: passed(task)),
        watcher=notes or Notes(),
        stop=stop or threading.Event(),
    )


def test_every_task_gives_one_attempt():
    tasks = [task(name, environment) for environment in ("a", "b") for name in ("one", "two", "three")]
    attempts = list(schedule(jobs=3).run(tasks))
    assert sorted(str(each.cell) for each in attempts) == sorted(str(each.cell) for each in tasks)


def test_nothing_to_do_is_done_at_once():
    assert list(schedule().run([])) == []


def test_longest_go_first_within_an_environment():
    notes = Notes()
    tasks = [task("short", expected_s=1), task("long", expected_s=9), task("unknown"), task("middle", expected_s=5)]
    list(schedule(notes=notes).run(tasks))
    assert notes.of("started") == ["long@env", "middle@env", "short@env", "unknown@env"]


def test_each_environment_is_made_once_and_its_python_is_used():
    pythons = {}

    def run_one(task, python):
        pythons[str(task.cell)] = python
        return passed(task)

    notes = Notes()
    list(schedule(run_one=run_one, notes=notes).run([task("s", "a"), task("t", "a"), task("s", "b")]))
    assert notes.of("building") == ["a", "b"]
    assert pythons == {
        "s@a": Path("a/bin/python"), "t@a": Path("a/bin/python"), "s@b": Path("b/bin/python"),
    }  # fmt: skip


def test_tasks_run_while_other_environments_are_made():
    ran = threading.Event()

    def provide(environment):
        if environment.id == "second":
            assert ran.wait(WAIT_S), "the second environment was waited for"
        return provided(environment)

    def run_one(task, python):
        if task.environment.id == "first":
            ran.set()
        return passed(task)

    attempts = list(schedule(provide=provide, run_one=run_one).run([task("s", "first"), task("s", "second")]))
    assert [str(each.cell) for each in attempts] == ["s@first", "s@second"]


def test_no_more_than_jobs_at_a_time_and_no_fewer():
    guard, together = threading.Lock(), threading.Barrier(3)
    now, most = 0, 0

    def run_one(task, python):
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        together.wait(WAIT_S)
        with guard:
            now -= 1
        return passed(task)

    assert len(list(schedule(run_one=run_one, jobs=3).run([task(f"s{n}") for n in range(9)]))) == 9
    assert most == 3


@pytest.mark.parametrize(
    ("error", "reason", "conclusive"),
    [
        pytest.param(Unavailable("a", "no wheel", conclusive=True), "no wheel", True, id="for good"),
        pytest.param(Unavailable("a", "index does not answer", conclusive=False), "index does not answer", False, id="for now"),
        pytest.param(HarnessError("uv is gone", why="deleted"), "uv is gone. deleted.", False, id="another error of ours"),
        pytest.param(OSError("disk"), "disk", False, id="of the system"),
    ],
)  # fmt: skip
def test_environment_that_cannot_be_had_gives_attempts_with_the_reason(error, reason, conclusive):
    def provide(environment):
        if environment.id == "a":
            raise error
        return provided(environment)

    notes = Notes()
    found = {
        str(each.cell): each
        for each in schedule(provide=provide, notes=notes).run([task("s", "a"), task("t", "a"), task("s", "b")])
    }
    assert {cell: each.outcome for cell, each in found.items()} == {
        "s@a": Outcome.UNAVAILABLE, "t@a": Outcome.UNAVAILABLE, "s@b": Outcome.PASSED,
    }  # fmt: skip
    assert (found["s@a"].reason, found["s@a"].conclusive) == (reason, conclusive)
    assert notes.of("unavailable") == ["a"]
    assert sorted(notes.of("finished")) == ["s@a", "s@b", "t@a"]


def test_framework_that_does_not_import_rules_out_the_scripts_that_need_it():
    scheduler = schedule(provide=lambda environment: provided(environment, import_error="ImportError: numpy"))
    found = {
        each.cell.case.scenario: each for each in scheduler.run([task("needs"), task("asks", requires_import=False)])
    }
    assert found["needs"].outcome is Outcome.UNAVAILABLE
    assert found["needs"].reason == "does not import: ImportError: numpy"
    assert found["needs"].conclusive
    assert found["asks"].outcome is Outcome.PASSED


def test_bug_in_what_makes_environments_is_not_hidden():
    stop = threading.Event()

    def provide(environment):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(schedule(provide=provide, stop=stop).run([task("s")]))
    assert stop.is_set(), "what runs is ended"


@pytest.mark.parametrize(
    ("errors", "outcome", "runs"), [(1, Outcome.PASSED, 2), (2, Outcome.ERROR, 2), (0, Outcome.PASSED, 1)]
)
def test_error_of_ours_is_tried_once_more(errors, outcome, runs):
    count = 0

    def run_one(task, python):
        nonlocal count
        count += 1
        attempt = passed(task)
        return failed_to_run(task, "lost", attempt.started) if count <= errors else attempt

    notes = Notes()
    attempts = list(schedule(run_one=run_one, notes=notes).run([task("s")]))
    assert [each.outcome for each in attempts] == [outcome]
    assert count == runs
    assert len(notes.of("finished")) == 1


def test_stop_gives_nothing_more_and_starts_nothing_more():
    stop, started = threading.Event(), []

    def run_one(task, python):
        started.append(str(task.cell))
        if len(started) == 2:
            stop.set()
            raise Interrupted
        return passed(task)

    attempts = list(schedule(run_one=run_one, stop=stop).run([task(f"s{n}", expected_s=-n) for n in range(6)]))
    assert [str(each.cell) for each in attempts] == ["s0@env"]
    assert started == ["s0@env", "s1@env"]


def test_stop_while_an_environment_is_made_gives_no_attempt():
    stop = threading.Event()

    def provide(environment):
        stop.set()
        raise Unavailable(environment.id, "stopped", conclusive=False)

    assert list(schedule(provide=provide, stop=stop).run([task("s")])) == []


def test_whoever_takes_no_more_attempts_ends_what_runs():
    stop, running = threading.Event(), threading.Event()

    def run_one(task, python):
        if task.cell.case.scenario == "slow":
            running.set()
            assert stop.wait(WAIT_S)
            raise Interrupted
        assert running.wait(WAIT_S)
        return passed(task)

    attempts = schedule(run_one=run_one, stop=stop, jobs=2).run(
        [task("slow", expected_s=2), task("quick", expected_s=1)]
    )
    first: Attempt = next(attempts)
    assert first.cell.case.scenario == "quick"
    attempts.close()
    assert stop.is_set()


def test_finished_run_does_not_look_stopped():
    stop = threading.Event()
    assert len(list(schedule(stop=stop).run([task("s")]))) == 1
    assert not stop.is_set()


def test_same_task_several_times_gives_as_many_attempts():
    assert len(list(schedule(jobs=2).run([task("s")] * 5))) == 5


@dataclass(frozen=True)
class FakeKind:
    """Imports by name; those whose names have the same letter first begin with the same."""

    name: str
    slow: bool = False

    @property
    def zygote(self):
        return self.name.rstrip("0123456789")


@dataclass
class FakeImports:
    """Imports that are noted; a task's kind is its scenario's first letter, and those with an `o` do their own."""

    done: list[str] = field(default_factory=list)

    def kind_of(self, task, python):
        name = task.cell.case.scenario
        return None if name.startswith("o") else FakeKind(f"{task.environment.id} {name[0]}")

    def prepare(self, task, python, *, tasks):
        self.done.append(f"import {task.environment.id} {task.cell.case.scenario[0]}")

    def release(self, task, python):
        self.done.append(f"release {task.environment.id} {task.cell.case.scenario[0]}")


def test_imports_are_done_once_a_kind_and_released_after_its_last_task():
    imports = FakeImports()

    def run_one(task, python):
        imports.done.append(str(task.cell))
        return passed(task)

    tasks = [task("a1", "x", expected_s=9), task("b1", "x", expected_s=2), task("a2", "x"), task("own", "x")]
    scheduler = replace(schedule(run_one=run_one), imports=imports)
    assert len(list(scheduler.run(tasks))) == 4
    assert imports.done == [
        "own@x", "import x a", "a1@x", "a2@x", "release x a", "import x b", "b1@x", "release x b",
    ]  # fmt: skip


def test_next_environment_is_imported_while_the_current_one_is_at_work():
    """With two runners: the second environment's imports are done while the first one's last task waits for that."""
    imported = threading.Event()

    class Imports(FakeImports):
        def prepare(self, task, python, *, tasks):
            if task.environment.id == "second":
                imported.set()

    def run_one(task, python):
        if str(task.cell) == "last@first":
            assert imported.wait(WAIT_S), "the imports of the second environment had to wait"
        return passed(task)

    tasks = [task("long", "first", expected_s=3), task("last", "first", expected_s=2), task("s", "second")]
    assert len(list(replace(schedule(run_one=run_one, jobs=2), imports=Imports()).run(tasks))) == 3


def test_nothing_starts_beside_others_that_memory_has_no_room_for():
    together, most, guard = 0, 0, threading.Lock()

    def run_one(task, python):
        nonlocal together, most
        with guard:
            together += 1
            most = max(most, together)
        with guard:
            together -= 1
        return passed(task)

    full = Memory(available_mib=lambda: 0)
    tasks = [task(f"s{n}") for n in range(6)]
    assert len(list(replace(schedule(run_one=run_one, jobs=3), memory=full).run(tasks))) == 6
    assert most == 1


def test_what_the_machine_had_no_memory_for_is_tried_again_when_its_limit_is_free():
    seen = []

    def run_one(task, python):
        seen.append(task.expected_mib)
        if len(seen) > 1:
            return passed(task)
        return replace(passed(task), outcome=Outcome.ERROR, reason=MACHINE_OUT_OF_MEMORY, conclusive=False)

    first = replace(task("s"), expected_mib=100)
    (attempt,) = schedule(run_one=run_one).run([first])
    assert attempt.outcome is Outcome.PASSED
    assert seen == [100, first.script.header.memory_mib]
