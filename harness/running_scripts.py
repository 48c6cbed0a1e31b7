"""The scripts that run now: their durations, and the last line that each has printed. Prints nothing itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness.execute.task import Task
from harness.rendering.foreign_text import one_line

LONG_S = 10.0
_MOST_APART_S = 60.0
_KEPT = 4096


@dataclass
class _Script:
    started: float
    tail: bytes = b""
    next_notice_s: float = field(default=LONG_S)
    """The seconds after which the next notice about it is due."""

    @property
    def last_line(self) -> str:
        lines = self.tail.decode("utf-8", "replace").replace("\r", "\n").splitlines()
        return next((shown for line in reversed(lines) if (shown := one_line(line, longest=100))), "")


class RunningScripts:
    """Scripts that run. Several threads report their start, output and end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._scripts: dict[object, _Script] = {}

    def start(self, task: Task) -> None:
        """Note that a script starts."""
        with self._guard:
            self._scripts[task.cell] = _Script(started=self._clock())

    def note_output(self, task: Task, data: bytes) -> None:
        """Note the output of a script; only the end is kept."""
        with self._guard:
            script = self._scripts.get(task.cell)
            if script is not None:
                script.tail = (script.tail + data)[-_KEPT:]

    def end(self, task: Task) -> None:
        """Note that a script has ended."""
        with self._guard:
            self._scripts.pop(task.cell, None)

    def long(self) -> Iterator[tuple[object, str]]:
        """Return the cells whose scripts run for ten seconds or more, with the last line of each."""
        with self._guard:
            now = self._clock()
            found = [(cell, each.last_line) for cell, each in self._scripts.items() if now - each.started >= LONG_S]
        yield from found

    def news(self) -> Iterator[str]:
        """Return a sentence for each script whose notice is due: after 10, 20 and 40 s, then each minute."""
        with self._guard:
            now = self._clock()
            lines = []
            for cell, each in self._scripts.items():
                running_s = now - each.started
                if running_s >= each.next_notice_s:
                    each.next_notice_s = running_s + min(running_s, _MOST_APART_S)
                    said = f"last output: {each.last_line}" if each.last_line else "no output yet"
                    lines.append(f"{cell}: running for {running_s:.0f} s; {said}")
        yield from lines
