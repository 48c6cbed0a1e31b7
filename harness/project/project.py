"""Read a project: matrix.toml, locks/ and scenarios/. Report all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.errors import Problems, UsageError
from harness.model import Environment, Lock, Scenario, matches_globs
from harness.project.lock_file import read_lock
from harness.project.matrix import FILE, Exclusion, Family, Matrix
from harness.project.matrix_file import read_matrix_noting
from harness.project.script import read_scenario


@dataclass(frozen=True, kw_only=True)
class Project:
    """The matrix, environments and scenarios of a project."""

    root: Path
    matrix: Matrix
    environments: tuple[Environment, ...]
    scenarios: tuple[Scenario, ...]
    notices: tuple[str, ...] = ()

    def environment(self, id: str) -> Environment | None:
        """Return the environment with this id, or None."""
        return next((each for each in self.environments if each.id == id), None)

    def release_before(self, environment: Environment) -> Environment | None:
        """Return the environment of the previous release, if the family covers every final release; else None."""
        family = self.matrix.family(environment.family)
        if family is None or not family.has_every_release:
            return None
        members = [each for each in self.environments if each.family == family.name]
        places = [place for place, each in enumerate(members) if each.id == environment.id and place]
        before = members[places[0] - 1] if places else None
        # Of pre-releases not every one has an environment.
        if before is None or any(
            Version(each.lock.origin.version or "0").is_prerelease for each in (before, environment)
        ):
            return None
        return before


def read_project(root: Path) -> Project:
    """Read a project. Raise one UsageError that lists all problems in matrix.toml, scenarios and locks."""
    problems = Problems()
    matrix = read_matrix_noting(root / FILE, problems)
    usable = matrix is not None and not problems
    scenarios = read_scenarios(root / "scenarios", problems)
    locks = _read_locks(root / "locks", problems)
    # With an invalid matrix.toml, each lock would only cause a second problem.
    environments, notices = _environments(locks, matrix, problems) if matrix and usable else ((), [])
    problems.raise_if_any("The project cannot be used")
    assert matrix is not None
    notices = [*problems.deprecations, *notices, *_unmatched_exclusions(matrix.exclusions, scenarios, environments)]
    return Project(root=root, matrix=matrix, environments=environments, scenarios=scenarios, notices=tuple(notices))


def read_scenarios(folder: Path, problems: Problems) -> tuple[Scenario, ...]:
    """Read all scenarios in a folder, ordered by subject and name. Names must be unique across subjects."""
    scenarios: dict[str, Scenario] = {}
    for path in sorted(_scenario_paths(folder)):
        subject = path.parent.relative_to(folder).as_posix()
        scenario = read_scenario(path, subject="" if subject == "." else subject, problems=problems)
        if scenario is None:
            continue
        if scenario.name in scenarios:
            problems.add(
                str(path), f"{scenarios[scenario.name].path} has the same name {scenario.name!r}", "Rename one of them"
            )
        scenarios.setdefault(scenario.name, scenario)
    return tuple(scenarios.values())


def _scenario_paths(folder: Path) -> list[Path]:
    two_step = {path.parent for path in folder.rglob("read.py") if (path.parent / "write.py").exists()}
    single = {path for path in folder.rglob("*.py") if not any(parent in two_step for parent in path.parents)}
    return [path for path in single | two_step if "__pycache__" not in path.parts]


def _read_locks(folder: Path, problems: Problems) -> dict[Path, Lock]:
    locks = {}
    for path in sorted(folder.rglob("*.txt")):
        try:
            locks[path] = read_lock(path)
        except UsageError as error:
            problems.add(str(path), " ".join(str(error).split()).removeprefix(f"{path}: ").rstrip("."))
    return locks


def _environments(
    locks: Mapping[Path, Lock], matrix: Matrix, problems: Problems
) -> tuple[tuple[Environment, ...], list[str]]:
    environments: dict[str, Environment] = {}
    first: dict[str, Path] = {}
    stale: list[str] = []
    for path, lock in locks.items():
        if lock.origin.version is None:
            continue  # the base of a family: no cell runs in it
        family = matrix.family(lock.origin.family)
        id = lock.origin.environment
        if family is None:
            problems.add(
                str(path), f"its family {lock.origin.family!r} is not in {FILE}", "Delete it, or add the family"
            )
        elif id != path.stem:
            problems.add(str(path), f"is the lock of {id!r}", f"Run `harness lock {path.stem}`")
        elif id in environments:
            problems.add(str(path), f"{first[id]} has the same id {id!r}", "Delete one of them")
        else:
            first[id] = path
            environments[id] = environment_of(lock, matrix, family)
            if _is_stale(lock, family):
                stale.append(id)
    order = {family.name: number for number, family in enumerate(matrix.families)}
    ordered = sorted(
        environments.values(), key=lambda each: (order[each.family], Version(each.lock.origin.version or "0"))
    )
    return tuple(ordered), _stale_notices(stale)


def _stale_notices(stale: list[str]) -> list[str]:
    if not stale:
        return []
    named = ", ".join(stale[:3]) + (f" and {len(stale) - 3} more" if len(stale) > 3 else "")
    return [f"These locks do not match {FILE}: {named}. Run `harness lock`."]


def _unmatched_exclusions(
    exclusions: Iterable[Exclusion], scenarios: Iterable[Scenario], environments: Iterable[Environment]
) -> list[str]:
    """Report globs of exclusions without a match: the cell that they should exclude is run."""
    known = {"environment": [each.id for each in environments], "scenario": [each.name for each in scenarios]}
    return [
        f"{FILE}: exclude[{number}]: {glob!r} matches no {kind}. Correct or remove it."
        for number, each in enumerate(exclusions, start=1)
        for kind, globs in (("environment", each.environments), ("scenario", each.scenarios))
        for glob in globs
        if not any(matches_globs(name, (glob.removeprefix("!"),)) for name in known[kind])
    ]


def environment_of(
    lock: Lock, matrix: Matrix, family: Family | None = None, variables: tuple[tuple[str, str], ...] = ()
) -> Environment:
    """Return the environment of a lock with the settings of its family, or with `variables` if it has no family.

    Import only modules whose package is in the lock.
    """
    names: set[str] = set(lock.versions)
    names |= {canonicalize_name(given) for giver, given in matrix.provides if canonicalize_name(giver) in names}

    def has(module: str) -> bool:
        return bool({canonicalize_name(module), canonicalize_name(matrix.package_of(module))} & names)

    imports = family.imports if family else matrix.imports
    return Environment(
        id=lock.origin.environment,
        family=lock.origin.family,
        lock=lock,
        variables=family.variables if family else tuple({**dict(matrix.variables), **dict(variables)}.items()),
        imports=tuple(filter(has, imports)),
        preload=tuple(filter(has, matrix.preload)),
        touch=matrix.touch,
        prepare=tuple(each for each in matrix.prepare if has(each.module)),
        provides=matrix.provides,
        settings=matrix.settings,
        tiers=matrix.tiers_of(lock.origin.environment) if family else frozenset(),
    )


def _is_stale(lock: Lock, family: Family) -> bool:
    origin = lock.origin
    if origin.version is None or family.python_for(Version(origin.version)) is None:
        return True
    wanted = family.origin_of(Version(origin.version), as_of=origin.as_of, platform=origin.platform)
    return (wanted.python, wanted.requirements, wanted.constraints, wanted.overrides) != (
        origin.python,
        origin.requirements,
        origin.constraints,
        origin.overrides,
    )
