"""The packages that are added to each environment for a report: what it installs, imports, or sets a variable for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.model import Environment
from harness.project.import_names import is_standard, package_of
from harness.project.matrix import Matrix
from harness.project.platform_modules import MACOS_MODULES, WINDOWS_MODULES
from harness.project.syntax import tree_of
from harness.reports.report import Report, Says
from harness.triage.imported_modules import looks_local, required_modules

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_MODULE_FILE = re.compile(r"(\w+)(?:/__init__)?\.py\b")
_NO_MODULE = re.compile(r"No module named '?([A-Za-z_]\w*)'?$")
# Modules that no package of the index has: of Colab and Kaggle, of a namespace, of other operating systems.
_ELSEWHERE = frozenset({"google", "kaggle_secrets", "kaggle_datasets", "__main__"}) | WINDOWS_MODULES | MACOS_MODULES


@dataclass(frozen=True, kw_only=True)
class Addition:
    """A package that is added to the environments that lack it, and why."""

    package: str
    why: str
    module: str = ""
    """The module that the script imports from it, if that is the reason."""
    optional: bool = False
    """True if the script may do without it."""
    declared: bool = False
    """True if the header of the script declares it."""

    def __str__(self) -> str:
        return f"{self.package} ({self.why})"


def needed_packages(report: Report, matrix: Matrix) -> tuple[Addition, ...]:
    """Return the packages that the report installs or asks for, and that have no family, without versions.

    The versions are claims: a package is added as of the date of each environment. A package that a variable asks for
    (KERAS_BACKEND=jax) is added also if the report names its version: other environments need it, too.
    """
    families = {canonicalize_name(family.package) for family in matrix.families}
    given = {canonicalize_name(name) for pair in matrix.provides for name in pair}
    named = {canonicalize_name(claim.package) for claim in report.own_claims if claim.says is Says.FAILS}
    needed: dict[str, Addition] = {}
    for text in report.requirements:
        try:
            name = canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            continue
        if name not in families | given | named:
            needed[name] = Addition(package=str(name), why="the report installs it", optional=True)
    for script in report.scripts:
        for variable, value in set_variables(script.text or ""):
            for package in _asked_for(variable, value, matrix):
                needed[canonicalize_name(package)] = Addition(package=package, why=f"{variable}={value}")
    return tuple(each for name, each in needed.items() if name not in families | given)


def imported_packages(
    report: Report, matrix: Matrix, environments: Sequence[Environment]
) -> tuple[tuple[Addition, ...], tuple[str, ...]]:
    """Return the packages that are only imported and that an environment lacks, and the modules without a package.

    Packages that matrix.toml names are left out: it says which environments have them, and which variable asks for a
    backend. A module that looks like the reporter's own is no package, and a module whose absence is the reported
    failure stays absent.
    """
    backends = (module for setting in matrix.settings for _, needs in setting.needs for module in needs)
    modules = (*backends, *matrix.imports, *matrix.preload)
    chosen = matrix.packages | {canonicalize_name(package_of(module)) for module in modules}
    needed: dict[str, Addition] = {}
    own: list[str] = []
    for module in _imported_modules(report):
        package = canonicalize_name(package_of(module))
        if package in chosen:
            continue
        if looks_local(module) or not _NAME.fullmatch(package):
            own.append(module)
        elif all(environment.lacks(Requirement(package)) is None for environment in environments):
            continue
        else:
            why = f"the script imports {'it' if package == module else module}"
            needed.setdefault(package, Addition(package=str(package), why=why, module=module))
    return tuple(needed.values()), tuple(own)


def _imported_modules(report: Report) -> Iterator[str]:
    """Yield the modules that the scripts and the files next to them need from elsewhere."""
    files = [*report.scripts, *(each for each in report.companions if each.name.endswith(".py"))]
    beside = {each.name.partition("/")[0].removesuffix(".py") for each in files}
    reported = _NO_MODULE.search(report.failure.message) if report.failure is not None else None
    absent = {reported[1]} if reported is not None else set()
    texts = [text for file in files if (text := file.read())]
    for text in texts:
        written = {match[1] for each in _strings(text) for match in _MODULE_FILE.finditer(each)}
        for module in required_modules(text):
            if not (module in beside | absent | written | _ELSEWHERE or is_standard(module)):
                yield module


def _strings(text: str) -> Iterator[str]:
    """Yield the strings of a script: some of them name modules that it writes."""
    tree = tree_of(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _asked_for(variable: str, value: str, matrix: Matrix) -> Iterator[str]:
    """Yield the packages that a variable of the matrix needs with this value."""
    for setting in matrix.settings:
        if setting.variable == variable:
            for module in dict(setting.needs).get(value, ()):
                yield package_of(module)


def variables_of(text: str, matrix: Matrix) -> tuple[tuple[str, str], ...]:
    """Return the variables that every environment has for a script: those of the matrix, and the backend that it sets.

    An environment with KERAS_BACKEND=jax is one as all others for a script that sets this itself.
    """
    settings = {setting.variable for setting in matrix.settings}
    return *matrix.variables, *(each for each in set_variables(text) if each[0] in settings)


def tier_with_backend(report: Report, environments: Sequence[Environment], matrix: Matrix) -> tuple[str, str] | None:
    """Return the backend that a script sets and the tier whose environments all have it; None if there is none.

    A script that imports a package which no environment of the tier has is left out.
    """
    for script in report.scripts:
        for variable in variables_of(script.text or "", matrix)[len(matrix.variables) :]:
            having = [each for each in environments if variable in each.variables]
            others = {tier for each in environments if variable not in each.variables for tier in each.tiers}
            names = sorted({tier for each in having for tier in each.tiers} - others)
            modules = {canonicalize_name(package_of(each)) for each in required_modules(script.text or "")}
            given = {canonicalize_name(name) for pair in matrix.provides for name in pair}
            if names and not (modules & given - {name for each in having for name in each.lock.versions}):
                return "=".join(variable), names[0]
    return None


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
