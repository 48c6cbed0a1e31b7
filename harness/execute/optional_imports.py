"""Optional imports of a script: it catches the failed import of a package, and fails later for the lack of it. Pure."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Mapping

from harness.execute.failure_facts import Failure
from harness.execute.no_verdict_reason import NoVerdictReason, lacks, needs_package
from harness.execute.script_frames import is_own, own_line, statements_at
from harness.project.syntax import tree_of

_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
_NONE = re.compile(r"'NoneType' object|'bool' object")
_ASKS = re.compile(
    r"\b(?:requires?|required|needs?|needed|install(?:ed)?|missing|not (?:found|available)|unavailable)\b",
    re.IGNORECASE,
)
_ENDS = ("raise ", "sys.exit(", "exit(", "assert ")
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def misses_import(failure: Failure) -> NoVerdictReason | None:
    """Return why there is no verdict if the script needs a package whose failed import it caught."""
    raised = failure.chain[0] if failure.chain else None
    if raised is None:
        return None
    absent = {name: module for name, module in _guarded(failure.context.text).items() if lacks(module, failure)}
    if not absent:
        return None
    if "NameError" in raised.bases:
        undefined = _UNDEFINED.search(raised.message)
        wanted = [absent[undefined[1]]] if undefined is not None and undefined[1] in absent else []
    elif not is_own(raised.file, failure):
        return None
    elif _NONE.search(raised.message) and raised.bases & {"AttributeError", "TypeError"}:
        used = _names_at(failure)
        wanted = [module for name, module in absent.items() if name in used]
    elif raised.line_text.startswith(_ENDS) and _ASKS.search(raised.message):
        words = set(re.findall(r"[\w.-]+\w", raised.message))
        wanted = [module for module in absent.values() if module.partition(".")[0] in words]
    else:
        return None
    return next(map(needs_package, wanted), None)


@functools.lru_cache(maxsize=128)  # a script may have thousands of attempts
def _guarded(text: str) -> Mapping[str, str]:
    """Return the modules whose import may fail, and that nothing replaces, by the names that the script gives them."""
    tree = tree_of(text)
    found: dict[str, str] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Try) and any(map(_catches, node.handlers)) and not any(map(_imports, node.handlers)):
            for each in node.body:
                if isinstance(each, ast.Import):
                    found |= {(alias.asname or alias.name.partition(".")[0]): alias.name for alias in each.names}
                elif isinstance(each, ast.ImportFrom) and each.module and not each.level:
                    found |= {(alias.asname or alias.name): each.module for alias in each.names}
    return found


def _catches(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(each is None or ast.unparse(each) in _CAUGHT for each in names)


def _imports(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(each, (ast.Import, ast.ImportFrom)) for part in handler.body for each in ast.walk(part))


def _names_at(failure: Failure) -> set[str]:
    """Return the names in the innermost statement of the script that failed."""
    line = own_line(failure)
    around = statements_at(failure, line) if line is not None else ()
    return {node.id for node in ast.walk(around[-1]) if isinstance(node, ast.Name)} if around else set()
