"""The packages that a project's reports are about, with the names that people write."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.project.project import Project
from harness.reports.vocabulary import Vocabulary
from harness.triage.environments import people_name


def vocabulary_of(project: Project) -> Vocabulary:
    """Return the packages of the families, with their modules and the first numbers of their versions."""
    matrix = project.matrix
    packages = list(dict.fromkeys(canonicalize_name(each.package) for each in matrix.families))
    usual = {package: people_name(package, matrix) for package in packages}
    modules = {each.partition(".")[0] for each in (*matrix.imports, *matrix.preload, *dict(matrix.modules))}
    owners = {canonicalize_name(each): canonicalize_name(matrix.package_of(each)) for each in sorted(modules)}
    aliases: dict[str, str] = {
        module: usual[owner] for module, owner in owners.items() if owner in usual and module != usual[owner]
    }
    majors: dict[str, set[int]] = {}
    for environment in project.environments:
        for package in packages:
            if (version := environment.lock.versions.get(package)) is not None:
                majors.setdefault(usual[package], set()).add(Version(version).major)
    return Vocabulary(
        subjects=tuple(dict.fromkeys(usual.values())) or Vocabulary().subjects,
        aliases=aliases,
        majors={package: frozenset(numbers) for package, numbers in majors.items()},
    )
