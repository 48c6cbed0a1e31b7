"""A shard as a document: all that another machine needs to run some cells, with nothing of this one but the code.

The other machine builds the same tasks from it, and refuses what would be kept under other keys.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import __version__
from harness.errors import UsageError
from harness.execute.task import Task, this_platform, worker_digest
from harness.model import Environment, Scenario, Script
from harness.pipeline import Work
from harness.project.lock_file import write_lock
from harness.record.attempt_ids import planned_id
from harness.record.splits import ShardRun

SCHEMA = 1
_MOST_NAMES = 500
Document = dict[str, Any]
"""Values of JSON."""


@dataclass(frozen=True, kw_only=True)
class ShardOptions:
    """How the cells of a shard run."""

    sandboxed: bool
    timeout_s: float | None
    isolation: str
    """`fork` or `process`."""


def shard_run(split: str, number: int, filled: int, shards: int) -> ShardRun:
    """Return the run of a shard by this version of the project."""
    return ShardRun(
        split=split, number=number, filled=filled, shards=shards, version=__version__, worker=worker_digest()
    )


def write_shard(work: Work, tasks: Sequence[Task], run: ShardRun, options: ShardOptions, *, project: str) -> Document:
    """Return the document of a shard. Raises UsageError for what cannot leave this machine: source trees and data."""
    for task in tasks:
        if task.overlays or task.data is not None:
            what = "a source tree replaces a package" if task.overlays else "the script sees downloaded data"
            raise UsageError(
                f"{task.cell}: {what} there",
                why="A shard holds neither source trees nor data",
                next_step="Use `harness run --shard I/N` on machines that have them, or leave this cell out",
            )
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task.key] = counts.get(task.key, 0) + 1
    chosen = {task.key: task for task in tasks}
    # A reader on another machine may have to write its file again.
    for task in tasks:
        if task.reads is not None:
            chosen.setdefault(task.reads, work.by_key[task.reads])
    scenarios = {scenario.name: scenario for scenario in work.plan.scenarios}
    used = {task.cell.case.scenario for task in chosen.values()}
    environments = {task.environment.id: task for task in chosen.values()}
    return {
        "schema": SCHEMA,
        "version": run.version,
        "worker": run.worker,
        "platform": this_platform(),
        "project": project,
        "split": run.split,
        "number": run.number,
        "filled": run.filled,
        "shards": run.shards,
        "condition": {"sandboxed": options.sandboxed, "timeout_s": options.timeout_s},
        "isolation": options.isolation,
        "environments": [
            {**_environment(task.environment), "interpreter": task.interpreter, "missing": work.missing.get(id)}
            for id, task in environments.items()
        ],
        "scripts": [_scenario(scenarios[name]) for name in sorted(used)],
        "variables": {
            name: value
            for task in chosen.values()
            for name, value in task.variables
            if name in task.script.header.variables
        },
        "cells": [
            {
                "cell": str(task.cell),
                "writes": task.writes,
                "reads": task.reads,
                "key": task.key,
                "attempts": [planned_id(run.split, number) for number in range(counts.get(task.key, 0))],
                "expected_s": task.expected_s,
                "expected_mib": task.expected_mib,
            }
            for task in chosen.values()
        ],
    }


def _environment(environment: Environment) -> Document:
    return {
        "id": environment.id,
        "family": environment.family,
        "lock": write_lock(environment.lock),
        "variables": dict(environment.variables),
        "imports": environment.imports,
        "preload": environment.preload,
        "touch": environment.touch,
        "prepare": [
            {"module": each.module, "text": each.script.read_text(encoding="utf-8"), "where": dict(each.where)}
            for each in environment.prepare
        ],
        "provides": environment.provides,
        "settings": [
            {"variable": each.variable, "needs": each.needs, "in_force": each.in_force} for each in environment.settings
        ],
        "tiers": sorted(environment.tiers),
    }


def _scenario(scenario: Scenario) -> Document:
    return {
        "name": scenario.name,
        "subject": scenario.subject,
        "title": scenario.title,
        "external": scenario.external,
        "script": _script(scenario.script),
        "write": _script(scenario.write) if scenario.write is not None else None,
    }


def _script(script: Script) -> Document:
    return {
        "file": script.file_name,
        "text": script.text,
        "files": {each.name: base64.b64encode(each.path.read_bytes()).decode() for each in script.files},
        "beside": _named_beside(script),
        # Scripts that searches write say this of themselves, not in their text.
        "requires_import": script.header.requires_import,
    }


def _named_beside(script: Script) -> list[str]:
    """Return the files next to a script that its text names: if it lacks one, that says nothing of the version."""
    if script.path is None or not script.path.parent.is_dir():
        return []
    sent = {each.name.partition("/")[0] for each in script.files} | {script.path.name}
    names = (each.name for each in script.path.parent.iterdir() if each.name not in sent)
    return sorted(name for name in names if name in script.text or Path(name).stem in script.text)[:_MOST_NAMES]
