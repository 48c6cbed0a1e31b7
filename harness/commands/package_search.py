"""Search over the releases or the commits of one package, from the options to the answer."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.commands.search_subject import pattern_of, watch_of, with_reference
from harness.commands.selected_plan import find_environment
from harness.environments.metadata import github_repository
from harness.errors import UsageError, some_of
from harness.locking.package_index import ReleaseIndex
from harness.model import Case, Environment, Scenario
from harness.model.watch import WatchKind
from harness.pinpoint.answers.values import Answer, Point
from harness.pinpoint.candidates import Candidate, Subject
from harness.pinpoint.commits.github_name import hosted_as
from harness.pinpoint.commits.repository import Repository
from harness.pinpoint.commits.search import CommitSearch, Unanswered
from harness.pinpoint.environments.derived import DerivedEnvironments
from harness.pinpoint.environments.overlaid_releases import Layers
from harness.pinpoint.followed_failure import Following, followed_by
from harness.pinpoint.held_step import Held
from harness.pinpoint.judge import Judge
from harness.pinpoint.prober import Prober
from harness.pinpoint.releases import Releases, Stepper, choose_strategy, fixed_strategy, releases_between
from harness.pinpoint.sequence_search import SequenceResult, SequenceSearch
from harness.pinpoint.suspicious_files.search import FileHints
from harness.rendering.foreign_text import one_line
from harness.search.transitions import State
from harness.session import Session

if TYPE_CHECKING:
    from harness.commands.pinpoint import Options


def search_in(
    session: Session,
    options: Options,
    subject_of: tuple[Scenario, Case],
    base: Environment,
    *,
    held: Held | None = None,
    failing: bool = False,
) -> Answer:
    """Search releases or commits in an environment, with one of two steps held. Raises SearchStopped, HarnessError.

    With `failing`, raises UsageError if the named environment passes.
    """
    scenario, case = subject_of
    following = Following(pattern=pattern_of(options.follow), watch=watch_of(options, scenario))
    if options.expected_in is not None and (following.watch is None or following.hangs):
        what = "a script that ends is expected" if following.hangs else "nothing is watched"
        raise UsageError(f"--expected-in: {what}", next_step="Take it with --watch output, warning or time")
    subject = Subject.of(scenario, case, writer=held.writer if held else None, reader=held.reader if held else None)
    prober = Prober(
        session, subject, jobs=options.jobs, repeat=options.repeat, watch=following.watch, cluster=options.cluster
    )
    search = _Search(
        session=session, options=options, prober=prober, following=following, base=base, held=held, failing=failing
    )
    result = _over_releases(search) if options.commits is None else _over_commits(search, options.commits)
    return Answer(
        case=str(case),
        issue=scenario.header.issue,
        package=result.package,
        base=base,
        searched=result.description,
        complete=result.complete,
        mode=result.mode,
        why=result.why,
        largest_gap=result.sequence.largest_gap,
        points=result.sequence.points,
        found=result.sequence.found,
        probes=len(prober.ran),
        runs=prober.runs,
        named=result.named,
        pattern=following.pattern.pattern if following.pattern else None,
        watch=str(following.watch) if following.watch else None,
        command=f"{session.command} {shlex.join(options.typed)}",
        notes=result.notes,
        unit=result.unit,
        held=held,
        repository=_hosted_as(session, options, prober.installed_folder(base), result.package),
    )


@dataclass(frozen=True, kw_only=True)
class _Search:
    """The input of both kinds of searches."""

    session: Session
    options: Options
    prober: Prober
    following: Following
    base: Environment
    held: Held | None = None
    """The held step of two, if any."""
    failing: bool = False
    """True if the named environment must fail."""


@dataclass(frozen=True, kw_only=True)
class _Result:
    """The result of a search over releases or commits."""

    package: str
    unit: str
    sequence: SequenceResult
    named: Point
    description: str
    complete: bool
    mode: str
    why: str
    notes: tuple[str, ...]


def _over_releases(search: _Search) -> _Result:
    session, options, prober, base = search.session, search.options, search.prober, search.base
    index = ReleaseIndex.configured(session.variables)
    releases = releases_between(index, options.package, options.versions, pre=options.pre, yanked=options.yanked)
    repository = _repository(session, options)
    if repository is not None:
        repository.require_tags(releases.package, releases.versions)
    bounded = options.versions is not None
    derived = DerivedEnvironments(session, index)
    stepper = Stepper(base, releases, derived, session.project.matrix, bounded=bounded)
    releases = stepper.releases
    if not stepper.moves_more and not prober.on_cluster:
        prober.layers = Layers(session, index, releases.package)
        prober.layers.add_host(base)
    strategy = choose_strategy(
        releases,
        options.mode,
        known=None if bounded else stepper.version_in_base,
        cost=stepper.cost(options.jobs, workers=prober.jobs if prober.on_cluster else 0),
    )
    place = _place_of_base(stepper)
    plan, description = strategy.plan, strategy.description
    if place is not None and place not in plan.marks:
        plan, description = plan.including(place), f"{description}, and {releases.versions[place]} that {base.id} has"
    where = f"{releases.package} in {base.id}{search.held.role if search.held is not None else ''}"
    session.notify(f"{prober.case}: {where}: {description}, {', '.join(_ends(releases.versions))}")
    session.notify(f"Mode {strategy.mode}: {strategy.why}.")
    with prober.open():
        following = _with_expected(search)
        judge = Judge(prober, following, releases.package)
        candidate = _candidate_of(base) if place is None else stepper.candidate(place)
        for certain in plan.certain({})[: prober.jobs] if place is not None else ():
            prober.start(stepper.candidate(certain))
        search.session.notify(f"{base.id}: {_named(search, judge, candidate).text}")
        releases_search = SequenceSearch(
            prober,
            judge,
            plan,
            candidate=stepper.candidate,
            name=lambda place: releases.versions[place],
            notify=session.notify,
        )
        sequence = releases_search.run(releases.package)
        named = _named(search, judge, candidate)  # after the search, which may have run it again
        found = sequence.following(_followed(following, named))
        sequence = _with_causes(search, judge, repository, found, hangs=following.hangs)
    newest = sequence.newest
    ends = _ends(releases.versions[sequence.given_up : None if newest is None else newest + 1])
    unseen = _between_releases(sequence) if repository is not None else []
    return _Result(
        package=releases.package,
        unit="release",
        sequence=sequence,
        named=named,
        description=f"{description} of {releases.package}, {' to '.join(ends)}",
        complete=strategy.complete and not sequence.given_up and newest is None,
        mode=strategy.mode,
        why=strategy.why,
        notes=(*_notes(stepper), *_fails_at_import(sequence.points), *_given_up(sequence, releases), *unseen),
    )


def _with_causes(
    search: _Search, judge: Judge, repository: Repository | None, sequence: SequenceResult, *, hangs: bool
) -> SequenceResult:
    """Return the transitions with their commits; without a repository, with suspicious files."""
    prober, notify, found = search.prober, search.session.notify, sequence.found
    if repository is None and (prober.on_cluster or hangs):
        return sequence
    if repository is not None:
        explain = CommitSearch(prober, judge, repository, notify).narrow
    else:
        explain = FileHints(prober, notify).add
    return replace(sequence, found=tuple(prober.side_by_side([partial(explain, each) for each in found])))


def _over_commits(search: _Search, commits: str) -> _Result:
    session, options, prober, base = search.session, search.options, search.prober, search.base
    package = canonicalize_name(options.package)
    repository = _repository(session, options)
    first, dots, last = commits.partition("..")
    if repository is None or not (first and dots and last):
        raise UsageError(
            f"--commits {commits!r} is not a range" if repository else "--commits needs the repository",
            next_step="Write --repository DIR --commits FIRST..LAST, each a release, a tag, a branch or a sha",
        )
    if package not in base.lock.versions:
        raise UsageError(f"--package {package}: {base.id} has no such package")
    ends = [repository.commit_named(package, name) for name in (first, last)]
    with prober.open():
        following = _with_expected(search)
        judge = Judge(prober, following, package)
        commit_search = CommitSearch(prober, judge, repository, session.notify)
        try:
            line = commit_search.line_between(package, base, ends[0], ends[1])
        except Unanswered as error:
            raise UsageError(f"--commits {commits}: cannot be searched", why=str(error)) from error
        strategy = fixed_strategy(len(line.shas), line.offset, options.mode, "commit")
        session.notify(f"{prober.case}: {package} in {base.id}: {strategy.description} from {first} to {last}")
        named = _named(search, judge, _candidate_of(base))
        session.notify(f"{base.id}: {named.text}")
        sequence = line.search(package, strategy.plan).following(_followed(following, named))
    return _Result(
        package=package,
        unit="commit",
        sequence=sequence,
        named=named,
        description=f"{strategy.description} that touch {package} from {first} to {last}",
        complete=strategy.complete,
        mode=strategy.mode,
        why=strategy.why,
        notes=(*((line.note,) if line.note else ()), *_fails_at_import(sequence.points)),
    )


def _place_of_base(stepper: Stepper) -> int | None:
    """Return the place of the release whose environment is the named one itself; None if it is not among them."""
    if stepper.moves_more:
        return None
    wanted = Version(stepper.version_in_base)
    return next((place for place, each in enumerate(stepper.releases.points) if each.version == wanted), None)


def _candidate_of(base: Environment) -> Candidate:
    return Candidate(name=base.id, make=lambda: base)


def _named(search: _Search, judge: Judge, candidate: Candidate) -> Point:
    """Return the result in the named environment: its failure is followed."""
    result = search.prober.result_of(candidate)
    named = Point(name=search.base.id, observation=judge.observe_named(candidate, result), result=result)
    if search.failing and search.held is not None and named.observation.state is State.GOOD:
        raise UsageError(
            f"--both: {search.held.pair(search.base.id)} passes",
            why="the responsible side is that of a pair that fails",
            next_step="Name a writer and a reader that fail together",
        )
    return named


def _with_expected(search: _Search) -> Following:
    """Return the followed failure, with the expected text of the environment of --expected-in. Raises UsageError."""
    following, named = search.following, search.options.expected_in
    right = find_environment(search.session, named) if named is not None else None
    if following.watch is not None and following.watch.kind is WatchKind.TIME:
        return with_reference(following, search.prober, right or search.base, right=right is not None)
    if right is None:
        return following
    shown = search.prober.result_of(_candidate_of(right))
    observation = following.observe(shown.attempts, shown.reason)
    if observation.printed is None:
        why = observation.reason or (shown.attempt.error if shown.attempt else "")
        raise UsageError(f"--expected-in {named}: its attempts print nothing to compare with", why=why)
    search.session.notify(f"Expected, as {named} shows it: {one_line(observation.printed) or '(nothing)'}")
    return replace(following, expected=observation.printed)


def _followed(following: Following, named: Point) -> frozenset[str]:
    return frozenset() if following.pattern is not None else followed_by(named.observation)


def _repository(session: Session, options: Options) -> Repository | None:
    if options.repository is None:
        return None
    return Repository(
        Path(options.repository).absolute(),
        environ=session.variables,
        cache=session.cache,
        built=dict(session.project.matrix.package_dirs),
    )


def _hosted_as(session: Session, options: Options, folder: Path | None, package: str) -> str | None:
    """Return the `owner/name` of the package on GitHub, if its commits are searched; `folder` of the environment."""
    repository = _repository(session, options)
    if repository is None:
        return None
    metadata = github_repository(folder, canonicalize_name(package)) if folder is not None else None
    return hosted_as(metadata, repository.remotes())


def _fails_at_import(points: Sequence[Point]) -> list[str]:
    """Report which points count as failing since the package does not import there, with the followed failure."""
    names = [each.short for each in points if each.fails_at_import]
    if not names:
        return []
    return [f"The package does not import in {some_of(names)}: with the followed failure, so this counts as failing."]


def _between_releases(sequence: SequenceResult) -> list[str]:
    """Report how to search the commits, if no release shows the failure."""
    tested = [point.name for point in sequence.points if point.observation.tested]
    if sequence.found or len(tested) < 2:
        return []
    return [f"Commits between two releases were not searched; --commits {tested[0]}..{tested[-1]} searches them."]


def _ends(versions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((versions[0], versions[-1])))


def _notes(stepper: Stepper) -> list[str]:
    if not stepper.moves_more or stepper.family is None:
        return []
    return [
        f"More than {stepper.releases.package} moved from step to step: each release has the Python, the constraints "
        f"and the dated dependencies of families.{stepper.family.name} in matrix.toml."
    ]


def _given_up(sequence: SequenceResult, releases: Releases) -> list[str]:
    """Return the releases that were not searched, and the reason."""
    notes, newest = [], sequence.newest
    if sequence.given_up:
        tried = [each.name for each in sequence.points if releases.place_of(each.name) <= sequence.given_up]
        notes.append(("before", releases.versions[sequence.given_up], tried))
    if newest is not None:
        tried = [each.name for each in sequence.points if releases.place_of(each.name) >= newest]
        notes.append(("after", releases.versions[newest], tried))
    return [
        f"Releases of {releases.package} {where} {version} were not searched, since none of {', '.join(tried)} could "
        f"be tested; --versions FIRST..LAST searches them."
        for where, version, tried in notes
    ]
