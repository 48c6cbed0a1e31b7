"""In what two environments differ, and those between them: one with some of its members moved to the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.errors import UsageError
from harness.locking.resolution import resolve
from harness.model import Environment, Lock, LockOrigin
from harness.pinpoint.swapped import find_or_resolve
from harness.project.inline_environment import FAMILY
from harness.project.project import environment_of
from harness.session import Session

PYTHON = "python"
_NEVER = "sys_platform == 'never'"


@dataclass(frozen=True, kw_only=True)
class Member:
    """One thing in which two environments differ: a package, the Python, or an environment variable."""

    kind: str
    name: str
    good: str | None
    bad: str | None


def differing_members(good: Environment, bad: Environment) -> tuple[Member, ...]:
    """List in what two environments differ."""
    found: list[Member] = []
    if good.python != bad.python:
        found.append(Member(kind=PYTHON, name=PYTHON, good=good.python, bad=bad.python))
    for kind, one, another in (
        ("variable", dict(good.variables), dict(bad.variables)),
        ("package", dict(good.lock.versions), dict(bad.lock.versions)),
    ):
        found += [
            Member(kind=kind, name=name, good=one.get(name), bad=another.get(name))
            for name in sorted({*one, *another})
            if one.get(name) != another.get(name)
        ]
    return tuple(found)


class Between:
    """Makes environments between a good and a bad one."""

    def __init__(self, session: Session, good: Environment, bad: Environment) -> None:
        if good.lock.origin.platform != bad.lock.origin.platform:
            raise UsageError(f"{good.id} and {bad.id} are for different platforms, and cannot be mixed")
        self._session = session
        self.good = good
        self.bad = bad
        self.members = differing_members(good, bad)

    def name_of(self, moved: Iterable[Member]) -> str:
        """Name such an environment: by what was moved, or if that is most, by what was not."""
        names = {each.name for each in moved}
        left = [each.name for each in self.members if each.name not in names]
        if not left:
            return self.bad.id
        if not names:
            return self.good.id
        if len(left) < len(names):
            return f"{self.bad.id} with {', '.join(left)} of {self.good.id}"
        moved_names = ", ".join(each.name for each in self.members if each.name in names)
        return f"{self.good.id} with {moved_names} of {self.bad.id}"

    def moved(self, members: tuple[Member, ...], *, forced: bool = False) -> Environment:
        """Return the good environment with these moved. Raises Untestable if that cannot be installed.

        `forced` installs also what its packages' own requirements speak against.
        """
        if len(members) == len(self.members):
            return self.bad
        if not members:
            return self.good
        id = self.name_of(members)
        lock = self._lock(members, id, forced=forced)
        variables = tuple(self._values("variable", dict(self.good.variables), members).items())
        made = environment_of(lock, self._session.project.matrix, variables=variables)
        return replace(made, id=id, variables=variables, imports=self.good.imports or self.bad.imports)

    def _values(self, kind: str, good: dict[str, str], members: tuple[Member, ...]) -> dict[str, str]:
        values = dict(good)
        for each in members:
            if each.kind == kind:
                values.pop(each.name, None)
                if each.bad is not None:
                    values[each.name] = each.bad
        return values

    def _lock(self, members: tuple[Member, ...], id: str, *, forced: bool) -> Lock:
        good, bad = self.good.lock, self.bad.lock
        python = next((each.bad for each in members if each.kind == PYTHON), None) or self.good.python
        versions = self._values("package", {str(name): each for name, each in good.versions.items()}, members)
        pins = tuple(f"{name}=={version}" for name, version in versions.items())
        origin = LockOrigin(
            environment=id,
            family=FAMILY,
            package=None,
            version=None,
            python=python,
            platform=good.origin.platform,
            as_of=max(good.origin.as_of, bad.origin.as_of, self._base_date()),
            requirements=pins,
            constraints=self._constraints(versions),
            overrides=tuple(dict.fromkeys([*(pins if forced else ()), *self._overrides(versions)])),
            sources=tuple(sorted({*good.origin.sources, *bad.origin.sources})),
        )
        content = [origin.requirements, origin.constraints, origin.overrides, python, origin.platform]
        lock = find_or_resolve(
            self._session,
            [*content, origin.as_of.isoformat()],
            id,
            lambda: resolve(origin, builds=self._session.builds, stop=self._session.stop),
            kind="between-",
        )
        # What may be swapped in such an environment later asks for packages, not for these versions of them.
        return replace(lock, origin=replace(lock.origin, requirements=tuple(versions), constraints=()))

    def _base_date(self) -> dt.datetime:
        """Return the day of the bases that releases were swapped into, which may be later than the releases."""
        families = [self._session.project.matrix.family(each.family) for each in (self.good, self.bad)]
        days = [each.base.as_of for each in families if each is not None and each.base is not None]
        return max([*days, self.good.lock.origin.as_of])

    def _constraints(self, versions: dict[str, str]) -> tuple[str, ...]:
        """Hold what only one side has to its version there, should another package ask for it."""
        both = {**self.bad.lock.versions, **self.good.lock.versions}
        return tuple(f"{name}=={version}" for name, version in sorted(both.items()) if name not in versions)

    def _overrides(self, versions: dict[str, str]) -> tuple[str, ...]:
        """Keep what the two environments themselves override: what is kept out, and whose bounds are void."""
        found: dict[str, None] = {}
        for text in (*self.good.lock.origin.overrides, *self.bad.lock.origin.overrides):
            name = canonicalize_name(Requirement(text).name)
            if name in versions and _NEVER not in text:
                found[f"{name}=={versions[name]}"] = None
            elif name not in versions:
                found[text] = None
        return tuple(found)
