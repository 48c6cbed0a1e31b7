"""A scenario as a value: the script, what its header says, and where its stages begin."""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from harness.model.case import Case, Value, write_value
from harness.model.pattern import Pattern

DEFAULT_TIMEOUT_S = 120.0
LONGEST_TIMEOUT_S = 10_000_000
DEFAULT_MEMORY_MIB = 8192
DEFAULT_DISK_MIB = 4096
DEFAULT_PROCESSES = 128  # of 64 MiB: the default memory limit is enough for all of them


@dataclass(frozen=True, kw_only=True)
class Label:
    """A maintainer's explanation of a failure: how to recognise it, a label such as "bug", a note and a link."""

    stage: str | None
    error: Pattern
    label: str
    note: str
    link: str | None = None
    environments: tuple[str, ...] = ()
    expires: dt.date | None = None
    """After this day, `harness check` asks whether the label still holds."""
    cases: tuple[str, ...] = ()
    """Globs of the cases that it can apply to; all cases if empty."""

    def matches(self, *, stage: str | None, error: str, case: Case, environment: str) -> bool:
        """Return True if the label applies to a failure."""
        if self.stage is not None and self.stage != stage:
            return False
        return self.concerns(case, environment) and self.error.found_in(error)

    def concerns(self, case: Case, environment: str) -> bool:
        """Return True if the label can apply to a case in an environment."""
        return matches_globs(environment, self.environments) and matches_globs(str(case), self.cases)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A `# %%` marker: from this line on (1-based), the script is in this stage."""

    line: int
    stage: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """The values of the PEP 723 block of a script; a script without one has the defaults."""

    requires_python: SpecifierSet = field(default_factory=SpecifierSet)
    dependencies: tuple[Requirement, ...] = ()
    issue: str | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    memory_mib: int = DEFAULT_MEMORY_MIB
    disk_mib: int = DEFAULT_DISK_MIB
    processes: int = DEFAULT_PROCESSES
    requires_import: bool = True
    own_process: bool = False
    """Whether it asks never to be run in a fork."""
    variables: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Files and globs, relative to the script, that it reads."""
    data: str | None = None
    """A folder of downloaded data, relative to the script. No part of what identifies the script."""
    args: tuple[str, ...] = ()
    """The arguments of the script: `sys.argv` without its name."""
    stdin: str | None = None
    """Its standard input; None: empty."""
    watch: str | None = None
    """The watch of the header, as in `--watch`. Not a part of the script's identity."""
    factor: float | None = None
    """Of watched durations: how many times longer is a difference, as in `--factor`. No part of it, either."""
    parameters: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    skips: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] = ()
    """Combinations of parameters that are no cases: for each, the globs that its values match."""
    on_request: bool = False
    """Whether it runs only when it is named: by path, --scenarios, --cells, --writers or --readers."""
    labels: tuple[Label, ...] = ()

    @property
    def limits(self) -> dict[str, float]:
        """Its limits, by their names in a script."""
        return {
            "timeout": self.timeout_s,
            "memory": self.memory_mib,
            "disk": self.disk_mib,
            "processes": self.processes,
        }


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that a script reads, with the sha256 of its content."""

    name: str
    """Its path relative to the script, with slashes."""
    digest: str
    path: Path = field(compare=False)
    """The path on this machine. Not a part of its identity."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """One Python file as the worker runs it."""

    file_name: str
    text: str
    code: str
    header: Header
    marks: tuple[Mark, ...]
    parameters_from: int | None
    """The line of the parameters cell's marker (1-based), if the script has such a cell."""
    path: Path | None = field(default=None, compare=False)
    """The path where it was read: missing files may be next to it. Not a part of its identity."""

    files: tuple[File, ...] = ()
    """The files that are copied into its working folder, and next to the script."""

    @cached_property
    def digest(self) -> str:
        """The digest of all in the script that can change an outcome: no labels, title and links.

        The time limit is left out: each attempt records its own, and `Attempt.holds_within` decides what it proves.
        """
        header = self.header
        content = [
            self.code,
            [value for name, value in header.limits.items() if name != "timeout"],
            str(header.requires_python),
            header.requires_import,
            [str(each) for each in header.dependencies],
        ]
        if self.files:
            content.append([[each.name, each.digest] for each in self.files])
        if header.args or header.stdin is not None:
            content.append({"args": header.args, "stdin": header.stdin})
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A script that shows one behaviour that should work; of two steps, if it has a `write` script too."""

    name: str
    subject: str
    path: Path
    title: str
    script: Script
    write: Script | None = None
    external: bool = False
    """Whether it is no scenario of the project: its content identifies it, and its name is only a label."""

    @property
    def label(self) -> str:
        """Its name without a digest."""
        return self.name.partition("~")[0]

    @cached_property
    def identity(self) -> str:
        """The digest of what runs: 64 hex digits."""
        identity = identity_of(self.script.text, self.write.text if self.write is not None else None)
        files = [*(self.write.files if self.write is not None else ()), *self.script.files]
        if not files:
            return identity
        names = [[each.name, each.digest] for each in files]
        return hashlib.sha256(json.dumps([identity, names]).encode()).hexdigest()

    @cached_property
    def digest(self) -> str:
        """The digest of all in its scripts that can change an outcome, as 16 hex digits. See `Script.digest`."""
        digests = [each.digest for each in (self.script, self.write) if each is not None]
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()[:16]

    @property
    def header(self) -> Header:
        """The header that declares the parameters: of a two-step scenario, that of `read.py`."""
        return self.script.header

    def cases(self) -> Iterator[Case]:
        """Yield a case for each combination of parameter values that is not skipped, in the declared order."""
        names = [name for name, _ in self.header.parameters]
        for values in itertools.product(*(values for _, values in self.header.parameters)):
            case = Case(scenario=self.name, parameters=tuple(zip(names, values, strict=True)))
            if not any(self._skips(case, skip) for skip in self.header.skips):
                yield case

    def written_case(self, case: Case) -> Case:
        """Return the case of the first step: with the parameters that write.py declares, or all if it declares none."""
        if self.write is None or not self.write.header.parameters:
            return case
        declared = dict(self.write.header.parameters)
        parameters = tuple((name, value) for name, value in case.parameters if name in declared)
        return Case(scenario=case.scenario, parameters=parameters)

    @staticmethod
    def _skips(case: Case, skip: tuple[tuple[str, tuple[str, ...]], ...]) -> bool:
        return all(matches_globs(write_value(case.values[name]).strip('"'), globs) for name, globs in skip)


def identity_of(text: str, write: str | None = None) -> str:
    """Return the digest that identifies a script by its content; of two steps, by both files."""
    digests = [hashlib.sha256(each.encode("utf-8", "surrogatepass")).hexdigest() for each in (text, write or "")]
    return digests[0] if write is None else identity_of_two(digests[0], digests[1])


def identity_of_two(read: str, write: str) -> str:
    """Return the digest of a two-step script, from the digests of its texts."""
    return hashlib.sha256(f"{read} {write}".encode()).hexdigest()


def matches_globs(name: str, globs: tuple[str, ...]) -> bool:
    """Return True if a name matches a plain glob (or there is none) and no `!` glob.

    Brackets are plain characters, because they are part of the ids of cases.
    """
    wanted = [glob for glob in globs if not glob.startswith("!")]
    unwanted = [glob[1:] for glob in globs if glob.startswith("!")]
    if any(_matches(name, glob) for glob in unwanted):
        return False
    return not wanted or any(_matches(name, glob) for glob in wanted)


def _matches(name: str, glob: str) -> bool:
    return name == glob or fnmatch.fnmatchcase(name, glob.replace("[", "[[]"))
