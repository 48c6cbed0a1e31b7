"""Which tasks can run in a fork of a fork server, and of which one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.execute.forkserver.server import CAN_FORK, ForkServerKind, ZygoteKind
from harness.execute.isolation import fixed_variables
from harness.execute.task import Task
from harness.model import Environment
from harness.project.preload import find_preload


def fork_server_kind(task: Task, python: Path) -> ForkServerKind | None:
    """Return the kind of fork server for a task, or None if it needs a fresh process."""
    kind = fork_server_or_reason(task, python)
    return kind if isinstance(kind, ForkServerKind) else None


def fork_server_or_reason(task: Task, python: Path) -> ForkServerKind | str:
    """Return the kind of fork server for a task, or the reason why it needs a fresh process."""
    if not CAN_FORK:
        return "this system cannot fork"
    if task.own_process or task.script.header.own_process:
        return "this run asks for it" if task.own_process else "its header asks for it"
    preload = find_preload(task.script.text, task.environment.preload, task.environment.touch)
    if preload is None:
        return "its text does not allow imports ahead"
    modules, touched, absent = preload.modules, preload.touched, tuple[str, ...]()
    front = next(iter(task.overlays), None)
    if front is not None:
        if task.overlay is None and front.package not in task.environment.preload:
            # Another import of the fork server may look for it, and go on without.
            return f"{front.package} is overlaid, and not in the preload of the environment"
        if _imports_through_parent(task.script.text, task.environment.imports, front.package):
            return f"it may import {front.package} as a part of another package"
        # Each attempt must import the overlaid package itself.
        others = (each for each in task.environment.imports if each != front.package)
        modules = ("harness_holds_back", *others, "harness_lets_go")
        touched, absent = (), (front.package,)
    fixed = fixed_variables(python)
    variables = {**dict(preload.defaults), **fixed, **dict(task.variables), **dict(preload.variables)}
    zygote = ZygoteKind(
        python=python,
        module=modules[0],
        variables=tuple(sorted(variables.items())),
        scripts=() if front else _scripts(task.environment, variables),
        trees=front.folder.parent if front else None,
        held_back=front.package if front else None,
    )
    return ForkServerKind(zygote=zygote, modules=modules[1:], touched=touched, absent=absent)


def _imports_through_parent(source: str, imports: Iterable[str], package: str) -> bool:
    """Return True if a script may import a package as a submodule of another one.

    `import tensorflow.keras` uses the location that TensorFlow recorded: in a fork server, the installed package.
    """
    return any(re.search(rf"(?<![\w.]){re.escape(each)}\.{re.escape(package)}\b", source) for each in imports)


def _scripts(environment: Environment, variables: Mapping[str, str]) -> tuple[tuple[str, Path], ...]:
    """Return the prepare scripts for a process with these variables, with the module that each follows."""
    return tuple(
        (each.module, each.script) for each in environment.prepare if dict(each.where).items() <= variables.items()
    )
