"""The rooms of the house: who may import whom, who alone may do what. docs/architecture.md says why."""

import ast
import functools
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[2] / "harness"
LONGEST_MODULE = 350

# From the ground up: a module imports from its own floor or from those above it in this list.
FLOORS = (
    ("errors",),
    ("model",),
    ("process",),
    ("plan",),
    ("provision",),
    ("execute",),
    ("record",),
    ("report",),
    ("session", "progress"),
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
MAY_SPAWN = {"process.py", "commands/shell.py", "execute/parents.py", "execute/worker.py"}
MAY_NAME_UV = {"provision/uv.py"}
MAY_USE_SQLITE = "record/"
# Run by Pythons of environments under test, started by path: they can import nothing of ours.
STRANGERS = {"execute/worker.py", "provision/look_inside.py"}

FILES = {path.relative_to(HARNESS).as_posix(): path for path in sorted(HARNESS.rglob("*.py"))}
modules = pytest.mark.parametrize("name", FILES)


def tree(name):
    return parsed(FILES[name])


@functools.cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def room(module):
    """Give the part of the package that a dotted name, or a path, is in: the first step below `harness`."""
    return module.replace("harness.", "", 1).replace("/", ".").partition(".")[0]


def imported(name):
    """Give every module that a file imports, wherever it does so, as a dotted name; and the line."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"harness/{name}:{node.lineno}: write the import out, from harness on"
            if node.module == "harness":
                yield from ((f"harness.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module, node.lineno


@modules
def test_imports_point_down(name):
    own = room(name.removesuffix(".py"))
    assert own in LEVEL, f"harness/{name}: say in {Path(__file__).name} on which floor {own!r} is"
    for module, line in imported(name):
        if not module.startswith("harness.") or module == "harness.__version__":
            continue
        other = room(module)
        assert LEVEL[other] <= LEVEL[own], (
            f"harness/{name}:{line} imports {module}, which is above it. Move what both need down, "
            f"or take it as a parameter (a value or a callable)."
        )
        assert other not in FORBIDDEN.get(own, ()), (
            f"harness/{name}:{line} imports {module}: {own} works on values only."
        )


@modules
def test_only_the_record_uses_sqlite(name):
    if not name.startswith(MAY_USE_SQLITE):
        lines = [line for module, line in imported(name) if module == "sqlite3"]
        assert not lines, f"harness/{name}:{lines[0]} imports sqlite3. Ask harness.record instead."


@modules
def test_only_one_module_calls_uv(name):
    if name not in MAY_NAME_UV:
        lines = [line for module, line in imported(name) if module.partition(".")[0] == "uv"]
        assert not lines, f"harness/{name}:{lines[0]} imports uv. Use harness.provision.uv instead."


@modules
def test_only_one_module_starts_processes(name):
    if name in MAY_SPAWN:
        return
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.attr not in SPAWNING.get(node.value.id, ()), (
                f"harness/{name}:{node.lineno} uses {node.value.id}.{node.attr}. Start it through harness.process.run, "
                "which ends it with all that it leaves behind."
            )
        elif isinstance(node, ast.ImportFrom) and node.module in SPAWNING:
            taken = {alias.name for alias in node.names} & SPAWNING[node.module]
            assert not taken, f"harness/{name}:{node.lineno} imports {', '.join(taken)}. Use harness.process.run."


@modules
def test_only_the_command_line_prints_and_exits(name):
    if name in {"cli.py", "__main__.py", "progress.py", *STRANGERS}:
        return
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit", "quit"):
            pytest.fail(
                f"harness/{name}:{node.lineno} calls {ast.unparse(node.func)}. Give or raise what is to be said."
            )


@modules
def test_modules_stay_readable(name):
    lines = len(FILES[name].read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE or name in STRANGERS, (
        f"harness/{name} has {lines} lines. Find the part of it with a name of its own, and make that a module."
    )


@modules
def test_names_say_what_is_inside(name):
    vague = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "core", "base"}
    assert not vague & set(Path(name).with_suffix("").parts), f"harness/{name}: name it after what it knows or does."


@pytest.mark.parametrize("name", sorted(STRANGERS))
def test_what_runs_elsewhere_imports_nothing_of_ours(name):
    ours = [f"line {line}: {module}" for module, line in imported(name) if module.partition(".")[0] == "harness"]
    assert not ours, f"harness/{name} runs where there is no harness; it imports {', '.join(ours)}"


def test_the_rules_see_what_they_forbid(tmp_path, monkeypatch):
    """A rule that matches nothing would pass for ever: each is shown a file that breaks it."""
    bad = {
        "model/bad.py": "from harness.plan import script\n",
        "report/bad.py": "import harness.record.store\n",
        "plan/bad.py": "import subprocess, sqlite3, uv\nsubprocess.run(['x'])\nprint(1)\n" + "\n" * LONGEST_MODULE,
        "plan/helpers.py": "from os import system\n",
    }
    for name, text in bad.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        monkeypatch.setitem(FILES, name, path)
    broken = [
        (test_imports_point_down, "model/bad.py"),
        (test_imports_point_down, "report/bad.py"),
        (test_only_the_record_uses_sqlite, "plan/bad.py"),
        (test_only_one_module_calls_uv, "plan/bad.py"),
        (test_only_one_module_starts_processes, "plan/bad.py"),
        (test_only_one_module_starts_processes, "plan/helpers.py"),
        (test_only_the_command_line_prints_and_exits, "plan/bad.py"),
        (test_modules_stay_readable, "plan/bad.py"),
        (test_names_say_what_is_inside, "plan/helpers.py"),
    ]
    for rule, name in broken:
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            rule(name)
