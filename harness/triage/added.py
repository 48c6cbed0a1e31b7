"""The packages that are added to every environment for a report: what it installs, and what its variables ask for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.project.import_names import package_of
from harness.project.matrix import Matrix
from harness.project.syntax import tree_of
from harness.reports.report import Report, Says


def needed_packages(report: Report, matrix: Matrix) -> tuple[str, ...]:
    """Return the packages that the report needs and that have no family, without versions.

    The versions are claims: a package is added as of the date of each environment. A package that a variable asks for
    (KERAS_BACKEND=jax) is added also if the report names its version: other environments need it, too.
    """
    families = {canonicalize_name(family.package) for family in matrix.families}
    given = {canonicalize_name(name) for pair in matrix.provides for name in pair}
    named = {canonicalize_name(claim.package) for claim in report.claims if claim.says is Says.FAILS}
    needed: dict[str, None] = {}
    for text in report.requirements:
        try:
            name = canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            continue
        if name not in families | given | named:
            needed[str(name)] = None
    for script in report.scripts:
        for variable, value in set_variables(script.text or ""):
            needed |= dict.fromkeys(_asked_for(variable, value, matrix))
    return tuple(each for each in needed if canonicalize_name(each) not in families | given)


def _asked_for(variable: str, value: str, matrix: Matrix) -> Iterator[str]:
    """Yield the packages that a variable of the matrix needs with this value."""
    for setting in matrix.settings:
        if setting.variable == variable:
            for module in dict(setting.needs).get(value, ()):
                yield package_of(module)


def set_variables(text: str) -> Iterator[tuple[str, str]]:
    """Yield the environment variables that a script sets to a constant, wherever it does so."""
    tree = tree_of(text)
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.Assign(targets=[ast.Subscript(value=owner, slice=ast.Constant(value=str(name)))], value=value):
                pass
            case ast.Call(
                func=ast.Attribute(value=owner, attr="setdefault"), args=[ast.Constant(value=str(name)), value]
            ):
                pass
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os") as owner, attr="putenv"),
                          args=[ast.Constant(value=str(name)), value]):  # fmt: skip
                pass
            case _:
                continue
        is_environ = "environ" in (getattr(owner, "attr", ""), getattr(owner, "id", "")) or isinstance(node, ast.Call)
        if is_environ and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield name, value.value
