"""Which step comes next, without anything being done."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from harness.schedule.memory_gate import Memory
from harness.schedule.order import WORTH_PREPARING, Execute, Order, Prepare
from harness.schedule.request import Claim, Priority, Request
from tests.unit.test_schedule import FakeKind, task

PYTHON = Path("python")


def order(jobs=2, import_s=5.0, **batches):
    """Make an order of batches by name, each a list of the seconds that its tasks take; `own` ones need no imports."""
    made = Order(jobs=jobs, import_s=import_s)
    for name, seconds in batches.items():
        kind = None if name.startswith("own") else FakeKind(name, slow=name.startswith("slow"))
        made.add(request(), [(kind, task(f"{name}_{at}", expected_s=s)) for at, s in enumerate(seconds)], PYTHON)
    return made


def request(priority=Priority.AWAITED):
    return Request(claim=Claim(priority=priority), changed=threading.Condition(), left=0)


def taken(order, *, at_most=1000):
    """Take steps, imports being done at once; give what they were."""
    steps = []
    while order and len(steps) < at_most:
        step = order.next()
        match step:
            case Prepare(batch=batch):
                steps.append(f"import {batch.kind.name}")
                order.prepared(step, 5.0)
            case Execute(task=task):
                steps.append(task.cell.case.scenario)
            case None:
                steps.append("wait")
    return steps


def test_imports_come_before_the_tasks_that_need_them():
    assert taken(order(a=[2, 1])) == ["import a", "a_0", "a_1"]


def test_tasks_that_import_by_themselves_need_nothing_before():
    assert taken(order(own=[2, 1])) == ["own_0", "own_1"]


def test_longest_first_within_a_batch_and_among_those_to_prepare():
    assert taken(order(jobs=1, a=[1, 2], b=[1, 9])) == ["import b", "b_1", "b_0", "import a", "a_1", "a_0"]


def test_what_takes_long_to_prepare_is_prepared_first_of_all():
    many = [1] * WORTH_PREPARING
    steps = [f"slow_{at}" for at in range(len(many))]
    assert taken(order(jobs=1, a=[9], slow=many)) == ["import slow", *steps, "import a", "a_0"]
    assert taken(order(jobs=1, a=[9], slow=[1])) == ["import a", "a_0", "import slow", "slow_0"], "few are not prepared"


def test_what_begins_like_what_is_there_comes_before_what_does_not():
    steps = taken(order(jobs=1, a1=[9], b1=[8], a2=[1], b2=[1]))
    assert [each for each in steps if each.startswith("import")] == ["import a1", "import a2", "import b1", "import b2"]


def test_no_runner_waits_for_a_root_that_another_is_making():
    made = order(a1=[9], b=[1], a2=[5])
    first, second, third = made.next(), made.next(), made.next()
    assert ([step.batch.kind.name for step in (first, second)], third) == (["a1", "b"], None)
    made.prepared(first, 5.0)
    assert (made.next().task.cell.case.scenario, made.next().batch.kind.name) == ("a1_0", "a2")


def test_the_next_is_imported_before_the_current_one_is_empty():
    steps = taken(order(import_s=5.0, a=[1] * 30, b=[0.5] * 3))
    before, after = steps.index("import b"), len([each for each in steps if each.startswith("a_")])
    assert 0 < before <= after, "imported while tasks of the first are left"
    # With two at work and five seconds to import, the other needs five seconds of work at least.
    assert len([each for each in steps[before:] if each.startswith("a_")]) >= 10
    assert [each for each in steps if each.startswith("a_")] == [f"a_{at}" for at in range(30)]


def test_nothing_is_imported_ahead_while_there_is_enough_to_do():
    assert taken(order(a=[10] * 20, b=[1]), at_most=10) == ["import a", *(f"a_{at}" for at in range(9))]


def test_one_at_a_time_imports_nothing_ahead():
    assert taken(order(jobs=1, a=[1, 1], b=[1])) == ["import a", "a_0", "a_1", "import b", "b_0"]


def test_while_one_imports_the_others_do_what_needs_no_import():
    made = order(a=[1], own=[3])
    assert isinstance(made.next(), Prepare)
    assert made.next().task.cell.case.scenario == "own_0"
    assert made.next() is None, "the rest waits for the import"
    assert made


def test_at_the_start_all_are_busy_with_imports_of_their_own():
    made = order(a=[1], b=[2])
    assert {made.next().batch.kind.name, made.next().batch.kind.name} == {"a", "b"}


def test_step_that_could_not_be_taken_comes_next():
    made = order(a=[2, 1])
    first = made.next()
    made.put_back(first)
    assert made.next() == first
    made.prepared(first, 1.0)
    second = made.next()
    made.put_back(second)
    assert made.next() == second
    assert made.next().task.cell.case.scenario == "a_1"
    assert not made


def test_batch_is_done_with_when_no_task_is_left_or_runs():
    made = order(a=[2, 1])
    made.prepared(made.next(), 1.0)
    first, second = made.next(), made.next()
    assert not made.finished(second)
    made.again(first)
    assert not made.finished(first), "it is tried once more"
    assert made.finished(made.next())


def test_what_takes_no_time_is_ordered_in_no_time():
    made = order(jobs=2, a=[0.001] * 20_000)
    assert len(taken(made, at_most=30_000)) == 20_001


@pytest.mark.parametrize(
    ("available", "running", "takes"),
    [
        pytest.param(2000, [], True, id="room"),
        pytest.param(1200, [], False, id="less than is kept free"),
        pytest.param(2500, [(99.0, 1000)], False, id="what has just started will take its share"),
        pytest.param(2500, [(50.0, 1000)], True, id="what started long ago has taken it"),
        pytest.param(2600, [(99.0, 1000), (50.0, 9000)], True, id="both"),
    ],
)
def test_memory_is_counted_on_before_a_process_starts(available, running, takes):
    memory = Memory(available_mib=lambda: available, clock=lambda: 100.0)
    assert memory.takes(1000, running) is takes


def test_recorded_memory_counts_where_there_is_some():
    made = Order(jobs=1)
    made.add(
        request(), [(None, replace(task("known", expected_s=2), expected_mib=3000)), (None, task("unknown"))], PYTHON
    )
    known, unknown = made.next(), made.next()
    assert (known.needs_mib, unknown.needs_mib > 0) == (3000, True)


def test_urgent_tasks_come_first_also_if_they_are_added_later():
    made = Order(jobs=1)
    claims = {}
    for name, priority in (
        ("possible", Priority.POSSIBLE),
        ("expected", Priority.EXPECTED),
        ("awaited", Priority.AWAITED),
    ):
        claims[name] = request(priority)
        made.add(claims[name], [(None, task(f"{name}_{at}")) for at in range(2)], PYTHON)
    assert taken(made, at_most=1) == ["awaited_0"]
    claims["possible"].claim.priority = Priority.AWAITED
    assert taken(made) == ["possible_0", "possible_1", "awaited_1", "expected_0", "expected_1"]


def test_imports_of_urgent_tasks_come_before_tasks_that_nobody_waits_for():
    made = Order(jobs=1)
    made.add(request(Priority.EXPECTED), [(FakeKind("a"), task("a_0")), (FakeKind("a"), task("a_1"))], PYTHON)
    assert taken(made, at_most=2) == ["import a", "a_0"]
    made.add(request(), [(FakeKind("b"), task("b_0"))], PYTHON)
    assert taken(made) == ["import b", "b_0", "a_1"]


def test_writers_come_before_readers_and_what_is_added_joins_the_batch_of_its_kind():
    made, asked, kind = Order(jobs=1), request(), FakeKind("a")
    made.add(asked, [(kind, replace(task("reader", expected_s=9.0), reads="w1")), (kind, task("writer"))], PYTHON)
    made.add(asked, [(None, task("other"))], PYTHON)
    made.add(asked, [(kind, task("late_writer", expected_s=5.0))], PYTHON)
    made.add(asked, [(kind, replace(task("late_reader"), reads="w2"))], PYTHON)
    order = [each for each in taken(made) if not each.startswith("import")]
    assert set(order[:3]) == {"late_writer", "writer", "other"}
    assert order.index("late_writer") < order.index("writer")
    assert order[3:] == ["reader", "late_reader"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_reader_is_imported_once_for_all_its_files_after_all_writers(jobs):
    made, asked, names = Order(jobs=jobs, import_s=5.0), request(), "abcd"
    kinds = {name: FakeKind(name, slow=False) for name in names}
    for name in names:
        made.add(asked, [(kinds[name], replace(task(f"write_{name}"), writes=True))], PYTHON)
    steps, there, running = [], set(), []
    while made or running:
        while len(running) < jobs and (step := made.next()) is not None:
            running.append(step)
        step = running.pop(0)
        name = step.batch.kind.name
        if isinstance(step, Prepare):
            steps.append(f"import {name}")
            there.add(name)
            made.prepared(step, 5.0)
            continue
        assert name in there
        steps.append(step.task.cell.case.scenario)
        if step.task.writes:
            for reader in names:
                made.add(asked, [(kinds[reader], replace(task(f"read_{reader}"), reads=step.task.key))], PYTHON)
        if made.finished(step):
            there.remove(name)
        assert len(there) <= 2 * jobs
    assert [steps.count(f"read_{name}") for name in names] == [4] * 4
    reads = [at for at, step in enumerate(steps) if step.startswith("read")]
    assert max(steps.index(f"write_{name}") for name in names) < reads[jobs]
    assert max(steps.count(f"import {name}") for name in names) <= 2
    assert not there
