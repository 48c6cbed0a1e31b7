"""Show the progress of a run on stderr: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from harness.environments.store import Provided
from harness.execute.task import Task
from harness.model import Attempt, Case, Environment
from harness.rendering.foreign_text import one_line
from harness.running_scripts import RunningScripts
from harness.schedule.watcher import Watcher

if TYPE_CHECKING:
    from rich.progress import TaskID

_PLAIN_EVERY_S = 10.0
_ESTIMATE_EVERY_S = 1.0


class PlainProgress(Watcher):
    """Print a line for each environment that is built or unavailable, and regularly for finished cells."""

    def __init__(self, stream: TextIO, tasks: Sequence[Task], jobs: int) -> None:
        self._stream = stream
        self._estimate = Estimate(tasks, jobs)
        self._last = time.monotonic()
        self._guard = threading.Lock()
        self._scripts = RunningScripts()

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        """Print nothing: the table follows."""

    def ready(self, environment: Environment, provided: Provided) -> None:
        """Print that an environment was built, or that its framework does not import."""
        with self._guard:
            if provided.built:
                self._print(f"{environment.id}: environment built")
            if provided.import_error:
                self._print(f"{environment.id}: does not import: {provided.import_error.splitlines()[0]}")

    def unavailable(self, environment: Environment, reason: str) -> None:
        """Print that an environment is unavailable."""
        with self._guard:
            self._print(f"{environment.id}: unavailable: {reason}")

    def note(self, text: str) -> None:
        """Print a message."""
        with self._guard:
            self._print(text)

    def started(self, task: Task) -> None:
        """Print nothing before it runs for long."""
        self._scripts.start(task)

    def printed(self, task: Task, data: bytes) -> None:
        """Note the output of a script."""
        self._scripts.note_output(task, data)

    def waiting(self) -> None:
        """Print what has been running for long, with its last output."""
        for line in self._scripts.news():
            with self._guard:
                self._print(line)

    def finished(self, task: Task, attempt: Attempt) -> None:
        """Count an attempt. Print the totals regularly."""
        self._scripts.end(task)
        with self._guard:
            self._estimate.count(task, attempt)
            if time.monotonic() - self._last >= _PLAIN_EVERY_S or self._estimate.done == self._estimate.total:
                self._last = time.monotonic()
                self._print(str(self._estimate))

    def _print(self, line: str) -> None:
        print(one_line(line), file=self._stream, flush=True)


@dataclass
class _Mean:
    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1

    @property
    def mean(self) -> float:
        return self.total / self.count


class Estimate:
    """Counts finished cells and estimates the remaining time.

    The duration of a cell is estimated from its case: what its cells took in this run, or else in earlier runs. Cases
    differ by two orders of magnitude, and long ones run first.
    """

    def __init__(self, tasks: Sequence[Task], jobs: int) -> None:
        self.total = len(tasks)
        self.done = 0
        self._jobs = jobs
        self._started = time.monotonic()
        self._outcomes: dict[str, int] = {}
        self._left = Counter(task.cell.case for task in tasks)
        self._earlier: dict[Case, _Mean] = {}
        for task in tasks:
            if task.expected_s:
                self._earlier.setdefault(task.cell.case, _Mean()).add(task.expected_s)
        self._taken: dict[Case, _Mean] = {}
        self._all_taken = _Mean()

    def count(self, task: Task, attempt: Attempt) -> None:
        """Count the attempt of a task."""
        self.done += 1
        self._left[task.cell.case] -= 1
        if not self._left[task.cell.case]:
            del self._left[task.cell.case]
        if attempt.duration_s > 0:  # attempts without a run take no time: ignore them in the estimate
            self._taken.setdefault(task.cell.case, _Mean()).add(attempt.duration_s)
            self._all_taken.add(attempt.duration_s)
        self._outcomes[attempt.outcome.value] = self._outcomes.get(attempt.outcome.value, 0) + 1

    @property
    def outcomes(self) -> str:
        """The number of attempts by outcome."""
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._outcomes.items()))

    @property
    def remaining_s(self) -> float | None:
        """Estimated remaining seconds, or None if too few attempts were run."""
        if self._all_taken.count < self._jobs * 2:
            return None
        left_s = sum(count * self._expected(case).mean for case, count in self._left.items())
        return (time.monotonic() - self._started) / self._all_taken.total * left_s

    def _expected(self, case: Case) -> _Mean:
        return self._taken.get(case) or self._earlier.get(case) or self._all_taken

    def __str__(self) -> str:
        rest = self.remaining_s
        left = f", about {_duration(rest)} left" if rest is not None and self.done < self.total else ""
        return f"{self.done} of {self.total} cells: {self.outcomes or 'none yet'}{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class LiveProgress(Watcher):
    """A progress bar with an estimate, and a line for each current activity."""

    def __init__(self, stream: TextIO, tasks: Sequence[Task], jobs: int) -> None:
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        self._estimate = Estimate(tasks, jobs)
        self._guard = threading.Lock()
        self._console = Console(file=stream)
        note = TextColumn("{task.fields[note]}", markup=False)
        self._overall = Progress(BarColumn(bar_width=40), MofNCompleteColumn(), note)
        self._now = Progress(SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._live = Live(Group(self._overall, self._now), console=self._console, transient=True, refresh_per_second=8)
        self._all = self._overall.add_task("cells", total=self._estimate.total, note="")
        self._lines: dict[object, TaskID] = {}
        self._rest = ""
        self._estimated = -math.inf
        self._scripts = RunningScripts()

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        self._print(str(self._estimate))

    def building(self, environment: Environment) -> None:
        """Show that an environment is being built or checked."""
        self._show(environment.id, f"environment {environment.id}")

    def ready(self, environment: Environment, provided: Provided) -> None:
        """Remove the line of the environment. Print one if its framework does not import."""
        self._hide(environment.id)
        if provided.import_error:
            self._print(f"{environment.id}: does not import: {provided.import_error.splitlines()[0]}")

    def unavailable(self, environment: Environment, reason: str) -> None:
        """Print that an environment is unavailable."""
        self._hide(environment.id)
        self._print(f"{environment.id}: unavailable: {reason}")

    def note(self, text: str) -> None:
        """Print a message."""
        self._print(text)

    def started(self, task: Task) -> None:
        """Show a running cell."""
        self._scripts.start(task)
        self._show(task.cell, str(task.cell))

    def printed(self, task: Task, data: bytes) -> None:
        """Note the output of a script."""
        self._scripts.note_output(task, data)

    def working(self, place: str, text: str) -> None:
        """Show what a worker on another machine does."""
        if text:
            self._show(place, f"{place}: {text}")
        else:
            self._hide(place)

    def waiting(self) -> None:
        """Show the last output of what has been running for long."""
        for cell, last in self._scripts.long():
            with self._guard:
                line = self._lines.get(cell)
                if line is not None and last:
                    self._now.update(line, description=f"{cell}: {last}")

    def finished(self, task: Task, attempt: Attempt) -> None:
        """Count an attempt, and remove its line."""
        self._scripts.end(task)
        self._hide(task.cell)
        with self._guard:
            self._estimate.count(task, attempt)
            if time.monotonic() - self._estimated >= _ESTIMATE_EVERY_S:
                self._estimated = time.monotonic()
                rest = self._estimate.remaining_s
                self._rest = f"; about {_duration(rest)} left" if rest is not None else ""
            note = f"{self._estimate.outcomes}{self._rest}"
            self._overall.update(self._all, completed=self._estimate.done, note=note)

    def _show(self, key: object, text: str) -> None:
        self._hide(key)
        with self._guard:
            self._lines[key] = self._now.add_task(text, total=None)

    def _hide(self, key: object) -> None:
        with self._guard:
            line = self._lines.pop(key, None)
            if line is not None:
                self._now.remove_task(line)

    def _print(self, line: str) -> None:
        self._console.print(one_line(line), markup=False, highlight=False)


def progress_for(stream: TextIO, tasks: Sequence[Task], *, jobs: int) -> PlainProgress | LiveProgress:
    """Return live progress for a terminal, plain progress otherwise."""
    return LiveProgress(stream, tasks, jobs) if stream.isatty() else PlainProgress(stream, tasks, jobs)
