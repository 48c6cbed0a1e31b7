"""Commits between two tags that may be the cause of a change, where no commit could be run. None of them is tested."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from harness.environments.modules import modules_of
from harness.pinpoint.answers.values import ProvenTransition, Suspect
from harness.pinpoint.commits.repository import CommitDescription, GitFailed, Repository
from harness.pinpoint.prober import Prober

_MOST_SUSPECTS = 20
_SOURCE_FILE = re.compile(r'File "[^"\n]*/(?:site-packages|overlay[^/"\n]*)/([\w/]+\.py)"')


def untested_commits(found: ProvenTransition, prober: Prober, repository: Repository) -> tuple[Suspect, ...]:
    """Return the commits between the two tags that touch a file of the traceback, oldest first; all if they are few."""
    failing = found.after.failing or found.before.failing
    if failing is None or found.flaky:
        return ()
    try:
        last = repository.commit_of_release(found.package, found.before.name)
        first = repository.commit_of_release(found.package, found.after.name)
        files = _files_in(prober.traceback_of(failing), first, repository)
        touching = repository.line(last, first, files) if files else []
        shas = touching or _few_between(found, last, first, prober, repository)
        commits = [each for sha in shas[-_MOST_SUSPECTS:] for each in _in_detail(sha, files, repository)]
    except GitFailed:
        return ()
    return tuple(
        Suspect(
            sha=each.sha,
            title=each.title,
            date=each.date,
            pull_request=each.pull_request,
            in_traceback=bool(touching),
        )
        for each in commits
    )


def _in_detail(sha: str, files: list[str], repository: Repository) -> list[CommitDescription]:
    """Return a commit; of a merge, the commits that it brings and that touch the files: its title says nothing."""
    commit = repository.describe(sha)
    brought = [repository.describe(each) for each in repository.merged(commit, files)] if files else []
    return brought[-_MOST_SUSPECTS:] or [commit]


def _few_between(found: ProvenTransition, last: str, first: str, prober: Prober, repository: Repository) -> list[str]:
    """Return the commits between two tags that touch the package, if they are few: a traceback can be filtered."""
    environment = found.after.environment
    if environment is None:
        return []
    modules = modules_of(prober.folder_of(environment), canonicalize_name(found.package))
    places = [place for each in modules if (place := repository.place_of(first, each)) is not None]
    shas = repository.line(last, first, places) if places else []
    return shas if len(shas) <= _MOST_SUSPECTS else []


def _files_in(traceback: str, commit: str, repository: Repository) -> list[str]:
    """Return the files of a traceback that a commit's tree has, by their paths in the repository."""
    paths = dict.fromkeys(_SOURCE_FILE.findall(traceback))
    found = []
    for path in paths:
        top, _, rest = path.partition("/")
        place = repository.place_of(commit, top.removesuffix(".py"))
        if place is None:
            continue
        # A module that is one file in the wheel may be a folder in the sources, and the reverse.
        # A build may move the sources of a package into a folder of the wheel: keras/src.
        for inside in (rest, rest.partition("/")[2]):
            file = place if place.endswith(".py") else f"{place}/{inside or '__init__.py'}"
            if repository.has(commit, file):
                found.append(file)
                break
    return found
