"""Tasks: cells with all that is needed to execute them, and the key under which their attempts are kept."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.guest import GUEST
from harness.model import Case, Cell, CellInputs, Data, Environment, Overlay, Script, Value

WORKER = GUEST / "worker.py"
KEYED_FILES = (
    "worker.py",
    "attempt.py",
    "failures.py",
    "fork_server.py",
    "fork_tuning.py",
    "process_facts.py",
    "process_setup.py",
    "script_cells.py",
    "shared_folder.py",
    "unittest_log.py",
)
"""The guest files whose code is part of the key of cells. Those of the sandbox are not: decision 2."""
PROTOCOL = 2
"""Raise it when the same request or report comes to mean something else, though the worker's code stays the same."""
HOLD_BACK = GUEST / "hold_back"
"""Modules that a fork server imports to keep an overlaid package out of its own imports."""


WORTH_PREPARING = 8  # tasks


@dataclass(frozen=True, kw_only=True)
class Task:
    """One cell to execute. `writes`: keep its artifacts. `reads`: the key of the artifacts to copy into its folder."""

    cell: Cell
    script: Script
    parameters: tuple[tuple[str, Value], ...] = ()
    """The values of its parameters cell; for a first step, of the parameters that write.py declares."""
    environment: Environment
    interpreter: str
    key: str
    variables: tuple[tuple[str, str], ...]
    expected_s: float = 0.0
    """How long it took last time, or 0; the longest go first."""
    expected_mib: int = 0
    """How much memory it took last time, or 0."""
    writes: bool = False
    reads: str | None = None
    """The key of the attempt whose artifact is read."""
    overlay: Overlay | None = None
    data: Data | None = None
    """Downloaded data that it sees."""
    sandboxed: bool = True
    """True if its condition has a sandbox."""
    identity: str = ""
    """The digest of the script's content: of two steps, of both files."""
    external: bool = False
    own_limit_s: float = 0.0
    """The time limit that the script itself asks for, in seconds; the one in force is in the script's header."""

    release: Overlay | None = None
    """A release as an overlay of its host. It behaves like the installed one, so the key is the same."""
    layer: str = ""
    """The same for people; it is kept with the attempt."""
    own_process: bool = False
    """True if it must run in a fresh process, although its script can be forked."""

    @property
    def recorded_as(self) -> tuple[str, str]:
        """The recorded name of its attempts: the cell with its label, and the digest of equal labels."""
        return recorded_as(self.cell, self.identity if self.external else "")

    @property
    def limit_s(self) -> float:
        """The time limit in force, in seconds."""
        return self.script.header.timeout_s

    @property
    def overlays(self) -> tuple[Overlay, ...]:
        """The overlays of the environment, the first one before all others on the path."""
        return tuple(each for each in (self.overlay, self.release) if each is not None)


def recorded_as(cell: Cell, identity: str) -> tuple[str, str]:
    """Return the recorded name of the attempts of a cell; the identity is empty for scenarios of the project."""
    return str(cell.named(cell.case.label)), identity


@functools.cache
def worker_digest() -> str:
    """Return the identity of the worker in a key: the protocol's version, and a hash of the code of its files.

    The hash covers the syntax trees: names, constants, structure. It leaves out comments, docstrings, types and
    formatting.
    """
    digests = [code_digest((GUEST / name).read_text(encoding="utf-8")) for name in KEYED_FILES]
    return f"{PROTOCOL}-{hashlib.sha256(''.join(digests).encode()).hexdigest()}"


def code_digest(source: str) -> str:
    """Return the sha256 of a source file's syntax tree: the same in every Python that runs the harness (3.10 to 3.13).

    Strings that stand alone as a statement (docstrings) and types are left out; a renamed identifier changes the hash.
    """
    tree = _WithoutTypes().visit(ast.parse(source))
    return hashlib.sha256(json.dumps(_structure(tree)).encode()).hexdigest()


class _WithoutTypes(ast.NodeTransformer):
    """Removes annotations, and what only type checkers see."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Replace `if TYPE_CHECKING:` by its else branch."""
        self.generic_visit(node)
        return node.orelse if ast.unparse(node.test) == "TYPE_CHECKING" else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """Replace an annotated assignment by an assignment; remove a declaration."""
        self.generic_visit(node)
        return None if node.value is None else ast.Assign(targets=[node.target], value=node.value)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Remove the annotation of a parameter."""
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Remove the annotation of the result."""
        node.returns = None
        return self.generic_visit(node)


def _structure(node: object) -> object:
    """Return a syntax tree as JSON, without the fields that are empty or that only some Pythons have."""
    if isinstance(node, list):
        return [_structure(each) for each in node if not _is_string_statement(each)]
    if not isinstance(node, ast.AST):
        return ascii(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
    return [type(node).__name__, *([name, _structure(value)] for name, value in fields if name != "kind")]


def _is_string_statement(node: object) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False


@functools.cache
def this_platform() -> str:
    """Name the platform as it is in the inputs of a key, such as `linux-x86_64`."""
    return f"{sys.platform}-{platform.machine()}"


@functools.lru_cache(maxsize=1024)
def _merged_variables(
    own: tuple[tuple[str, str], ...], pass_env: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Return the variables of an environment and the pass-env variables, sorted. The latter take precedence."""
    return tuple(sorted({**dict(own), **dict(pass_env)}.items()))


def make_task(
    cell: Cell,
    script: Script,
    environment: Environment,
    *,
    interpreter: str,
    caller_variables: Mapping[str, str],
    writes: bool = False,
    reads: str | None = None,
    overlay: Overlay | None = None,
    data: Data | None = None,
    sandboxed: bool = True,
    timeout_s: float | None = None,
    identity: str = "",
    external: bool = False,
    run_with: Case | None = None,
) -> Task:
    """Return the task of a cell. The variables that the header names are passed through from the caller's.

    `timeout_s` replaces the script's own time limit; `run_with` has the parameters, if not all of the cell's are used.
    """
    overlay = overlay or environment.overlay
    own_limit_s = script.header.timeout_s
    if timeout_s is not None:
        script = replace(script, header=replace(script.header, timeout_s=timeout_s))
    names = script.header.variables
    pass_env = tuple((name, caller_variables[name]) for name in names if name in caller_variables) if names else ()
    variables = _merged_variables(environment.variables, pass_env)
    run_with = run_with or cell.case
    inputs = CellInputs(
        script=script.digest,
        write_key=reads,
        parameters=run_with.parameters_text,
        lock=environment.lock.fingerprint,
        interpreter=interpreter,
        variables=variables,
        worker=worker_digest(),
        platform=this_platform(),
        overlay=overlay.digest if overlay else "",
        sandboxed=sandboxed,
        data=data.digest if data is not None else "",
    )
    return Task(
        cell=cell,
        script=script,
        parameters=run_with.parameters,
        environment=environment,
        interpreter=interpreter,
        key=inputs.key,
        variables=variables,
        writes=writes,
        reads=reads,
        overlay=overlay,
        data=data,
        sandboxed=sandboxed,
        own_limit_s=own_limit_s,
        identity=identity,
        external=external,
    )
