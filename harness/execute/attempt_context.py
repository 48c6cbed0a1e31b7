"""The context of an attempt: facts that are not in the report of its worker."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.execute.attempt_dir import Folder
from harness.execute.failure_facts import AttemptContext, Places
from harness.execute.missing_input import READS_ARGUMENTS
from harness.execute.no_verdict import ADDRESS, companions
from harness.execute.task import Task
from harness.process.limits import Ended


def context_of(
    task: Task, folder: Folder, ended: Ended, report: Mapping[str, Any], *, sandboxed: bool
) -> AttemptContext:
    """Return facts about an attempt that are not in its report, such as missing files that exist next to the script."""
    places = Places(
        script=folder.seen(folder.script),
        work=folder.seen(folder.work),
        home=folder.places["HOME"],
        temporary=folder.places["TMPDIR"],
    )
    original = task.script.path
    wanted = companions(report, places) if original is not None and report.get("outcome") == "failed" else ()
    return AttemptContext(
        places=places,
        sandboxed=sandboxed,
        packages=task.environment.packages,
        stand_ins=task.environment.stand_ins,
        beside=frozenset(each for each in wanted if original is not None and _is_companion(original, each)),
        reads_artifact=task.reads is not None,
        reads_arguments=_reads_arguments(task.script.text) and not task.script.header.args,
        has_input=task.script.header.stdin is not None,
        variables=frozenset(name for name, _ in task.variables),
        text=task.script.text,
        sent=frozenset(each.name for each in task.script.files),
        addresses=_addresses(task.script.code),
        has_data=task.data is not None,
        output=(ended.stdout + ended.stderr).decode("utf-8", "replace"),
        dump=folder.text("dump"),
    )


# A script may have thousands of attempts: its text is searched once.
@functools.lru_cache(maxsize=128)
def _reads_arguments(text: str) -> bool:
    return READS_ARGUMENTS.search(text) is not None


@functools.lru_cache(maxsize=128)
def _addresses(code: str) -> tuple[str, ...]:
    return tuple(found[0] for found in ADDRESS.finditer(code))


def _is_companion(script: Path, name: str) -> bool:
    """Return whether a file with this name, other than the script, exists next to it."""
    with contextlib.suppress(OSError, ValueError):
        return name != script.name and (script.parent / name).exists()
    return False
