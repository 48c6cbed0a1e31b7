"""Unmet requirements of installed packages: the combinations that pip refuses. Reads metadata."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from harness.environments.integrity import site_packages


def unmet_requirements(folder: Path, python: str, provides: Mapping[str, str]) -> tuple[str, ...]:
    """Return each requirement of an installed package on another version than the installed one, in words.

    `python` is the minor version of the environment, such as 3.9. `provides` maps a package that is installed to the
    one in whose place it is, such as tensorflow-cpu to tensorflow. Requirements on packages that are not installed at
    all do not count: they may be left out on purpose.
    """
    packages = _packages(folder)
    installed = {canonicalize_name(each.name): each.version for each in packages}
    for giver, given in provides.items():
        if canonicalize_name(giver) in installed:
            installed.setdefault(canonicalize_name(given), installed[canonicalize_name(giver)])
    return tuple(
        f"{package.name} {package.version} requires {requirement.name}{requirement.specifier}, "
        f"but {requirement.name} {found} is installed"
        for package in sorted(packages, key=lambda each: each.name.lower())
        for requirement in _requirements(package, python)
        if (found := installed.get(canonicalize_name(requirement.name))) is not None
        and not requirement.specifier.contains(found, prereleases=True)
    )


def requirements_in(folder: Path, python: str) -> dict[NormalizedName, tuple[Requirement, ...]]:
    """Return the requirements of each installed package that count for a Python, such as 3.9; no extras."""
    return {canonicalize_name(each.name): tuple(_requirements(each, python)) for each in _packages(folder)}


def _packages(folder: Path) -> list[importlib.metadata.Distribution]:
    return list(importlib.metadata.distributions(path=[str(site_packages(folder))]))


def _requirements(package: importlib.metadata.Distribution, python: str) -> Iterator[Requirement]:
    markers = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    for line in package.requires or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:  # the metadata of old packages is not always valid
            continue
        if requirement.marker is None or requirement.marker.evaluate(markers):
            yield requirement
