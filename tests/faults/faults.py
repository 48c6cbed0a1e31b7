"""What a fault is: something that is done to a run, with what must come of it. Each is a row of docs/reliability.md."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.runs.conftest import Done, Project

TABLE = {
    "build[shape=list]@demo1.0": ("passed", None),
    "build[shape=list]@demo1.1": ("failed", "build"),
    "build[shape=list]@demo2.0": ("passed", None),
    "build[shape=tuple]@demo1.0": ("passed", None),
    "build[shape=tuple]@demo1.1": ("passed", None),
    "build[shape=tuple]@demo2.0": ("passed", None),
    "newer@demo1.0": ("not applicable", None),
    "newer@demo1.1": ("passed", None),
    "newer@demo2.0": ("not applicable", "load"),
}


class CannotInject(Exception):
    """This machine does not let the fault be made: no right to mount, no library that sets the clock."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, and what must come out. `inject` does it to a new project and raises AssertionError if that does not."""

    what: str
    outcome: str
    inject: Callable[[Project, random.Random], None]
    times: int = 10
    """How often the campaign injects it."""


def check_mended(project: Project, table: dict[str, tuple[str, str | None]] = TABLE, *arguments: str) -> Done:
    """Run once more: every result is the undisturbed one, none was recorded twice, nothing is left behind."""
    done = project.run(*arguments)
    assert done.table == table, done.table
    assert project.left_over() == []
    counted = Counter(settled_keys(project))
    assert set(counted.values()) == {1}, "a cell that had finished ran again"
    assert "Nothing to run" in project.run(*arguments).stderr
    return done


def settled_keys(project: Project) -> list[str]:
    """Return the key of each attempt that counts."""
    with contextlib.closing(sqlite3.connect(store_of(project))) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM attempts WHERE settled")]


def store_of(project: Project) -> Path:
    return Path(project.variables.get("HARNESS_STORE", project.store))


@contextlib.contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Callable[[str], None]]:
    """Mount a small disk; gives a function that changes its options. Raises CannotInject."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        raise CannotInject("no disk can be mounted here")
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise CannotInject("no disk can be mounted here")

    def again(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True, capture_output=True)

    try:
        yield again
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
