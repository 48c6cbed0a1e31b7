"""The folder of one attempt: what the worker is asked there, what it answers, and what is read of that with care.

While the scenario runs all but the script is its own to spoil, so nothing that is read here is taken on trust.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.execute.task import Task
from harness.folders import remove_folder
from harness.plan.script import PARAMETERS_STAGE

REPORT_LIMIT = 1 << 20
TEXT_KEPT = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The places of one attempt. Everything but `script` belongs to the scenario while it runs."""

    top: Path
    inside: str | None = None
    """Where the scenario sees it, if that is not where it is."""

    def seen(self, path: Path) -> str:
        """Give a path in it as the scenario sees it."""
        return str(path) if self.inside is None else f"{self.inside}/{path.relative_to(self.top).as_posix()}"

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

    @property
    def places(self) -> dict[str, str]:
        """The variables that name places of its own, as the scenario sees them."""
        temporary, home = self.seen(self.private / "tmp"), self.seen(self.private / "home")
        places = {"HOME": home, "TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}
        return {**places, "USERPROFILE": home} if sys.platform == "win32" else places

    def file(self, name: str) -> Path:
        """A file between the worker and us."""
        return self.top / name

    def make(self) -> None:
        """Make the folders."""
        for each in (self.script, self.work, self.private / "home", self.private / "tmp"):
            each.mkdir(parents=True)

    @classmethod
    def new(cls, runs: Path, *, inside: str | None = None) -> Folder:
        """Make a new one under a folder of runs."""
        runs.mkdir(parents=True, exist_ok=True)
        return cls(top=Path(tempfile.mkdtemp(prefix="attempt-", dir=runs)), inside=inside)

    def write_request(self, task: Task, *, overlay: str | None, limits: Mapping[str, int]) -> str:
        """Put the script and the request there; give the request's path, like all in it as the scenario sees it.

        `limits` are the system's, by its names.
        """
        script = self.script / task.script.file_name
        script.write_text(task.script.text, encoding="utf-8")
        request = {
            "schema": 1,
            # Contained processes end together, and see no number but their own.
            "parent": os.getpid() if self.inside is None else 0,
            "script": self.seen(script),
            "marks": [[mark.line, mark.stage] for mark in task.script.marks],
            "parameters": dict(task.cell.case.parameters),
            "parameters_stage": PARAMETERS_STAGE if task.script.parameters_from is not None else None,
            "settings": [
                [each.variable, {value: list(modules) for value, modules in each.needs}, list(each.in_force)]
                for each in task.environment.settings
            ],
            "overlays": [overlay] if overlay else [],
            "limits": dict(limits),
            "timeout_s": task.script.header.timeout_s,
            "variables": [name for name, _ in task.variables],
            "report": self.seen(self.file("report.json")),
            "trail": self.seen(self.file("trail")),
            "dump": self.seen(self.file("dump")),
        }
        path = self.file("request.json")
        path.write_text(json.dumps(request), encoding="utf-8")
        return self.seen(path)

    def report(self) -> dict[str, Any] | None:
        """Read the worker's report; anything that is not one plain file of a sane size with a JSON object is none."""
        data = self._read("report.json", REPORT_LIMIT + 1)
        with contextlib.suppress(ValueError, RecursionError):
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
        return self._read(name, TEXT_KEPT).decode("utf-8", "replace")

    def _read(self, name: str, most: int) -> bytes:
        """Read at most so many bytes of a plain file; nothing, if something else stands in its place."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with contextlib.suppress(OSError), os.fdopen(os.open(self.file(name), flags), "rb") as stream:
            if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return stream.read(most)
        return b""

    def tidy(self, text: str) -> str:
        """Take the folder itself out of a text: it is gone by the time that anyone reads it.

        What is left reads the same wherever the attempt saw it.
        """
        text = text.replace(f"{self.script}{os.sep}", "").replace(str(self.top), "<attempt>")
        if self.inside is not None:
            text = re.sub(rf"(?<![\w./-]){re.escape(self.inside)}/script/", "", text)
            text = re.sub(rf"(?<![\w./-]){re.escape(self.inside)}(?![\w.-])", "<attempt>", text)
        return text

    def remove(self) -> None:
        """Remove it, also where a scenario took away its own permissions, or nested folders without end."""
        remove_folder(self.top)
