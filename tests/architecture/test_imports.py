"""The rooms of the house: who may import whom, who alone may do what. docs/architecture.md says why."""

import ast
import functools
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[2] / "harness"
LONGEST_MODULE = 350

# From the ground up: a module imports from its own floor or from those above it in this list.
FLOORS = (
    ("errors", "folders", "reading"),
    ("model",),
    ("capture", "measure", "running"),
    ("cgroups",),
    ("process",),
    ("containment",),
    ("plan",),
    ("reports",),
    ("provision",),
    ("execute",),
    ("record",),
    ("report",),
    ("session", "running_scripts"),
    ("progress",),
    ("pipeline",),
    ("pinpoint",),
    ("commands",),
    ("cli",),
    ("__main__", "__init__"),
)
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
# A report is made of values: whoever has results can draw them.
FORBIDDEN = {"report": {"plan", "provision", "execute", "record"}}
SPAWNING = {
    "subprocess": {"run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput"},
    "os": {"system", "popen", "fork", "posix_spawn", "posix_spawnp", "forkpty", "spawnv", "spawnl", "execv", "execve"},
}
# The door for child processes, the shell that must have the terminal, the processes that fork, and what runs elsewhere.
MAY_SPAWN = {
    "process.py",
    "commands/shell.py",
    "containment/namespaces.py",
    "containment/scope.py",
    "execute/parent.py",
    "execute/serving.py",
}
MAY_NAME_UV = {"provision/uv.py"}
MAY_USE_SQLITE = "record/"
# Run by Pythons of environments under test, started by path: they can import nothing of ours.
STRANGERS = {
    "containment/namespaces.py",
    "execute/serving.py",
    "execute/worker.py",
    "provision/compile_sources.py",
    "provision/look_inside.py",
}

FILES = {path.relative_to(HARNESS).as_posix(): path for path in sorted(HARNESS.rglob("*.py"))}


@functools.cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def room(module):
    """Give the part of the package that a dotted name, or a path, is in: the first step below `harness`."""
    return module.replace("harness.", "", 1).replace("/", ".").partition(".")[0]


def imported(path):
    """Give every module that a file imports, wherever it does so, as a dotted name; and the line."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "harness":
            yield from ((f"harness.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), node.lineno


# Each rule gives, for a file, what breaks it: the line, and what to do about it.


def imports_point_down(name, path):
    own = room(name.removesuffix(".py"))
    if own not in LEVEL:
        yield 1, f"is in no known room. Say in {Path(__file__).name} on which floor {own!r} is"
        return
    for module, line in imported(path):
        if module.startswith("."):
            yield line, "imports relatively. Write it out, from harness on"
        if not module.startswith("harness.") or module == "harness.__version__":
            continue
        other = room(module)
        if LEVEL.get(other, -1) > LEVEL[own]:
            yield line, f"imports {module}, which is above it. Move what both need down, or take it as a parameter"
        if other in FORBIDDEN.get(own, ()):
            yield line, f"imports {module}. {own} works on values only: have the caller pass them"


def only_the_record_uses_sqlite(name, path):
    if not name.startswith(MAY_USE_SQLITE):
        yield from (
            (line, "imports sqlite3. Ask harness.record") for module, line in imported(path) if module == "sqlite3"
        )


def only_one_module_calls_uv(name, path):
    if name not in MAY_NAME_UV:
        yield from (
            (line, "imports uv. Use harness.provision.uv") for module, line in imported(path) if room(module) == "uv"
        )


def only_one_module_starts_processes(name, path):
    if name in MAY_SPAWN:
        return
    instead = "Use harness.process.run, which ends it with all that it leaves behind"
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in SPAWNING.get(node.value.id, ()):
                yield node.lineno, f"uses {node.value.id}.{node.attr}. {instead}"
        elif isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & SPAWNING.get(
            node.module, set()
        ):
            yield node.lineno, f"imports what starts processes from {node.module}. {instead}"


def only_the_command_line_prints_and_exits(name, path):
    if name in {"cli.py", "__main__.py", "progress.py", *STRANGERS}:
        return
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit", "quit"):
            yield node.lineno, f"calls {ast.unparse(node.func)}. Give or raise what is to be said"


def modules_stay_readable(name, path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines > LONGEST_MODULE and name not in STRANGERS:
        yield (
            lines,
            f"is longer than {LONGEST_MODULE} lines. Find the part that has a name of its own, and make it a module",
        )


def names_say_what_is_inside(name, path):
    vague = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "core", "base"}
    if vague & set(Path(name).with_suffix("").parts):
        yield 1, "has a name that fits anything. Name it after what it knows or does"


def what_runs_elsewhere_imports_nothing_of_ours(name, path):
    if name in STRANGERS:
        yield from ((line, f"imports {module}, and runs where there is no harness")
                    for module, line in imported(path) if module.startswith(("harness", ".")))  # fmt: skip


RULES = [
    imports_point_down,
    only_the_record_uses_sqlite,
    only_one_module_calls_uv,
    only_one_module_starts_processes,
    only_the_command_line_prints_and_exits,
    modules_stay_readable,
    names_say_what_is_inside,
    what_runs_elsewhere_imports_nothing_of_ours,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_is_kept(rule):
    broken = [f"harness/{name}:{line} {what}." for name, path in FILES.items() for line, what in rule(name, path)]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (imports_point_down, "model/bad.py", "from harness.plan import script"),
        (imports_point_down, "model/bad.py", "from harness import cli"),
        (imports_point_down, "model/bad.py", "def f():\n    import harness.plan.script"),
        (imports_point_down, "model/bad.py", "from . import case"),
        (imports_point_down, "report/bad.py", "import harness.record.store"),
        (imports_point_down, "attic/bad.py", ""),
        (only_the_record_uses_sqlite, "plan/bad.py", "import sqlite3"),
        (only_one_module_calls_uv, "plan/bad.py", "from uv import find_uv_bin"),
        (only_one_module_starts_processes, "plan/bad.py", "import subprocess\nsubprocess.run(['x'])"),
        (only_one_module_starts_processes, "plan/bad.py", "from os import system"),
        (only_the_command_line_prints_and_exits, "plan/bad.py", "print(1)"),
        (only_the_command_line_prints_and_exits, "plan/bad.py", "import sys\nsys.exit(1)"),
        (modules_stay_readable, "plan/bad.py", "x = 1\n" * (LONGEST_MODULE + 1)),
        (names_say_what_is_inside, "plan/helpers.py", ""),
        (what_runs_elsewhere_imports_nothing_of_ours, "execute/worker.py", "from harness import errors"),
    ],
)
def test_rule_sees_what_it_forbids(tmp_path, rule, name, text):
    """A rule that matches nothing would be kept for ever."""
    path = tmp_path / "bad.py"
    path.write_text(text, encoding="utf-8")
    assert list(rule(name, path))
