"""The layers of the package: which part may import which, and which part alone may do what. See docs/architecture.md."""

import ast
import functools
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[2] / "harness"
LONGEST_MODULE = 350

# From the bottom up: a part imports from its own layer and from those above it in this list.
LAYERS = (
    ("errors", "filesystem"),
    ("model",),
    ("guest",),
    ("cgroups",),
    ("process",),
    ("saved_models",),
    ("sandbox",),
    ("project",),
    ("reports",),
    ("uv",),
    ("interpreters",),
    ("locking",),
    ("environments",),
    ("execute",),
    ("schedule",),
    ("record",),
    ("search",),
    ("rendering",),
    ("github",),
    ("transfer",),
    ("session", "running_scripts"),
    ("progress", "run_log"),
    ("engine", "fetching"),
    ("pipeline",),
    ("shards",),
    ("cluster",),
    ("pinpoint",),
    ("triage",),
    ("readers",),
    ("commands",),
    ("cli",),
    ("__main__", "__init__"),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
# Rendering gets results as values: it reads no store and starts no process.
FORBIDDEN = {name: {"project", "locking", "environments", "execute", "record"} for name in ("rendering", "transfer")}
SPAWNING = {
    "subprocess": {"run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput"},
    "os": {"system", "popen", "fork", "posix_spawn", "posix_spawnp", "forkpty", "spawnv", "spawnl", "execv", "execve"},
}
# The module for child processes, the shell that needs the terminal, fork servers, and code that runs in other interpreters.
MAY_SPAWN = {
    "process/child.py",
    "commands/shell.py",
    "guest/init_process.py",
    "guest/namespaces.py",
    "process/systemd_scope.py",
    "execute/forkserver/server.py",
    "guest/fork_server.py",
}
MAY_NAME_UV = {"uv/client.py"}
MAY_USE_SQLITE = "record/"
# Run by the interpreters under test, started by path: they cannot import the harness.
GUESTS = {
    path.relative_to(HARNESS).as_posix() for path in (HARNESS / "guest").rglob("*.py") if path.name != "__init__.py"
}

FILES = {path.relative_to(HARNESS).as_posix(): path for path in sorted(HARNESS.rglob("*.py"))}


@functools.cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def part_of(module):
    """Return the part of the package that a dotted name or a path belongs to: the first step below `harness`."""
    return module.replace("harness.", "", 1).replace("/", ".").partition(".")[0]


def imported(path):
    """Yield every module that a file imports, as a dotted name, and the line."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "harness":
            yield from ((f"harness.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), node.lineno


# Each rule yields the violations in a file: the line, and what to do.


def imports_point_down(name, path):
    own = part_of(name.removesuffix(".py"))
    if own not in LEVEL:
        yield 1, f"is in no known layer. Add {own!r} to LAYERS in {Path(__file__).name}"
        return
    for module, line in imported(path):
        if module.startswith("."):
            yield line, "imports relatively. Write it out, from harness on"
        if not module.startswith("harness.") or module == "harness.__version__":
            continue
        other = part_of(module)
        if LEVEL.get(other, -1) > LEVEL[own]:
            yield line, f"imports {module}, which is above it. Move what both need down, or take it as a parameter"
        if other in FORBIDDEN.get(own, ()):
            yield line, f"imports {module}. {own} works on values only: have the caller pass them"


def only_the_record_uses_sqlite(name, path):
    if not name.startswith(MAY_USE_SQLITE):
        yield from (
            (line, "imports sqlite3. Ask harness.record") for module, line in imported(path) if module == "sqlite3"
        )


def only_one_module_uses_dask(name, path):
    if name != "cluster/connection.py":
        yield from (
            (line, "imports Dask. Use harness.cluster.connection")
            for module, line in imported(path)
            if module.partition(".")[0] in ("dask", "distributed")
        )


def only_one_module_calls_uv(name, path):
    if name not in MAY_NAME_UV:
        yield from (
            (line, "imports uv. Use harness.uv.client")
            for module, line in imported(path)
            if module == "uv" or module.startswith("uv.")
        )


def only_one_module_starts_processes(name, path):
    if name in MAY_SPAWN:
        return
    instead = "Use harness.process.child.run, which ends it with all that it leaves behind"
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in SPAWNING.get(node.value.id, ()):
                yield node.lineno, f"uses {node.value.id}.{node.attr}. {instead}"
        elif isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & SPAWNING.get(
            node.module, set()
        ):
            yield node.lineno, f"imports what starts processes from {node.module}. {instead}"


def only_the_command_line_prints_and_exits(name, path):
    if name in {"cli.py", "__main__.py", "progress.py", *GUESTS}:
        return
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit", "quit"):
            yield node.lineno, f"calls {ast.unparse(node.func)}. Give or raise what is to be said"


def only_the_edge_knows_parsed_arguments(name, path):
    if name in {"cli.py", "commands/arguments.py", *GUESTS}:
        return
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and node.attr == "Namespace":
            yield node.lineno, "uses argparse.Namespace. Take the Options of the command"


def modules_stay_readable(name, path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if lines > LONGEST_MODULE:
        yield (
            lines,
            f"is longer than {LONGEST_MODULE} lines. Find the part that has a name of its own, and make it a module",
        )


def names_say_what_is_inside(name, path):
    vague = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "core", "base"}
    if vague & set(Path(name).with_suffix("").parts):
        yield 1, "has a name that fits anything. Name it after what it knows or does"


def what_runs_elsewhere_imports_nothing_of_ours(name, path):
    if name in GUESTS:
        for_types = {
            each.lineno
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for each in node.body
        }
        yield from ((line, f"imports {module}, and runs where there is no harness")
                    for module, line in imported(path)
                    if module.partition(".")[0] in ("harness", "") and line not in for_types)  # fmt: skip


RULES = [
    imports_point_down,
    only_the_record_uses_sqlite,
    only_one_module_calls_uv,
    only_one_module_uses_dask,
    only_one_module_starts_processes,
    only_the_command_line_prints_and_exits,
    only_the_edge_knows_parsed_arguments,
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
        (imports_point_down, "model/bad.py", "from harness.project import script"),
        (imports_point_down, "model/bad.py", "from harness import cli"),
        (imports_point_down, "model/bad.py", "def f():\n    import harness.project.script"),
        (imports_point_down, "model/bad.py", "from . import case"),
        (imports_point_down, "rendering/bad.py", "import harness.record.store"),
        (imports_point_down, "attic/bad.py", ""),
        (only_the_record_uses_sqlite, "project/bad.py", "import sqlite3"),
        (only_one_module_calls_uv, "project/bad.py", "from uv import find_uv_bin"),
        (only_one_module_uses_dask, "schedule/bad.py", "from distributed import Client"),
        (only_one_module_starts_processes, "project/bad.py", "import subprocess\nsubprocess.run(['x'])"),
        (only_one_module_starts_processes, "project/bad.py", "from os import system"),
        (only_the_command_line_prints_and_exits, "project/bad.py", "print(1)"),
        (only_the_command_line_prints_and_exits, "project/bad.py", "import sys\nsys.exit(1)"),
        (only_the_edge_knows_parsed_arguments, "commands/bad.py", "import argparse\ndef f(x: argparse.Namespace): ..."),
        (modules_stay_readable, "project/bad.py", "x = 1\n" * (LONGEST_MODULE + 1)),
        (names_say_what_is_inside, "project/helpers.py", ""),
        (what_runs_elsewhere_imports_nothing_of_ours, "guest/worker.py", "from harness import errors"),
    ],
)
def test_rule_sees_what_it_forbids(tmp_path, rule, name, text):
    """A rule that matches nothing would be kept for ever."""
    path = tmp_path / "bad.py"
    path.write_text(text, encoding="utf-8")
    assert list(rule(name, path))
