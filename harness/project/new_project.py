"""The files of a new project, as texts. Pure: `harness init` finds out what they say, and writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from harness.project.import_names import package_of
from harness.project.matrix import FILE

_SMALL = 8
"""With more environments, the default tier has some of them."""
_IN_DEFAULT = 6
SCENARIO = "scenarios/example/public_names.py"


@dataclass(frozen=True, kw_only=True)
class NewProject:
    """The content of the matrix of a new project."""

    package: str
    """As the user wrote it."""
    module: str
    """The module that scripts import."""
    versions: str
    """A specifier."""
    pick: str
    pythons: Mapping[str, str]
    """By Python, the specifier of its versions; the first that matches counts."""
    platform: str
    chosen: Sequence[str]
    """The versions that get an environment now, in ascending order."""

    @property
    def name(self) -> str:
        """The name of the family."""
        return canonicalize_name(self.package)


def files_of(project: NewProject, *, command: str) -> dict[str, str]:
    """Return the texts by path. `command` is what the user types before the name of a command."""
    return {
        FILE: _matrix(project),
        SCENARIO: _scenario(project),
        "README.md": _readme(project, command),
        ".gitignore": "results/attempts.sqlite*\nresults/run.lock\nresults/answers/\n",
    }


def guessed_module(package: str, known: Mapping[str, str]) -> str:
    """Return the module that a package most likely has. `known` has packages by module."""
    name = canonicalize_name(package)
    named = [module for module, owner in known.items() if owner == name]
    return named[0] if named else name.replace("-", "_")


def _matrix(project: NewProject) -> str:
    pythons = ", ".join(f"{_quoted(python)} = {_quoted(versions)}" for python, versions in project.pythons.items())
    return f"""\
# The environments of this project. After a change, `harness lock` creates missing and outdated lockfiles.

# Modules that an environment must import before a scenario runs in it.
imports = [{_quoted(project.module)}]
# Modules with a long import: scripts that begin with them are forked from a process that has imported them.
preload = [{_quoted(project.module)}]
# The packages whose versions the table shows.
show = [{_quoted(project.name)}]
# The platform of the lockfiles.
platform = {_quoted(project.platform)}
default-tier = "default"
{_modules(project)}
# One environment for each release, with the packages that pip would have installed 28 days after it.
[families.{project.name}]
title = {_quoted(f"{project.package} releases, each with the dependencies of its day")}
package = {_quoted(project.name)}
id = {_quoted(f"{project.name}{{version}}")}
versions = {_quoted(project.versions)}
pick = {_quoted(project.pick)}
pythons = {{ {pythons} }}
exclude-newer = "28 days after release"
# Packages that the scenarios need, too:
requirements = [{_quoted(f"{project.name}=={{version}}")}]

{_tiers(project)}
[site]
title = {_quoted(f"Which {project.package} versions have this bug?")}
"""


def _modules(project: NewProject) -> str:
    if canonicalize_name(package_of(project.module)) == project.name:
        return ""
    return f"""
# The package of a module with another name.
[modules]
{_quoted(project.module)} = {_quoted(project.name)}
"""


def _tiers(project: NewProject) -> str:
    if len(project.chosen) <= _SMALL:
        return '# The environments of a run without a selection.\n[tiers.default]\nenvironments = ["*"]\n'
    last = len(project.chosen) - 1
    places = sorted({round(number * last / (_IN_DEFAULT - 1)) for number in range(_IN_DEFAULT)})
    some = "".join(f"    {_quoted(project.name + project.chosen[place])},\n" for place in places)
    return f"""\
# The environments of a run without a selection.
[tiers.default]
environments = [
{some}]

# `harness run --tier full` runs everything.
[tiers.full]
environments = ["*"]
"""


def _scenario(project: NewProject) -> str:
    return f'''\
# /// script
# dependencies = [{_quoted(project.name)}]
#
# [tool.harness]
# watch = "output"
# ///
"""{project.package} can be imported, and has public names.

An example to begin with. A scenario is a plain script that shows one behaviour that should work; a comment `# %% NAME`
begins a stage. It fails where the behaviour is missing. `watch` also compares what it prints.
"""

# %% define
import {project.module}

# %% compare
names = [name for name in dir({project.module}) if not name.startswith("_")]
print(len(names), "public names")
assert names, "{project.module} has no public names"
'''


def _readme(project: NewProject, command: str) -> str:
    return f"""\
# Which {project.package} versions have this bug?

Scripts that show one behaviour each, run in many releases of {project.package}. Made with repro-matrix.

    {command} lock      # create the lockfiles of {FILE}; commit them
    {command} run       # run what has no result yet, and print the table
    {command} report    # write the published files to results/

| file | content |
|---|---|
| `{FILE}` | which releases, with which Python |
| `locks/` | a lockfile for each environment; generated |
| `scenarios/` | the scripts; `{SCENARIO}` is an example |
| `results/` | what `{command} report` published |

A script needs no header: `{command} run my_script.py` runs it in every environment of the default tier.
`{command} plan` shows what would run.
"""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
