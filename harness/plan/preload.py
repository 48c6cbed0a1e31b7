"""Which imports a script may find done already: those that nothing before them could have had an effect on.

A script is run from its first line in any case. What changes, if a process that has imported a module is forked for
it, is that all that stands before the import comes after it. So nothing may stand there but other imports, constants,
definitions, and environment variables set to literals, which can be given to the process beforehand.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.plan.syntax import literal, tree_of

# These work when a process starts, not when a script sets them: given beforehand, they would do what they did not.
# That may be much: the system's library loads code from where they say, before anything is contained.
_WORK_AT_START = (
    "PYTHON", "LD_", "MALLOC_", "GLIBC_", "GCONV_", "LOC", "LC_", "LANG", "NLS", "TZ", "HOSTALIASES", "RES_", "RESOLV_",
    "GETCONF_", "HARNESS_",
)  # fmt: skip
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 1 << 14  # all of them
# To read a variable changes nothing, nor does it to look at a version or for a module, or to exit.
_LATER = re.compile(
    r"environ(?!\.get\()|putenv|__import__|set_backend|from sys\b|sys as\b"
    r"|sys\.(?!(?:argv|byteorder|executable|exit|implementation|maxsize|platform|stderr|stdin|stdout|version(?:_info)?)\b)"
    r"|importlib(?!\.metadata\b|\.util\.find_spec\b)"
)
_NEVER = frozenset({"PATH", "HOME", "TMPDIR", "TEMP", "TMP"})


@dataclass(frozen=True, kw_only=True)
class Preload:
    """Modules to import in this order, under these variables: set anyhow, or only where they are not set yet."""

    modules: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    touched: tuple[str, ...] = ()
    """Attributes of these modules, such as `tensorflow.keras.layers`, that import more when they are first used."""


@functools.lru_cache(maxsize=1024)
def find_preload(source: str, modules: tuple[str, ...], touched: tuple[str, ...] = ()) -> Preload | None:
    """Say what may be imported before a script runs; None if nothing may, so that it needs a process of its own.

    What a module imports only when it is used may be imported too, unless the rest of the script has words in it that
    could change what is found then.
    """
    candidates = set(modules)
    tree = tree_of(source)
    if tree is None:
        return None
    reader = _Reader(candidates)
    for statement in tree.body:
        if not reader.accepts(statement):
            break
    preload = reader.preload()
    if preload is None or _LATER.search("\n".join(source.splitlines()[reader.last_line :])):
        return preload
    return replace(preload, touched=tuple(each for each in touched if each.partition(".")[0] in preload.modules))


class _Reader:
    """Goes through a script's statements up to the first that does something."""

    def __init__(self, candidates: set[str]) -> None:
        self._candidates = candidates
        self._modules: list[str] = []
        self._variables: dict[str, str] = {}
        self._defaults: dict[str, str] = {}
        self._imported_os = False
        self.last_line = 0
        # What was set by the time of the last import that counts: later settings are none of its business.
        self._result: Preload | None = None

    def preload(self) -> Preload | None:
        return self._result

    def accepts(self, statement: ast.stmt) -> bool:
        """Whether what follows may still be imported before this statement has run."""
        match statement:
            case ast.Import(names=names):
                self._imported_os |= any(each.name == "os" and each.asname is None for each in names)
                self._note((each.name for each in names), statement)
                return True
            case ast.ImportFrom(module=module, level=0) if module is not None:
                self._note([module], statement)
                return True
            case ast.ClassDef(decorator_list=[], bases=[], keywords=[], body=body):
                return all(_only_says(each) for each in body)
        return _only_says(statement) or (self._imported_os and self._sets_variable(statement))

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
        """Whether a statement sets an environment variable to a literal, and nothing less plain."""
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
        if name.startswith(_WORK_AT_START) or name in _NEVER or name in {**self._variables, **self._defaults}:
            return False
        if not (_NAME.fullmatch(name) and given.isprintable() and given.isascii()):
            return False  # what no variable can be, among others
        settings[name] = given
        return len(str([self._variables, self._defaults])) <= _LONGEST


def _only_says(statement: ast.stmt) -> bool:
    """Whether a statement only sets a constant or defines a function, and so could as well come later."""
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
