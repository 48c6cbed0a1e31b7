"""Environments derived from others: `tf2.16.2 + keras==3.5.0` replaces a package, `tf2.16.2 + pandas` adds one.

The text before the plus is an environment, or a family of matrix.toml that makes an environment of each release. A
package with `==` is installed at that version, even if other packages require another one. Any other requirement is
added without changing a package of the base. Locks are resolved once and kept in the cache.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.errors import HarnessError, UsageError, first_line
from harness.locking.package_index import ReleaseIndex
from harness.locking.resolution import differences, resolve
from harness.model import Environment, Lock, LockOrigin
from harness.pinpoint.environments.overlaid_releases import lock_with_release
from harness.project.inline_environment import FAMILY
from harness.project.matrix import Family
from harness.project.project import environment_of
from harness.project.selection import CHANGE_SEPARATOR
from harness.session import Session
from harness.uv.failures import FailureKind, UvFailed

_SETTLES_AFTER = dt.timedelta(days=28)
# The release that follows a pre-release comes soon, and its dependencies with it.
_PRERELEASE_SETTLES_AFTER = dt.timedelta(days=1)
_KIND = "swapped-"
"""The prefix of files in the cache of locks; another one would resolve all of them again."""


class Untestable(Exception):
    """An environment of a search is unavailable. The reason is a text for users."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class DerivedId:
    """The id of a derived environment: its base, packages at exact versions, and added requirements."""

    base: str
    versions: tuple[tuple[NormalizedName, str], ...] = ()
    added: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [*(f"{name}=={version}" for name, version in self.versions), *self.added]
        return f"{self.base}{CHANGE_SEPARATOR}{' '.join(parts)}"

    @classmethod
    def parse(cls, text: str) -> DerivedId:
        """Parse an id. Raises UsageError with the invalid part."""
        base, _, changes = " ".join(text.split()).rpartition(CHANGE_SEPARATOR)
        if not base:
            raise UsageError(
                f"{text!r} names no environment", next_step="Write ENVIRONMENT + NAME==VERSION, or ENVIRONMENT + NAME"
            )
        requirements = [read_extra(part, where=repr(text)) for part in changes.split(" ")]
        exact = {canonicalize_name(each.name): version for each in requirements if (version := exact_version(each))}
        added = [str(each) for each in requirements if canonicalize_name(each.name) not in exact]
        return cls(base=base, versions=tuple(exact.items()), added=tuple(dict.fromkeys(added)))


def changes_of(id: str) -> tuple[dict[NormalizedName, str], tuple[str, ...]]:
    """Return the replaced and the added packages of an environment's id, from the innermost base on."""
    if CHANGE_SEPARATOR not in id:
        return {}, ()
    changes = DerivedId.parse(id)
    versions, added = changes_of(changes.base)
    return versions | dict(changes.versions), tuple(dict.fromkeys([*added, *changes.added]))


def read_extra(text: str, *, where: str) -> Requirement:
    """Read a package that is added to an environment or replaced in it. Raises UsageError."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(
            f"{where}: {text!r} is not a requirement",
            why=first_line(error),
            next_step="Write NAME, NAME==VERSION or NAME>=VERSION, without blanks",
        ) from None
    if requirement.url is not None or requirement.marker is not None:
        raise UsageError(
            f"{where}: {text!r} has an address or a marker", next_step="Name the package and its version only"
        )
    return requirement


def exact_version(requirement: Requirement) -> str | None:
    """Return the version of `NAME==VERSION`, None for any other requirement. Extras are only kept when added."""
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or requirement.extras:
        return None
    (specifier,) = specifiers
    return specifier.version if specifier.operator == "==" and "*" not in specifier.version else None


class DerivedEnvironments:
    """Derives environments, for one call of the command line."""

    def __init__(self, session: Session, index: ReleaseIndex) -> None:
        self._session = session
        self._index = index
        self._now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)

    def derive(
        self, base: Environment, versions: Mapping[NormalizedName, str], added: Sequence[str] = ()
    ) -> Environment:
        """Return a base with some packages at other versions and some added. Raises Untestable.

        With nothing but additions, every package of the base keeps its version. With other versions, the rest keeps
        its versions as far as these allow.
        """
        id = str(DerivedId(base=base.id, versions=tuple(versions.items()), added=tuple(added)))
        base = self._as_of_its_base(base)
        origin = _derived_origin(base.lock.origin, versions, id, added)
        lock = None if added else self._with_nothing_moved(base, versions, origin)
        if lock is None:
            content = [base.lock.fingerprint, origin.requirements, origin.constraints, origin.overrides]
            lock = find_or_resolve(
                self._session,
                [*content, origin.platform, base.lock.origin.as_of.isoformat()],
                id,
                lambda: self._resolve_derived(origin, base.lock, versions, added=added),
            )
        _refuse_new_sources(lock, base.lock)
        made = environment_of(lock, self._session.project.matrix, variables=base.variables)
        return replace(made, variables=base.variables, imports=base.imports)

    def _with_nothing_moved(
        self, base: Environment, versions: Mapping[NormalizedName, str], origin: LockOrigin
    ) -> Lock | None:
        """Return the lock with one package replaced and no other change; None if another package has to change."""
        if len(versions) != 1:
            return None
        ((name, version),) = versions.items()
        lock = lock_with_release(self._session, self._index, base, name, version)
        return None if lock is None else replace(lock, origin=replace(origin, as_of=base.lock.origin.as_of))

    def known(self, id: str) -> Environment | None:
        """Return an environment of the matrix."""
        return self._session.project.environment(id)

    def of_family(self, family: Family, version: Version) -> Environment:
        """Return a family's environment of any release, as if the matrix asked for it. Raises Untestable."""
        matrix = self._session.project.matrix
        id = family.environment_id(version)
        known = self.known(id)
        if known is not None:
            return known
        if family.python_for(version) is None:
            raise Untestable(f"matrix.toml names no Python for {family.package} {version} (families.{family.name})")
        as_of = self._settled_date(canonicalize_name(family.package), str(version))
        if family.days_after_release is None:
            as_of = self._now.replace(hour=0, minute=0, second=0)
        origin = family.origin_of(version, as_of=as_of, platform=matrix.platform)
        id = str(DerivedId(base=family.name, versions=((canonicalize_name(family.package), str(version)),)))
        origin = replace(origin, environment=id)
        content = [origin.python, origin.requirements, origin.constraints, origin.overrides, origin.platform]
        lock = find_or_resolve(
            self._session,
            [*content, as_of.isoformat()],
            id,
            lambda: resolve(origin, builds=self._session.builds, stop=self._session.stop),
        )
        return replace(environment_of(lock, matrix, family), id=id)

    def _as_of_its_base(self, environment: Environment) -> Environment:
        """Return an environment over a fixed base with the date of that base: its packages are of that day."""
        origin = environment.lock.origin
        family = self._session.project.matrix.family(environment.family)
        if family is None or family.base is None or origin.as_of >= family.base.as_of:
            return environment
        return replace(environment, lock=replace(environment.lock, origin=replace(origin, as_of=family.base.as_of)))

    def _resolve_derived(
        self, origin: LockOrigin, base: Lock, versions: Mapping[NormalizedName, str], *, added: Sequence[str]
    ) -> Lock:
        """Resolve, and note which other packages moved. Raises UvFailed, Untestable."""
        dates = {str(name): self._settled_date(name, version) for name, version in versions.items()}
        before = {str(name): version for name, version in base.versions.items()}
        prefer = {name: version for name, version in before.items() if canonicalize_name(name) not in versions}
        lock = self._resolve_near(origin, base, dates, prefer, added=added)
        after = {str(name): version for name, version in lock.versions.items()}
        moved = [line for line in differences(before, after, but="") if line.split(" ")[0] not in versions]
        return replace(lock, origin=replace(lock.origin, moved=tuple(moved)))

    def _resolve_near(
        self,
        origin: LockOrigin,
        base: Lock,
        dates: Mapping[str, dt.datetime],
        prefer: Mapping[str, str],
        *,
        added: Sequence[str],
    ) -> Lock:
        """Resolve as of the base's date; if that fails and a version is replaced, as of a later date for everything."""
        resolve_near = partial(
            resolve, builds=self._session.builds, prefer=prefer, built_as_in=base, stop=self._session.stop
        )
        held = replace(origin, as_of=base.origin.as_of)
        later = max([*dates.values(), held.as_of])
        if added:
            pins = tuple(f"{name}=={version}" for name, version in prefer.items())
            fixed = replace(held, constraints=(*held.constraints, *pins))
            try:
                return replace_origin(resolve_near(fixed, dates=dates), held)
            except UvFailed as error:
                if not dates or error.kind is not FailureKind.CONFLICT:
                    raise
        try:
            return resolve_near(held, dates=dates)
        except UvFailed as error:
            if error.kind not in (FailureKind.CONFLICT, FailureKind.NO_WHEEL) or later == held.as_of:
                raise
        return resolve_near(replace(held, as_of=later))

    def _settled_date(self, name: NormalizedName, version: str) -> dt.datetime:
        """Return the date as of which a release counts: some weeks after it, when its wheels are all there."""
        wanted = Version(version)
        for release in self._index.releases(name, every=True):
            if release.version == wanted:
                date = release.date or self._now
                settles = _PRERELEASE_SETTLES_AFTER if wanted.is_prerelease else _SETTLES_AFTER
                return min(date.replace(microsecond=0) + settles, self._now)
        raise Untestable(f"the package index has no {name} {version}")


def find_or_resolve(
    session: Session, content: Sequence[object], id: str, resolve: Callable[[], Lock], *, kind: str = _KIND
) -> Lock:
    """Return a lock of the cache, or resolve it. Raises Untestable if it can never be resolved, UvFailed for now."""
    try:
        return session.locks.find_or_resolve(content, id, resolve, kind=kind)
    except UvFailed as error:
        if not error.kind.conclusive:
            raise
        raise Untestable(error.summary) from error


def read_derived(session: Session, text: str, base: Environment | None) -> Environment:
    """Return the environment with a derived id. Without a base, the id begins with the name of a family."""
    id = DerivedId.parse(text)
    made = DerivedEnvironments(session, ReleaseIndex.configured(session.variables))
    try:
        if base is not None:
            return made.derive(base, dict(id.versions), id.added)
        family = session.project.matrix.family(id.base)
        if family is None or len(id.versions) != 1 or id.added:
            raise UsageError(f"{text!r}: {id.base!r} is neither an environment nor a family of matrix.toml")
        return made.of_family(family, Version(id.versions[0][1]))
    except InvalidVersion as error:
        raise UsageError(f"{text!r} is not valid", why=str(error)) from None
    except Untestable as error:
        raise HarnessError(f"{text}: not available", why=error.reason) from None


def replace_origin(lock: Lock, origin: LockOrigin) -> Lock:
    """Return a lock whose origin has other constraints than it was resolved with, and the same sources."""
    return replace(lock, origin=replace(origin, sources=lock.origin.sources))


def _derived_origin(
    origin: LockOrigin, versions: Mapping[NormalizedName, str], id: str, added: Sequence[str] = ()
) -> LockOrigin:
    """Return the input of a resolution: the base's requirements, the exact versions as overrides, and the additions."""
    pins = tuple(f"{name}=={version}" for name, version in versions.items())
    return replace(
        origin,
        environment=id,
        family=FAMILY,
        package=",".join(versions) or ",".join(canonicalize_name(Requirement(each).name) for each in added),
        version=",".join(versions.values()),
        requirements=(*_without(origin.requirements, versions), *pins, *added),
        constraints=_without(origin.constraints, versions),
        # Bounds of other packages are often too narrow: only a failed installation is a conflict.
        overrides=(*_without(origin.overrides, versions), *pins),
        base=origin.environment,
        moved=(),
    )


def _without(requirements: tuple[str, ...], versions: Mapping[NormalizedName, str]) -> tuple[str, ...]:
    return tuple(each for each in requirements if canonicalize_name(Requirement(each).name) not in versions)


def _refuse_new_sources(lock: Lock, base: Lock) -> None:
    """Raise Untestable for a package without a wheel: tools of today would build it, and the result proves nothing."""
    known = {canonicalize_name(each) for each in base.origin.sources}
    lacking = [each for each in lock.origin.sources if canonicalize_name(each) not in known]
    if lacking:
        raise Untestable(f"no wheel of {', '.join(lacking)} for Python {lock.origin.python}")
