"""The lines of a script that failed: frames of its traceback, and statements of its syntax tree. Pure."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from harness.execute.failure_facts import Failure
from harness.execute.missing_files import is_inside
from harness.execute.traceback_frames import frames_of
from harness.project.syntax import tree_of


def is_own(file: str, failure: Failure) -> bool:
    """Return whether a file lies in the folder of the script: the script itself, or a companion."""
    return bool(file) and is_inside(file, failure.context.places.script)


def frames(failure: Failure) -> tuple[tuple[str, int], ...]:
    """Return file and line of the frames of the exception that ended the script, outermost first."""
    return frames_of(failure.traceback)


def own_line(failure: Failure) -> int | None:
    """Return the line of the script in its innermost frame; None if no frame of the traceback is one of the script."""
    found = [line for file, line in frames(failure) if _is_script(file, failure)]
    return found[-1] if found else None


def raised_at(failure: Failure) -> int | None:
    """Return the line of the script that raised the exception, with no frame inside; None for other code."""
    found = frames(failure)
    return found[-1][1] if found and _is_script(found[-1][0], failure) else None


def statements_at(failure: Failure, line: int) -> tuple[ast.stmt, ...]:
    """Return the statements of the script that a line belongs to, outermost first."""
    tree = tree_of(failure.context.text)
    return tuple(_around(tree.body, line)) if tree is not None else ()


def _is_script(file: str, failure: Failure) -> bool:
    """Return whether a file is the script: it, and no companion, lies in its folder under its own name."""
    return is_own(file, failure) and posixpath.relpath(file, failure.context.places.script) not in failure.context.sent


def _around(body: list[ast.stmt], line: int) -> Iterator[ast.stmt]:
    for statement in body:
        if statement.lineno <= line <= (statement.end_lineno or statement.lineno):
            yield statement
            for _, value in ast.iter_fields(statement):
                if isinstance(value, list):
                    for each in value:
                        if isinstance(each, ast.ExceptHandler | ast.match_case):
                            yield from _around(each.body, line)
                    yield from _around([each for each in value if isinstance(each, ast.stmt)], line)
            return
