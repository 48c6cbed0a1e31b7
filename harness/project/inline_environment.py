"""Parse inline environments of the command line: requirements, `python=`, `exclude-newer=`, variables in capitals."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.errors import Problems, first_line
from harness.model import LockOrigin
from harness.project.matrix import Matrix

FAMILY = "inline"
EARLIER_FAMILY = "written out"
"""The name of the family in cached locks of earlier versions."""
_VARIABLE = re.compile(r"(?P<name>[A-Z_][A-Z0-9_]*)=(?P<value>.*)")
# The prefix of the date. `as-of=` is an alias.
_DATE = ("exclude-newer=", "as-of=")
_EXAMPLE = '"python=3.11 tensorflow-cpu==2.16.2 keras==3.4.1 exclude-newer=2024-08-01 TF_USE_LEGACY_KERAS=1"'


@dataclass(frozen=True, kw_only=True)
class InlineEnvironment:
    """A parsed inline environment. Without `as_of`, it is resolved as of the day of its first use."""

    id: str
    python: str
    as_of: dt.datetime | None
    requirements: tuple[str, ...]
    overrides: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    platform: str

    def origin(self, as_of: dt.datetime) -> LockOrigin:
        """Return the input of its resolution."""
        return LockOrigin(
            environment=self.id,
            family=FAMILY,
            package=None,
            version=None,
            python=self.python,
            platform=self.platform,
            as_of=as_of,
            requirements=self.requirements,
            overrides=self.overrides,
        )


def parse_inline_environment(text: str, matrix: Matrix) -> InlineEnvironment:
    """Parse an inline environment. Raise one UsageError that lists all invalid parts.

    Its id is the text with single spaces. A package that provides another one (`provides` in matrix.toml) excludes
    the other one, as in families.
    """
    id = " ".join(text.split())
    problems = Problems()
    python: str | None = None
    as_of: dt.datetime | None = None
    requirements: list[Requirement] = []
    variables: list[tuple[str, str]] = []
    given: set[str] = set()
    if not id.isprintable():
        problems.add("the text", f"has characters that cannot be printed: {id!r}", "Remove them")
    for part in id.split(" "):
        variable = _VARIABLE.fullmatch(part)
        name = "exclude-newer" if part.startswith(_DATE) else part.partition("=")[0]
        if name in given:
            problems.add(part, f"{name}= is given twice", "Remove one")
        if variable or part.startswith(("python=", *_DATE)):
            given.add(name)
        if part.startswith("python="):
            python = _read_python(part, problems)
        elif part.startswith(_DATE):
            as_of = _read_date(part, problems)
        elif variable and not part[len(variable["name"]) + 1 :].startswith("="):
            variables.append((variable["name"], variable["value"]))
        else:
            try:
                requirement = Requirement(part)
            except InvalidRequirement as error:
                problems.add(part, f"is not a requirement, python=, exclude-newer= or VARIABLE=: {first_line(error)}")
                continue
            requirements.append(requirement)
            if requirement.url is not None:
                problems.add(part, "has a URL", "Use a version: packages come from the index")
    if python is None:
        problems.add("python=", "missing", "Add a Python, such as python=3.11")
    if not requirements:
        problems.add("requirements", "missing", "Add at least one package, such as tensorflow-cpu==2.16.2")
    problems.raise_if_any(f"Invalid environment {id!r} (a valid example: {_EXAMPLE})")
    named = {canonicalize_name(each.name) for each in requirements}
    overrides = [given for giver, given in matrix.provides if canonicalize_name(giver) in named]
    return InlineEnvironment(
        id=id,
        python=python or "",
        as_of=as_of,
        requirements=tuple(str(each) for each in requirements),
        overrides=tuple(f"{each} ; sys_platform == 'never'" for each in overrides),
        variables=tuple(variables),
        platform=matrix.platform,
    )


def _read_python(part: str, problems: Problems) -> str | None:
    value = part.partition("=")[2].lstrip("=")
    if re.fullmatch(r"3\.\d+", value):
        return value
    problems.add(part, f"{value!r} is not a Python version", "Write python=3.11")
    return "3.11"


def _read_date(part: str, problems: Problems) -> dt.datetime | None:
    value = part.partition("=")[2].lstrip("=")
    try:
        day = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        problems.add(part, f"{value!r} is not a date", "Write exclude-newer=2024-08-01")
        return None
    return day if day.tzinfo else day.replace(tzinfo=dt.timezone.utc)
