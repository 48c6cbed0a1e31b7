"""The results of a shard as a folder: attempts as JSON Lines, files that scripts wrote, a manifest with checksums."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import __version__
from harness.errors import HarnessError, UsageError
from harness.execute.artifacts import Artifacts
from harness.execute.sanitize import sanitize
from harness.execute.task import this_platform, worker_digest
from harness.filesystem.atomic import write_whole
from harness.filesystem.folders import OwnedFolder
from harness.filesystem.reading import parse_json
from harness.model import Attempt
from harness.project.script_files import digest_of
from harness.record.json_lines import Row, read_lines, to_line
from harness.record.splits import ShardRun

MANIFEST = "manifest.json"
_ATTEMPTS = "attempts.jsonl"
_ARTIFACTS = "artifacts"
_SCHEMA = 1


def write_results(
    folder: Path, run: ShardRun, attempts: Iterable[Attempt], artifacts: Artifacts, *, project: str
) -> None:
    """Write the results of a shard into an existing folder, the manifest last. Raises OSError."""
    digest, count = hashlib.sha256(), 0
    with (folder / _ATTEMPTS).open("wb") as stream:
        for attempt in attempts:
            line = f"{to_line(attempt)}\n".encode()
            digest.update(line)
            stream.write(line)
            count += 1
            if artifacts.has(attempt.key):
                artifacts.copy_to(attempt.key, folder / _ARTIFACTS / attempt.key)
    manifest = {
        "schema": _SCHEMA,
        "version": __version__,
        "worker": run.worker,
        "platform": this_platform(),
        "project": project,
        "split": run.split,
        "number": run.number,
        "filled": run.filled,
        "shards": run.shards,
        "attempts": count,
        "sha256": digest.hexdigest(),
        "artifacts": _digests(folder / _ARTIFACTS),
    }
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def _digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file below a folder, and the targets of links, by relative path."""
    found = {}
    for top, folders, names in os.walk(folder):
        for name in [*names, *folders]:
            path = Path(top) / name
            if path.is_symlink():
                found[path.relative_to(folder).as_posix()] = f"-> {path.readlink()}"
            elif path.is_file():
                found[path.relative_to(folder).as_posix()] = digest_of(path)
    return dict(sorted(found.items()))


@dataclass(frozen=True, kw_only=True)
class ResultsSource:
    """The results of a shard that ran on another machine. Attempts are checked when they are read."""

    name: str
    folder: Path
    manifest: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> ResultsSource:
        """Read and check the results of a shard. Raises HarnessError."""
        try:
            manifest = parse_json((folder / MANIFEST).read_text(encoding="utf-8"))
            source = cls(name=str(folder), folder=folder, manifest=manifest)
            _ = source.shards, source.projects
            expected = str(manifest["sha256"]), dict(manifest["artifacts"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(folder, f"{MANIFEST}: {type(error).__name__}: {error}") from error
        if manifest["worker"] != worker_digest() or manifest["schema"] != _SCHEMA:
            raise HarnessError(
                f"{folder}: another version of this project made these results",
                why=f"They are of repro-matrix {manifest['version']}, or another state of it; this is {__version__}",
                next_step="Run the shard again with this version. Nothing was merged",
            )
        try:
            if digest_of(folder / _ATTEMPTS) != expected[0]:
                raise _damaged(folder, f"{_ATTEMPTS} is cut off or was changed: its checksum differs from the manifest")
            found = _digests(folder / _ARTIFACTS)
        except OSError as error:
            raise _damaged(folder, str(error)) from error
        if found != expected[1]:
            wrong = min(name for name, _ in found.items() ^ expected[1].items())
            raise _damaged(folder, f"{_ARTIFACTS}/{wrong} is missing or was changed")
        return source

    @property
    def projects(self) -> Sequence[str]:
        """The identity of the project."""
        return [str(self.manifest["project"])]

    @functools.cached_property
    def shards(self) -> Sequence[ShardRun]:
        """The shard."""
        return [
            ShardRun(
                split=str(self.manifest["split"]),
                number=int(self.manifest["number"]),
                filled=int(self.manifest["filled"]),
                shards=int(self.manifest["shards"]),
                version=str(self.manifest["version"]),
                worker=str(self.manifest["worker"]),
            )
        ]

    def rows(self) -> Iterator[Row]:
        """Yield the attempts. Raises HarnessError."""
        count = 0
        try:
            for row in read_lines(self.folder / _ATTEMPTS):
                count += 1
                yield row
        except (OSError, ValueError) as error:
            raise _damaged(self.folder, f"{_ATTEMPTS}: {error}") from error
        if count != self.manifest["attempts"]:
            raise _damaged(self.folder, f"{_ATTEMPTS} has {count} attempts of {self.manifest['attempts']}")

    def keep_artifacts(self, artifacts: Artifacts) -> None:
        """Copy the files that scripts wrote into the cache, without what could harm a reader. Raises OSError."""
        keys = {row[0] for row, _ in self.rows()}
        for source in sorted((self.folder / _ARTIFACTS).glob("*")):
            if source.name in keys and not artifacts.has(source.name):
                with OwnedFolder(artifacts.folder.parent / "runs", "merge-") as scratch:
                    copy = scratch / source.name
                    shutil.copytree(source, copy, symlinks=True)
                    sanitize(copy)
                    artifacts.keep(source.name, copy)


def _damaged(folder: Path, why: str) -> UsageError:
    return UsageError(
        f"{folder}: the results of this shard cannot be used",
        why=why,
        next_step="Copy them again, or run the shard again. Nothing was merged",
    )
