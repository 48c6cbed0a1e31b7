"""The estimate of the remaining time."""

import datetime as dt
import io
from dataclasses import replace

import pytest

from harness.model import Attempt, Case, Cell, Outcome
from harness.progress import Estimate, LiveProgress, PlainProgress
from harness.running_scripts import RunningScripts
from tests.making import outcome_task


def tasks(**counts):
    """Return tasks: as many of each case as asked for."""
    return [
        replace(outcome_task("passes"), cell=Cell(case=Case(scenario=name), environment=f"env{i}"))
        for name, count in counts.items()
        for i in range(count)
    ]


def attempt(task, outcome, duration_s):
    started = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
    return Attempt(cell=task.cell, key="k", outcome=outcome, started=started, duration_s=duration_s)


def test_unavailable_cells_count_as_done_but_not_in_the_estimate():
    ten = tasks(s=10)
    estimate = Estimate(ten, jobs=1)
    for task in ten[:5]:
        estimate.count(task, attempt(task, Outcome.UNAVAILABLE, 0.0))
    assert (estimate.done, estimate.remaining_s) == (5, None)
    for task in ten[5:7]:
        estimate.count(task, attempt(task, Outcome.PASSED, 1.0))
    assert estimate.remaining_s is not None
    assert str(estimate).startswith("7 of 10 cells: 2 passed, 5 unavailable, about ")


def test_estimate_knows_that_the_case_that_is_left_is_short(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("harness.progress.time.monotonic", clock)
    every = tasks(long=3, short=101)
    estimate = Estimate(every, jobs=1)
    for task in every[:4]:
        estimate.count(task, attempt(task, Outcome.PASSED, 10.0 if task.cell.case.scenario == "long" else 0.1))
    clock.now = 30.1
    assert estimate.remaining_s == pytest.approx(100 * 0.1)


def test_estimate_takes_what_a_case_took_in_an_earlier_run(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("harness.progress.time.monotonic", clock)
    every = [
        replace(task, expected_s=0.5 if task.cell.case.scenario == "short" else 0.0) for task in tasks(long=3, short=10)
    ]
    estimate = Estimate(every, jobs=1)
    for task in every[:3]:
        estimate.count(task, attempt(task, Outcome.PASSED, 4.0))
    clock.now = 24.0
    assert estimate.remaining_s == pytest.approx(10 * 0.5 * 2)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


def test_script_that_runs_for_long_is_told_of_with_its_last_line():
    clock = Clock()
    scripts = RunningScripts(clock)
    task = outcome_task("passes")
    scripts.start(task)
    clock.now = 9.0
    assert list(scripts.news()) == []
    clock.now = 10.0
    assert list(scripts.news()) == ["passes@env: running for 10 s; no output yet"]
    scripts.note_output(task, b"epoch 1\nepoch 2 \x1b[2J\x1b]0;owned\x07\n\n")
    assert list(scripts.news()) == []
    clock.now = 20.0
    assert list(scripts.news()) == ["passes@env: running for 20 s; last output: epoch 2"]
    scripts.note_output(task, b"  5/100\r  6/100\r")
    assert list(scripts.long()) == [(task.cell, "6/100")]
    told = []
    for clock.now in range(21, 221):
        told += scripts.news()
    assert [line.split(" for ")[1].split(";")[0] for line in told] == ["40 s", "80 s", "140 s", "200 s"]
    scripts.end(task)
    assert (list(scripts.news()), list(scripts.long())) == ([], [])


def test_plain_progress_writes_it_as_a_line(monkeypatch):
    stream, clock = io.StringIO(), Clock()
    monkeypatch.setattr("harness.progress.RunningScripts", lambda: RunningScripts(clock))
    task = outcome_task("passes")
    with PlainProgress(stream, [task], 1) as progress:
        progress.started(task)
        progress.printed(task, b"half \x1b[31mway\n")
        clock.now = 12.0
        progress.waiting()
    assert stream.getvalue() == "passes@env: running for 12 s; last output: half way\n"


def test_what_workers_elsewhere_do_is_shown_until_it_ends():
    shown = io.StringIO()
    with LiveProgress(shown, tasks(s=2), jobs=1) as progress:
        progress.working("tcp://h:1", "environment a")
        progress.working("tcp://h:1", "20 cells of a")
        assert [each.description for each in progress._now.tasks] == ["tcp://h:1: 20 cells of a"]
        progress.working("tcp://h:1", "")
        assert not progress._now.tasks
