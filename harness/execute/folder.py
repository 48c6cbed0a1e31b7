"""The folder of one attempt: what the worker is asked there, what it answers, and what is read of that with care.

While the scenario runs all but the script is its own to spoil, so nothing that is read here is taken on trust.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.execute.task import Task
from harness.plan.script import PARAMETERS_STAGE

REPORT_LIMIT = 1 << 20
TEXT_KEPT = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The places of one attempt. Everything but `script` belongs to the scenario while it runs."""

    top: Path

    @property
    def script(self) -> Path:
        """Where a copy of the script lies."""
        return self.top / "script"

    @property
    def work(self) -> Path:
        """The working folder, empty at the start unless something is to be read."""
        return self.top / "work"

    @property
    def private(self) -> Path:
        """HOME and the temporary folder."""
        return self.top / "private"

    def file(self, name: str) -> Path:
        """A file between the worker and us."""
        return self.top / name

    def make(self) -> None:
        """Make the folders."""
        for each in (self.script, self.work, self.private / "home", self.private / "tmp"):
            each.mkdir(parents=True)

    @classmethod
    def new(cls, runs: Path) -> Folder:
        """Make a new one under a folder of runs."""
        runs.mkdir(parents=True, exist_ok=True)
        return cls(top=Path(tempfile.mkdtemp(prefix="attempt-", dir=runs)))

    def write_request(self, task: Task) -> Path:
        """Put the script and the request there; give the request's path."""
        script = self.script / task.script.file_name
        script.write_text(task.script.text, encoding="utf-8")
        request = {
            "schema": 1,
            "parent": os.getpid(),
            "script": str(script),
            "marks": [[mark.line, mark.stage] for mark in task.script.marks],
            "parameters": dict(task.cell.case.parameters),
            "parameters_stage": PARAMETERS_STAGE if task.script.parameters_from is not None else None,
            "overlays": [str(task.overlay.folder)] if task.overlay else [],
            "timeout_s": task.script.header.timeout_s,
            "variables": [name for name, _ in task.variables],
            "report": str(self.file("report.json")),
            "trail": str(self.file("trail")),
            "dump": str(self.file("dump")),
        }
        path = self.file("request.json")
        path.write_text(json.dumps(request), encoding="utf-8")
        return path

    def report(self) -> dict[str, Any] | None:
        """Read the worker's report; anything that is not one plain file of a sane size with a JSON object is none."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(self.file("report.json"), flags)
        except OSError:
            return None
        with contextlib.suppress(OSError, ValueError, RecursionError), os.fdopen(descriptor, "rb") as stream:
            data = stream.read(REPORT_LIMIT + 1)
            report = json.loads(data) if len(data) <= REPORT_LIMIT else None
            return report if isinstance(report, dict) else None
        return None

    def trail(self) -> tuple[str, ...]:
        """Read the stages that began, in order."""
        stages = []
        for line in self.text("trail").splitlines():
            with contextlib.suppress(ValueError, RecursionError):
                stages.append(str(json.loads(line)))
        return tuple(stages)

    def text(self, name: str) -> str:
        """Read the beginning of a file; nothing, if there is none."""
        with contextlib.suppress(OSError), self.file(name).open("rb") as stream:
            return stream.read(TEXT_KEPT).decode("utf-8", "replace")
        return ""

    def tidy(self, text: str) -> str:
        """Take the folder itself out of a text: it is gone by the time that anyone reads it."""
        return text.replace(f"{self.script}{os.sep}", "").replace(str(self.top), "<attempt>")

    def remove(self) -> None:
        """Remove it, also where a scenario took away its own permissions."""
        try:
            shutil.rmtree(self.top)
        except OSError:
            for top, _, _ in os.walk(self.top):
                with contextlib.suppress(OSError):
                    Path(top).chmod(0o700)
            shutil.rmtree(self.top, ignore_errors=True)
