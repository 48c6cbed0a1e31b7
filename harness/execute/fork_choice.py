"""Choose the fork server of a task, or a process of its own."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.execute.forkserver.server import CAN_FORK, ForkServerKind, ZygoteKind
from harness.execute.isolation import fixed_variables
from harness.execute.task import Task
from harness.model import Environment, Overlay
from harness.project.preload import Preload, find_preload

# Keras writes ~/.keras/keras.json when it is imported. A fork has another home folder than its fork server.
_HOME = re.compile(r"~/|expanduser|Path\.home\(|\bHOME\b")
_SETTINGS = re.compile(r"""['"/]\.keras['"/]""")


def fork_server_kind(task: Task, python: Path, *, contained: bool = False) -> ForkServerKind | None:
    """Return the kind of fork server for a task, or None if it needs a fresh process."""
    kind = fork_server_or_reason(task, python, contained=contained)
    return kind if isinstance(kind, ForkServerKind) else None


def fork_server_or_reason(task: Task, python: Path, *, contained: bool = False) -> ForkServerKind | str:
    """Return the kind of fork server for a task, or the reason why it needs a fresh process.

    `contained` is True if fork servers run in a sandbox: then all overlays are at the same place.
    """
    if not CAN_FORK:
        return "this system cannot fork"
    if task.own_process or task.script.header.own_process:
        return "this run asks for it" if task.own_process else "its header asks for it"
    if _reads_settings(task.script.text):
        return "it reads what an import writes to the home folder"
    preload = _preload(task)
    if preload is None:
        return "its text does not allow imports ahead"
    modules, touched, absent = preload.modules, preload.touched, tuple[str, ...]()
    front = next(iter(task.overlays), None)
    if front is not None:
        if reason := _why_not_overlaid(task, front, preload, contained=contained):
            return reason
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
        data=task.data.folder if task.data is not None else None,
        held_back=front.package if front else None,
    )
    return ForkServerKind(zygote=zygote, modules=modules[1:], touched=touched, absent=absent)


# A script may have thousands of attempts: its text is searched once.
@functools.lru_cache(maxsize=128)
def _reads_settings(text: str) -> bool:
    return _HOME.search(text) is not None and _SETTINGS.search(text) is not None


def _preload(task: Task) -> Preload | None:
    own = frozenset(each.name.partition("/")[0].removesuffix(".py") for each in task.script.files)
    return find_preload(task.script.text, task.environment.preload, task.environment.touch, own=own)


def _why_not_overlaid(task: Task, front: Overlay, preload: Preload, *, contained: bool) -> str:
    """Return why an overlaid task needs a fresh process, or an empty string."""
    if task.overlay is None and front.package not in task.environment.preload:
        # Another import of the fork server may look for it, and go on without.
        return f"{front.package} is overlaid, and not in the preload of the environment"
    if not contained and _imports_through_parent(task.script.text, task.environment.imports, front.package):
        return f"it may import {front.package} as a part of another package"
    if preload.changes_imports and imports_package_late(task):
        return f"code before the import of {front.package} may change it"
    return ""


def imports_package_late(task: Task) -> bool:
    """Return True if a fork imports the overlaid package later than a process of its own would.

    TensorFlow imports Keras at the end of its own import. In a fork, that is over: the script imports it.
    """
    front = next(iter(task.overlays), None)
    preload = _preload(task)
    if front is None or preload is None:
        return False
    first = next(
        (each for each in preload.modules if each in (front.package, *task.environment.imports)), front.package
    )
    return first != front.package


def _imports_through_parent(source: str, imports: Iterable[str], package: str) -> bool:
    """Return True if a script may import a package as a submodule of another one.

    `import tensorflow.keras` uses the location that TensorFlow recorded: in a fork server without a sandbox, the
    installed package.
    """
    return any(re.search(rf"(?<![\w.]){re.escape(each)}\.{re.escape(package)}\b", source) for each in imports)


def _scripts(environment: Environment, variables: Mapping[str, str]) -> tuple[tuple[str, Path], ...]:
    """Return the prepare scripts for a process with these variables, with the module that each follows."""
    return tuple(
        (each.module, each.script) for each in environment.prepare if dict(each.where).items() <= variables.items()
    )
