"""Find the imports of a script that the fork server may do before it forks: no code before them may affect them.

A forked script still runs from its first line. But the code before an import then runs after it. So before the
import there may be only other imports, constants, definitions, and environment variables set to literals. The fork
server starts with these variables.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.project.syntax import literal, tree_of

# These variables have an effect at process start, but not when a script sets them. So the fork server must not start
# with them: some make the C library load code from another place, before the sandbox is set up.
_START_VARIABLES = (
    "PYTHON", "LD_", "MALLOC_", "GLIBC_", "GCONV_", "LOC", "LC_", "LANG", "NLS", "TZ", "HOSTALIASES", "RES_", "RESOLV_",
    "GETCONF_", "HARNESS_",
)  # fmt: skip
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 1 << 14  # of all variables together
# Code that may change imports. Reading a variable or a version, finding a module, and exiting do not.
_CHANGES_IMPORTS = re.compile(
    r"environ(?!\.get\()|putenv|__import__|set_backend|from sys\b|sys as\b"
    r"|sys\.(?!(?:argv|byteorder|executable|exit|implementation|maxsize|platform|stderr|stdin|stdout|version(?:_info)?)\b)"
    r"|importlib(?!\.metadata\b|\.util\.find_spec\b)"
)
_RESERVED_VARIABLES = frozenset({"PATH", "HOME", "TMPDIR", "TEMP", "TMP"})


@dataclass(frozen=True, kw_only=True)
class Preload:
    """Modules to import in this order, variables to set, and variables to set unless they are set already."""

    modules: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    touched: tuple[str, ...] = ()
    """Attributes such as `tensorflow.keras.layers` that import further modules at their first use."""
    changes_imports: bool = False
    """True if the rest of the script contains code that may change imports."""


@functools.lru_cache(maxsize=1024)
def find_preload(
    source: str, modules: tuple[str, ...], touched: tuple[str, ...] = (), *, own: frozenset[str] = frozenset()
) -> Preload | None:
    """Return the imports that may run before a script; None if there are none, so that it needs a fresh process.

    Include the lazy imports of `touched`, unless the rest of the script contains code that may change imports. `own`
    names the modules of the script itself: to import them may change what follows.
    """
    candidates = set(modules)
    tree = tree_of(source)
    if tree is None:
        return None
    reader = _Reader(candidates, own)
    for statement in tree.body:
        if not reader.accepts(statement):
            break
    preload = reader.preload()
    if preload is None or _CHANGES_IMPORTS.search("\n".join(source.splitlines()[reader.last_line :])):
        return None if preload is None else replace(preload, changes_imports=True)
    return replace(preload, touched=tuple(each for each in touched if each.partition(".")[0] in preload.modules))


class _Reader:
    """Visits the statements of a script up to the first one with side effects."""

    def __init__(self, candidates: set[str], own: frozenset[str]) -> None:
        self._candidates = candidates
        self._own = own
        self._modules: list[str] = []
        self._variables: dict[str, str] = {}
        self._defaults: dict[str, str] = {}
        self._imported_os = False
        self.last_line = 0
        # The state at the last relevant import: variables that are set later do not affect it.
        self._result: Preload | None = None

    def preload(self) -> Preload | None:
        return self._result

    def accepts(self, statement: ast.stmt) -> bool:
        """Return True if imports after this statement may run before it."""
        match statement:
            case ast.Import(names=names) if self._own.isdisjoint(each.name.partition(".")[0] for each in names):
                self._imported_os |= any(each.name == "os" and each.asname is None for each in names)
                self._note((each.name for each in names), statement)
                return True
            case ast.ImportFrom(module=str(module), level=0) if module.partition(".")[0] not in self._own:
                self._note([module], statement)
                return True
            case ast.ClassDef(decorator_list=[], bases=[], keywords=[], body=body):
                return all(_has_no_effect(each) for each in body)
        return _has_no_effect(statement) or (self._imported_os and self._sets_variable(statement))

    def _note(self, names: Iterable[str], statement: ast.stmt) -> None:
        found = [name.partition(".")[0] for name in names]
        wanted = [name for name in found if name in self._candidates and name not in self._modules]
        if wanted:
            self._modules += wanted
            self.last_line = statement.end_lineno or statement.lineno
            self._result = Preload(
                modules=tuple(self._modules),
                variables=tuple(sorted(self._variables.items())),
                defaults=tuple(sorted(self._defaults.items())),
            )

    def _sets_variable(self, statement: ast.stmt) -> bool:
        """Return True if a statement sets an environment variable to a literal, before all imports that it affects."""
        if self._modules:
            return False
        match statement:
            case ast.Assign(targets=[ast.Subscript(value=place, slice=ast.Constant(value=str(name)))], value=value):
                settings = self._variables
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=place, attr="setdefault"),
                    args=[ast.Constant(value=str(name)), value],
                    keywords=[],
                )
            ):
                settings = self._defaults
            case _:
                return False
        given = _literal(value)
        match place:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ") if isinstance(given, str):
                pass
            case _:
                return False
        if (
            name.startswith(_START_VARIABLES)
            or name in _RESERVED_VARIABLES
            or name in {**self._variables, **self._defaults}
        ):
            return False
        if not (_NAME.fullmatch(name) and given.isprintable() and given.isascii()):
            return False  # includes invalid names and values
        settings[name] = given
        return len(str([self._variables, self._defaults])) <= _LONGEST


def _has_no_effect(statement: ast.stmt) -> bool:
    """Return True if a statement only sets a constant or defines a function, so that its position does not matter."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.FunctionDef(decorator_list=[], args=given) | ast.AsyncFunctionDef(decorator_list=[], args=given):
            return _only_constants(given.defaults) and _only_constants(given.kw_defaults)
        case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(target=ast.Name(), value=value):
            return value is None or _is_none(value) or _literal(value) is not None
    return False


def _literal(node: ast.expr) -> object:
    try:
        return literal(node)
    except ValueError:
        return None


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _only_constants(nodes: Iterable[ast.expr | None]) -> bool:
    return all(node is None or _is_none(node) or _literal(node) is not None for node in nodes)
