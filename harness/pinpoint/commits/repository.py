"""A clone of a repository, read-only: tags, lines of commits, source trees. Nothing is fetched."""

from __future__ import annotations

import contextlib
import os
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from harness.errors import UsageError, near_misses
from harness.filesystem.folders import OwnedFolder
from harness.filesystem.shared_files import SharedFiles
from harness.model import Generation, Overlay
from harness.pinpoint.commits.environment import note_commit
from harness.pinpoint.commits.generated_sources import Generator
from harness.pinpoint.commits.moved_folders import Built, complete, digest_of
from harness.process.child import run

SHARED_SOURCES = "sources"
"""The folder of the cache with the files of commits, each once."""
_GIT_S = 300.0
_KEPT_BYTES = 64 << 20
_BEFORE_VERSION = re.compile(r"(?:^|[/_-])(?:version|rel|[vVrR])?[._-]?(?=\d)")
_PULL_REQUEST = re.compile(r"\(#(\d+)\)|^Merge pull request #(\d+)\b")


class GitFailed(Exception):
    """git could not do it; what it said."""


@dataclass(frozen=True, kw_only=True)
class CommitDescription:
    """The description of a commit."""

    sha: str
    title: str
    body: str
    date: str
    parents: tuple[str, ...]

    @property
    def pull_request(self) -> int | None:
        """The number of its pull request, if the title tells."""
        numbers = [one or another for one, another in _PULL_REQUEST.findall(self.title)]
        return int(numbers[-1]) if numbers else None


class Repository:
    """A git repository, bare or not."""

    def __init__(self, folder: Path, *, environ: Mapping[str, str], cache: Path, built: Mapping[str, Built]) -> None:
        self.folder = folder
        self._built = built
        self._cache = cache / "trees"
        self._shared = SharedFiles(cache / SHARED_SOURCES)
        # Leave out variables that point git to another repository. Do not fetch missing objects of a partial clone.
        kept = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
        fixed = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        self._environ = {**kept, **fixed}
        if not folder.is_dir():
            raise UsageError(f"--repository {folder}: there is no such folder", next_step="Clone the repository first")
        try:
            self._git("rev-parse", "--git-dir")
        except GitFailed as error:
            what = f"--repository {folder}: git cannot use it"
            raise UsageError(what, why=str(error), next_step="Name a clone") from error

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        try:
            ended = run(command, env=self._environ, cwd=self.folder, timeout_s=_GIT_S, keep_bytes=_KEPT_BYTES)
        except OSError as error:
            raise UsageError("git could not be started", why=str(error), next_step="Install git") from error
        if ended.status != 0:
            raise GitFailed(ended.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
        return ended.stdout.decode(errors="replace")

    def tags(self) -> list[str]:
        """List all tags."""
        return self._git("tag", "--list").split("\n")[:-1]

    def remotes(self) -> list[tuple[str, str]]:
        """List the remotes, each with its address."""
        try:
            listed = self._git("config", "--get-regexp", r"^remote\..*\.url$")
        except GitFailed:
            return []  # there is none
        lines = (line.partition(" ") for line in listed.splitlines())
        return [(key.removeprefix("remote.").removesuffix(".url"), address) for key, _, address in lines]

    def require_tags(self, package: str, versions: Sequence[str]) -> None:
        """Raise a UsageError if none of these releases has a tag."""
        tags = self.tags()
        wanted = {Version(each) for each in versions}
        if not any(version_of_tag(tag) in wanted for tag in tags):
            close = near_misses(f"v{versions[-1]}", tags) or _some(tags)
            raise UsageError(
                f"--repository {self.folder}: no tag of {package} {versions[0]} to {versions[-1]}",
                why=close,
                next_step="Name a clone of the package's own repository, with its tags",
            )

    def commit_of_release(self, package: str, version: str) -> str:
        """Return the commit of a release's tag, in any usual style of tag names. Raises GitFailed with near misses."""
        tags = self.tags()
        found = [tag for tag in tags if version_of_tag(tag) == Version(version)]
        if not found:
            close = near_misses(f"v{version}", tags)
            raise GitFailed(f"no tag of {package} {version}. {close or _some(tags)}")
        names = package.replace("-", "[-_]")
        best = min(found, key=lambda tag: (not re.search(names, tag, re.IGNORECASE), len(tag)))
        if not any(re.search(names, tag, re.IGNORECASE) for tag in found):
            best = min(found, key=lambda tag: (re.fullmatch(r"[vV]?\d.*", tag) is None, len(tag)))
        return self._git("rev-parse", f"refs/tags/{best}^{{commit}}").strip()

    def commit_named(self, package: str, name: str) -> str:
        """Return the commit that a release, a tag, a branch or a sha names. Raises UsageError."""
        with contextlib.suppress(GitFailed, ValueError):
            return self.commit_of_release(package, str(Version(name)))
        try:
            return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        except GitFailed:
            close = near_misses(name, self.tags()) or _some(self.tags())
            raise UsageError(
                f"--repository {self.folder}: there is no commit {name!r}",
                why=f"It is no release, tag, branch or sha. {close}",
                next_step="Fetch it first, if it is newer than the clone",
            ) from None

    def distance(self, sha: str, paths: Sequence[str]) -> int:
        """Count the commits of a commit's own line that touch the paths, from the beginning on."""
        return int(self._git("rev-list", "--first-parent", "--count", sha, "--", *paths))

    def line(self, base: str, tip: str, paths: Sequence[str]) -> list[str]:
        """List the commits of a tip's own line that a base does not have, oldest first: those that touch the paths."""
        listed = self._git("rev-list", "--first-parent", "--reverse", tip, f"^{base}", "--", *paths)
        return listed.split()

    def merged(self, commit: CommitDescription, paths: Sequence[str]) -> list[str]:
        """List the commits that a merge brings, oldest first: those that touch the paths. None of another commit."""
        if len(commit.parents) < 2:
            return []
        first = commit.parents[0]
        return self._git("rev-list", "--no-merges", "--reverse", commit.sha, f"^{first}", "--", *paths).split()

    def fork_of(self, base: str, tip: str) -> str | None:
        """Return the commit of the tip's own line from which on it has what the base lacks; None if there is none."""
        line = self._git("rev-list", "--first-parent", "--reverse", tip, f"^{base}").split()
        if not line:
            return tip
        parents = self.describe(line[0]).parents
        return parents[0] if parents else None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return True if a commit is in the history of another."""
        return self._git("rev-list", "-n", "1", older, f"^{newer}").strip() == ""

    def describe(self, sha: str) -> CommitDescription:
        """Return the sha, parents, date, title and body of a commit."""
        fields = self._git("show", "-s", "--format=%H%x00%P%x00%cs%x00%s%x00%b", sha).split("\0", 4)
        return CommitDescription(
            sha=fields[0], parents=tuple(fields[1].split()), date=fields[2], title=fields[3], body=fields[4].strip()
        )

    def files_changed(self, commit: CommitDescription) -> tuple[str, ...]:
        """List the files in which a commit differs from its first parent."""
        if not commit.parents:
            return tuple(self._git("ls-tree", "-r", "--name-only", commit.sha).split("\n")[:-1])
        return tuple(self._git("diff", "--name-only", commit.parents[0], commit.sha).split("\n")[:-1])

    def twins(self, commit: CommitDescription) -> tuple[str, ...]:
        """Find other commits with the same title: what was picked from one line to another keeps it."""
        listed = self._git("log", "--all", "--fixed-strings", "--grep", commit.title, "--format=%H%x00%s")
        pairs = [line.partition("\0") for line in listed.splitlines()]
        return tuple(sha for sha, _, title in pairs if title == commit.title and sha != commit.sha)

    def titled(self, titles: Sequence[str], range: str) -> tuple[str, ...]:
        """List the commits of a range `A..B` that have one of these titles, in the order of the titles."""
        listed = self._git("log", "--first-parent", "--format=%H%x00%s", range).splitlines()
        by_title: dict[str, str] = {}
        for line in listed:
            sha, _, title = line.partition("\0")
            by_title[_plain(title)] = sha
        return tuple(dict.fromkeys(by_title[_plain(each)] for each in titles if _plain(each) in by_title))

    def head(self) -> str | None:
        """Return the commit of HEAD, the end of the main line; None if it points nowhere."""
        try:
            return self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
        except GitFailed:
            return None

    def last_before(self, tip: str, base: str, other: str) -> str | None:
        """Return the last commit of a tip's own line after a base that is not later than another commit."""
        date = self._git("show", "-s", "--format=%cI", other).strip()
        found = self._git("rev-list", "--first-parent", "-n", "1", f"--before={date}", tip, f"^{base}").strip()
        return found or None

    def on_default_line(self, sha: str) -> bool:
        """Return True if a commit is in the history of the repository's HEAD."""
        try:
            return self.is_ancestor(sha, "HEAD")
        except GitFailed:
            return True  # a HEAD that points nowhere says nothing

    def place_of(self, commit: str, module: str) -> str | None:
        """Return the path of a module in a commit's tree: its folder or file; None if it is not there."""
        files = self._git("ls-tree", "-r", "--name-only", commit).split("\n")
        folders = {file.rpartition("/")[0] for file in files if file.endswith("/__init__.py")}
        there = folders | set(files)
        for prefix in ("", "src/", "python/", "lib/"):
            for candidate in (f"{prefix}{module}", f"{prefix}{module}.py"):
                if candidate in there:
                    return candidate
        deep = [folder for folder in folders if folder.endswith(f"/{module}")]
        return min(deep, key=len, default=None)

    def has(self, commit: str, path: str) -> bool:
        """Return whether a commit's tree has a file."""
        return bool(self._git("ls-tree", "--name-only", commit, "--", path).strip())

    def overlay(self, commit: str, module: str, *, generator: Generator | None = None) -> Overlay | None:
        """Write a commit's source tree of a module to the cache, once for each tree. Return None if it has none."""
        place = self.place_of(commit, module)
        if place is None:
            return None
        if generator is not None and self._lacks_what_is_generated(commit, place, generator.generation):
            return self._generated(commit, place, module, generator)
        built = self._built.get(module, ())
        digest = digest_of(self._git("rev-parse", f"{commit}:{place}").strip(), built)
        folder = self._cache / digest
        if folder.is_dir():
            with contextlib.suppress(OSError):
                os.utime(folder)  # when it was used last
        else:
            self._export(commit, place, folder, built)
        overlay = Overlay(package=module, folder=folder, digest=digest)
        note_commit(self._cache, commit, overlay)
        return overlay

    def _lacks_what_is_generated(self, commit: str, place: str, generation: Generation) -> bool:
        """Return True if the sources of a commit have to be completed, and can be."""
        inside = set(self._git("ls-tree", "--name-only", f"{commit}:{place}").split("\n"))
        beside = set(self._git("ls-tree", "--name-only", f"{commit}:{place.rpartition('/')[0]}").split("\n"))
        return not inside.intersection(generation.unless) and beside.issuperset(generation.needs)

    def _generated(self, commit: str, place: str, module: str, generator: Generator) -> Overlay:
        """Return a commit's sources with what their build generates. Raises GenerationFailed."""
        parent, _, name = place.rpartition("/")
        names = [name, *generator.generation.needs]
        beside = f"{parent}/" if parent else ""
        sources = [self._git("rev-parse", f"{commit}:{beside}{each}").strip() for each in names]
        digest = generator.digest_of(sources)
        folder = self._cache / digest
        if not folder.is_dir():
            with OwnedFolder(self._cache, ".part-") as temporary:
                self._extract(commit, parent, names, temporary, shared=None)  # the generator may write to them
                generator.run(temporary)
                for each in generator.generation.needs:
                    (temporary / "tree" / each).unlink(missing_ok=True)
                _put(temporary / "tree", folder)
        return Overlay(package=module, folder=folder, digest=digest)

    def _extract(
        self, commit: str, parent: str, names: Sequence[str], temporary: Path, *, shared: SharedFiles | None
    ) -> None:
        archive = temporary / "tree.tar"
        self._git("archive", "--format=tar", f"--output={archive}", f"{commit}:{parent}", *names)
        with tarfile.open(archive) as tar:
            if shared is not None:
                shared.extract(tar, temporary / "tree")
            else:
                tar.extractall(temporary / "tree", filter="data")

    def _export(self, commit: str, place: str, folder: Path, built: Built) -> None:
        parent, _, name = place.rpartition("/")
        with OwnedFolder(self._cache, ".part-") as temporary:
            self._extract(commit, parent, [name], temporary, shared=self._shared)
            complete(temporary / "tree" / name, built)
            _put(temporary / "tree", folder)


def _put(tree: Path, folder: Path) -> None:
    """Move a source tree to its place, unless another process was quicker."""
    try:
        tree.replace(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _plain(title: str) -> str:
    """Return a title without the numbers of pull requests that hosts append to it."""
    return re.sub(r"(\s*\(#\d+\))+$", "", title.strip())


def version_of_tag(tag: str) -> Version | None:
    """Read the version in a tag's name, such as v3.4.1, keras-3.4.1, release/3.4.1 or REL_3_4_1."""
    for before in _BEFORE_VERSION.finditer(tag):
        text = tag[before.end() :]
        for candidate in (text, text.replace("_", ".")):
            with contextlib.suppress(ValueError):
                return Version(candidate)
    return None


def _some(tags: Sequence[str]) -> str:
    if not tags:
        return "The repository has no tags: git fetch --tags brings them"
    return f"Its last tags: {', '.join(tags[-6:])}"
