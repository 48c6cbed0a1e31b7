"""What pyproject.toml declares is what the package is and imports."""

import ast
import importlib.metadata
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import harness

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def imported_modules():
    """Return the top-level modules that the package imports and neither Python nor the project has."""
    found = set()
    for path in (ROOT / "harness").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return {name for name in found - set(sys.stdlib_module_names) if not name.startswith("harness")}


def test_every_imported_distribution_is_declared():
    distributions = importlib.metadata.packages_distributions()
    imported = {
        canonicalize_name(name) for module in imported_modules() for name in distributions.get(module, [module])
    }
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    extras = {canonicalize_name(Requirement(text).name) for texts in PROJECT["optional-dependencies"].values() for text in texts}  # fmt: skip
    assert imported - extras == declared


def test_version_is_the_same_in_package_and_metadata():
    assert PROJECT["version"] == harness.__version__


@pytest.mark.parametrize("name", ["repro-matrix", "harness"])
def test_command_has_both_names(name):
    assert PROJECT["scripts"][name] == "harness.cli:main"


def test_changelog_has_a_section_for_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "\n## [Unreleased]\n" in text
    assert f"\n## [{harness.__version__}]" in text
