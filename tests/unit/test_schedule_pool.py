"""Work that is added while other work runs, as searches do, with fakes for environments and execution."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness.environments.store import Unavailable
from harness.execute.executor import Interrupted
from harness.schedule.memory_gate import Memory
from harness.schedule.request import Claim, Priority
from tests.unit.test_schedule import WAIT_S, FakeImports, Notes, passed, provided, schedule, task


def names(attempts):
    return [str(each.cell) for each in attempts]


def test_work_is_added_while_other_work_runs():
    first_runs, second_ran = threading.Event(), threading.Event()

    def run_one(task, python):
        if str(task.cell) == "first@env":
            first_runs.set()
            assert second_ran.wait(WAIT_S), "the second had to wait for the first"
        else:
            second_ran.set()
        return passed(task)

    with schedule(run_one=run_one, jobs=2).open() as pool, ThreadPoolExecutor() as threads:
        first = threads.submit(lambda: names(pool.run([task("first")])))
        assert first_runs.wait(WAIT_S)
        assert names(pool.run([task("second")])) == ["second@env"]
        assert first.result(WAIT_S) == ["first@env"]


def test_all_requests_share_the_jobs_and_the_memory_gate():
    guard, now, most = threading.Lock(), 0, 0

    def run_one(task, python):
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        with guard:
            now -= 1
        return passed(task)

    full = replace(schedule(run_one=run_one, jobs=4), memory=Memory(available_mib=lambda: 0))
    with full.open() as pool, ThreadPoolExecutor() as threads:
        requests = [threads.submit(lambda n=n: names(pool.run([task(f"s{n}")] * 3))) for n in range(5)]
        assert [each.result(WAIT_S) for each in requests] == [[f"s{n}@env"] * 3 for n in range(5)]
    assert most == 1


def test_what_somebody_waits_for_comes_before_what_was_begun_ahead():
    begun, release, started = threading.Event(), threading.Event(), []

    def run_one(task, python):
        started.append(task.cell.case.scenario)
        begun.set()
        assert release.wait(WAIT_S)
        return passed(task)

    ready = {name: threading.Event() for name in ("expected", "awaited")}

    class Imports(FakeImports):
        def kind_of(self, task, python):
            ready.get(task.environment.id, threading.Event()).set()

    scheduler = replace(schedule(run_one=run_one), imports=Imports())
    with scheduler.open() as pool, ThreadPoolExecutor() as threads:
        requests = [threads.submit(lambda: list(pool.run([task("busy", "first")])))]
        assert begun.wait(WAIT_S)
        for name, priority in (("expected", Priority.EXPECTED), ("awaited", Priority.AWAITED)):
            attempts = pool.run([task(name, name)], Claim(priority=priority))
            requests.append(threads.submit(list, attempts))
            assert ready[name].wait(WAIT_S)
        while len(pool._order._batches) < 2:
            threading.Event().wait(0.01)
        release.set()
        for each in requests:
            each.result(WAIT_S)
    assert started == ["busy", "awaited", "expected"]


def test_environments_that_are_waited_for_are_created_first():
    busy, release, order = threading.Event(), threading.Event(), []

    def create(name):
        order.append(name)
        if name == "busy":
            busy.set()
            assert release.wait(WAIT_S)

    with schedule().open() as pool, ThreadPoolExecutor() as threads:
        calls = [threads.submit(pool.call, Claim(), lambda: create("busy"))]
        assert busy.wait(WAIT_S)
        promoted = Claim(priority=Priority.POSSIBLE)
        for name, claim in (
            ("possible", Claim(priority=Priority.POSSIBLE)),
            ("promoted", promoted),
            ("expected", Claim(priority=Priority.EXPECTED)),
            ("awaited", Claim(priority=Priority.AWAITED)),
        ):
            calls.append(threads.submit(pool.call, claim, lambda name=name: create(name)))
        while len(pool._creators._waiting) < 4:
            threading.Event().wait(0.01)
        promoted.priority = Priority.AWAITED
        release.set()
        for each in calls:
            each.result(WAIT_S)
    assert order == ["busy", "promoted", "awaited", "expected", "possible"]


def test_one_thread_at_most_creates_what_may_never_be_asked_for():
    speculating, release = threading.Event(), threading.Event()

    def speculate():
        speculating.set()
        assert release.wait(WAIT_S)
        return "possible"

    with replace(schedule(), builders=2).open() as pool, ThreadPoolExecutor() as threads:
        possible = [threads.submit(pool.call, Claim(priority=Priority.POSSIBLE), speculate) for _ in range(2)]
        assert speculating.wait(WAIT_S)
        assert pool.call(Claim(), lambda: "needed") == "needed"
        release.set()
        assert [each.result(WAIT_S) for each in possible] == ["possible"] * 2


def test_one_thread_stays_free_for_what_somebody_waits_for():
    begun, release = threading.Semaphore(0), threading.Event()

    def create():
        begun.release()
        assert release.wait(WAIT_S)

    with replace(schedule(), builders=3).open() as pool, ThreadPoolExecutor() as threads:
        expected = [threads.submit(pool.call, Claim(priority=Priority.EXPECTED), create) for _ in range(3)]
        assert begun.acquire(timeout=WAIT_S)
        assert begun.acquire(timeout=WAIT_S)
        assert pool.call(Claim(), lambda: "needed") == "needed"
        assert not begun.acquire(blocking=False), "the third waits for one of the two"
        release.set()
        for each in expected:
            each.result(WAIT_S)


def test_exception_of_a_call_is_raised_where_it_was_asked_for():
    def create():
        raise Unavailable("env", "no wheel", conclusive=True)

    with schedule().open() as pool:
        with pytest.raises(Unavailable, match="no wheel"):
            pool.call(Claim(), create)
        assert pool.call(Claim(), lambda: 1) == 1, "the thread goes on"


def test_bug_in_one_request_does_not_end_the_others():
    def run_one(task, python):
        if task.cell.case.scenario == "broken":
            raise ZeroDivisionError
        return passed(task)

    with schedule(run_one=run_one).open() as pool:
        with pytest.raises(ZeroDivisionError):
            list(pool.run([task("broken")]))
        assert names(pool.run([task("fine")])) == ["fine@env"]


@pytest.mark.parametrize("end", ["stop", "close"])
def test_end_interrupts_what_waits_and_keeps_what_was_finished(end):
    stop, running, release = threading.Event(), threading.Event(), threading.Event()

    def run_one(task, python):
        running.set()
        assert release.wait(WAIT_S)
        return passed(task)

    seen = []

    def collect():
        seen.extend(pool.run([task("runs"), task("waits", "other")]))

    with schedule(run_one=run_one, stop=stop).open() as pool, ThreadPoolExecutor() as threads:
        collected = threads.submit(collect)
        assert running.wait(WAIT_S)
        if end == "stop":
            stop.set()
        else:
            pool._closed = True
        release.set()
        with pytest.raises(Interrupted):
            collected.result(WAIT_S)
        with pytest.raises(Interrupted):
            pool.call(Claim(), lambda: None) if end == "stop" else list(pool.run([task("later")]))
    assert names(seen) == ["runs@env"]


def test_after_a_stop_only_conclusive_attempts_count():
    stop = threading.Event()

    def run_one(task, python):
        stop.set()
        return replace(passed(task), conclusive=False)

    with schedule(run_one=run_one, stop=stop).open() as pool, pytest.raises(Interrupted):
        list(pool.run([task("cut short")]))


def test_fork_servers_stay_for_later_requests():
    imports = FakeImports()
    with replace(schedule(), imports=imports).open() as pool:
        for name in ("a1", "a2"):
            assert names(pool.run([task(name, "x")])) == [f"{name}@x"]
    assert "release x a" not in imports.done


def test_environment_that_cannot_be_created_gives_one_attempt_of_a_repeated_task():
    def provide(environment):
        raise Unavailable(environment.id, "no wheel", conclusive=True)

    with schedule(provide=provide).open() as pool:
        assert names(pool.run([task("s")] * 3 + [task("t")])) == ["s@env", "t@env"]


def reading(name, writer, environment="env"):
    return replace(task(name, environment), reads=writer.key)


def test_reader_starts_while_another_writer_still_runs():
    one, other = (replace(task(name), writes=True) for name in ("one", "other"))
    read = threading.Event()

    def run_one(task, python):
        if task.key == other.key:
            assert read.wait(WAIT_S), "the reader had to wait for a writer that is not its own"
        elif task.reads is not None:
            read.set()
        return passed(task)

    waiting = {one.key: [reading("of_one", one)], other.key: [reading("of_other", other)]}
    attempts = schedule(run_one=run_one, jobs=2).run(
        [one, other], then=lambda attempt: waiting.pop(attempt.key, [])
    )  # fmt: skip
    found = names(attempts)
    assert sorted(found) == ["of_one@env", "of_other@env", "one@env", "other@env"]
    assert found.index("of_one@env") < found.index("other@env")


def test_writers_that_wait_come_before_readers():
    writers = [replace(task(f"writer{number}"), writes=True) for number in range(3)]
    waiting = {each.key: [reading(f"reader{number}", each)] for number, each in enumerate(writers)}
    found = names(schedule().run(writers, then=lambda attempt: waiting.pop(attempt.key, [])))
    assert [each.rstrip("0123456789@env") for each in found] == ["writer"] * 3 + ["reader"] * 3


def test_readers_without_an_environment_do_not_block_the_run():
    def provide(environment):
        if environment.id == "none":
            raise Unavailable(environment.id, "no wheel", conclusive=True)
        return provided(environment)

    writers = [replace(task(f"writer{number}"), writes=True) for number in range(4)]
    waiting = {each.key: [reading(f"reader{each.cell.case}", each, "none")] * 3 for each in writers}
    notes = Notes()
    found = names(schedule(provide=provide, notes=notes).run(writers, then=lambda each: waiting.pop(each.key, [])))
    assert len(found) == 8
    assert notes.of("unavailable") == ["none"]
    assert notes.of("building") == ["env", "none"]
