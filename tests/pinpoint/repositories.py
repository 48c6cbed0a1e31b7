"""A throw-away git repository, made of real commits."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class ThrowAwayRepository:
    """A repository of a package `lib`, with commits at given dates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._hours = 0
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments):
        """Run git; give what it prints."""
        self._hours += 1
        date = f"2024-01-{1 + self._hours // 24:02d}T{self._hours % 24:02d}:00:00+0000"
        who = {f"GIT_{role}_{what}": f"someone{'@example.org' if what == 'EMAIL' else ''}"
               for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip
        environ = {
            **os.environ, **who, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date,
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
        }  # fmt: skip
        return subprocess.run(
            ["git", "-C", str(self.folder), *arguments], env=environ, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, title, text=None, *, other=None, tag=None, package="lib"):
        """Commit the package with this text, or another file, or both; give the sha."""
        if text is not None:
            module = self.folder / package / "__init__.py"
            module.parent.mkdir(parents=True, exist_ok=True)
            module.write_text(text)
        (self.folder / (other or "notes.txt")).write_text(title)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", title)
        if tag:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")

    def branch(self, name, at="HEAD"):
        """Begin a branch."""
        self.git("switch", "--quiet", "--create", name, at)

    def switch(self, name):
        """Go to a branch."""
        self.git("switch", "--quiet", name)

    def merge(self, name, title):
        """Merge a branch; give the sha."""
        self.git("merge", "--quiet", "--no-ff", "--strategy-option", "theirs", "--message", title, name)
        return self.git("rev-parse", "HEAD")

    def tag(self, name, sha="HEAD"):
        """Set a tag."""
        self.git("tag", name, sha)
