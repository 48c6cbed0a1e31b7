"""The folder of one attempt: the request for the worker, its report, and safe reading of both.

The scenario can write everything in it except the script. So all files in it are untrusted.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.execute.fork_tuning_switch import tuning_off
from harness.execute.task import Task
from harness.filesystem.folders import remove_folder
from harness.model.scenario import File
from harness.project.script import PARAMETERS_STAGE
from harness.project.script_files import digest_of

REPORT_LIMIT = 1 << 20
TEXT_KEPT = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The paths of one attempt. The scenario can write all of them except `script`."""

    top: Path
    inside: str | None = None
    """Its path inside the sandbox, None without a sandbox."""

    def seen(self, path: Path) -> str:
        """Return a path in it as the scenario sees it."""
        return str(path) if self.inside is None else f"{self.inside}/{path.relative_to(self.top).as_posix()}"

    @property
    def script(self) -> Path:
        """The folder with a copy of the script."""
        return self.top / "script"

    @property
    def work(self) -> Path:
        """The working folder. At the start it has the files of the script and the artifacts of a writer."""
        return self.top / "work"

    @property
    def private(self) -> Path:
        """HOME and the temporary folder."""
        return self.top / "private"

    @property
    def places(self) -> dict[str, str]:
        """Environment variables with its own paths, as the scenario sees them."""
        temporary, home = self.seen(self.private / "tmp"), self.seen(self.private / "home")
        places = {"HOME": home, "TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}
        return {**places, "USERPROFILE": home} if sys.platform == "win32" else places

    def file(self, name: str) -> Path:
        """Return the path of a file that is exchanged with the worker."""
        return self.top / name

    def make(self, files: Iterable[File] = ()) -> None:
        """Create the folders, and copy the files of the script into the working folder and next to the script.

        Raises OSError, also for a file that changed since the script was read.
        """
        for folder in (self.script, self.work, self.private / "home", self.private / "tmp"):
            folder.mkdir(parents=True)
        for each in files:
            for target in (self.script / each.name, self.work / each.name):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(each.path, target, follow_symlinks=False)
                if digest_of(target) != each.digest:
                    raise OSError(errno.ESTALE, "it changed since the script was read", str(each.path))

    @classmethod
    def new(cls, runs: Path, *, inside: str | None = None) -> Folder:
        """Create a new folder of an attempt in a folder of runs."""
        runs.mkdir(parents=True, exist_ok=True)
        return cls(top=Path(tempfile.mkdtemp(prefix="attempt-", dir=runs)), inside=inside)

    def write_request(self, task: Task, *, overlays: list[str], limits: Mapping[str, int]) -> str:
        """Write the script and the request. Return the path of the request, as the scenario sees it.

        `limits` are resource limits by their names, such as RLIMIT_CORE.
        """
        script = self.script / task.script.file_name
        script.write_text(task.script.text, encoding="utf-8")
        request = {
            "schema": 1,
            # Processes in a sandbox end together, and do not see the id of this process.
            "parent": os.getpid() if self.inside is None else 0,
            "script": self.seen(script),
            "args": list(task.script.header.args),
            "stdin": self._stdin(task.script.header.stdin),
            "marks": [[mark.line, mark.stage] for mark in task.script.marks],
            "parameters": dict(task.parameters),
            "parameters_stage": PARAMETERS_STAGE if task.script.parameters_from is not None else None,
            "settings": [
                [each.variable, {value: list(modules) for value, modules in each.needs}, list(each.in_force)]
                for each in task.environment.settings
            ],
            "overlays": overlays,
            "limits": dict(limits),
            "timeout_s": task.script.header.timeout_s,
            "variables": [name for name, _ in task.variables],
            "report": self.seen(self.file("report.json")),
            "stage_log": self.seen(self.file("stage_log")),
            "tuning_off": tuning_off(os.environ),
            "dump": self.seen(self.file("dump")),
        }
        path = self.file("request.json")
        path.write_text(json.dumps(request), encoding="utf-8")
        return self.seen(path)

    def _stdin(self, text: str | None) -> str | None:
        """Write the standard input of the script. Return its path, as the scenario sees it."""
        if text is None:
            return None
        path = self.script / ".stdin"
        path.write_text(text, encoding="utf-8")
        return self.seen(path)

    def report(self) -> dict[str, Any] | None:
        """Return the report of the worker, or None unless it is a regular file of limited size with a JSON object."""
        data = self._read("report.json", REPORT_LIMIT + 1)
        with contextlib.suppress(ValueError, RecursionError):
            report = json.loads(data) if len(data) <= REPORT_LIMIT else None
            return report if isinstance(report, dict) else None
        return None

    def stage_log(self) -> tuple[str, ...]:
        """Return the stages that were started, in order."""
        stages = []
        for line in self.text("stage_log").splitlines():
            with contextlib.suppress(ValueError, RecursionError):
                stages.append(str(json.loads(line)))
        return tuple(stages)

    def text(self, name: str) -> str:
        """Return the beginning of a file, or an empty string."""
        return self._read(name, TEXT_KEPT).decode("utf-8", "replace")

    def _read(self, name: str, most: int) -> bytes:
        """Return at most `most` bytes of a regular file; empty for other kinds of files."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with contextlib.suppress(OSError), os.fdopen(os.open(self.file(name), flags), "rb") as stream:
            if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return stream.read(most)
        return b""

    def tidy(self, text: str) -> str:
        """Replace the path of the folder in a text: the folder is temporary.

        The result does not depend on the path at which the attempt saw the folder.
        """
        text = text.replace(f"{self.script}{os.sep}", "").replace(str(self.top), "<attempt>")
        if self.inside is not None:
            text = re.sub(rf"(?<![\w./-]){re.escape(self.inside)}/script/", "", text)
            text = re.sub(rf"(?<![\w./-]){re.escape(self.inside)}(?![\w.-])", "<attempt>", text)
        return text

    def remove(self) -> None:
        """Remove the folder, also if a scenario changed permissions or created very deep folders."""
        remove_folder(self.top)
