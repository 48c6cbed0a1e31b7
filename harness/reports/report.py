"""The values of a report: scenario, claims, and dropped parts with the reason."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from pathlib import Path

from harness.filesystem.reading import read_text

SCHEMA = 1


class Form(enum.Enum):
    """The form in which a report arrived."""

    MARKDOWN = "issue text"
    NOTEBOOK = "notebook"
    TRANSCRIPT = "transcript"
    SCRIPT = "script"
    TESTS = "test file"
    FOLDER = "folder"
    TEXT = "plain text"
    OTHER = "not a report"


class Says(enum.Enum):
    """The verdict of a claim about a version."""

    WORKS = "works"
    FAILS = "fails"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A line of one of the files of a report; an empty name is the report's own text."""

    line: int
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement about a version. It is checked, and never decides a result."""

    text: str
    place: Place
    says: Says
    package: str
    version: str
    """As the reporter wrote it: `2.14.0`, `3.7`, `nightly`."""
    writer: str = ""
    """The version that wrote the file which this one reads, if the report distinguishes them."""
    commented: bool = False
    """Whether someone else says it in a comment below the report. It is checked, and decides nothing else."""

    @property
    def subject(self) -> str:
        """The package with its version; only `keras-nightly` for a build without a date."""
        without_date = self.version == "nightly" and self.package.endswith("-nightly")
        return self.package if without_date else f"{self.package} {self.version}"


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A part of a report that is not run, and why."""

    place: Place
    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An exception that a report shows."""

    place: Place
    type: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Output:
    """Text that a report shows: what was printed or logged, or what the reporter expected instead."""

    place: Place
    text: str
    role: str
    """`actual`, `expected` or `log`."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting of the reporter's machine: `python`, `os`, `backend`, or a package, and its value."""

    name: str
    value: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class ScenarioFile:
    """A file of the scenario: extracted text, or a file next to the report that is copied."""

    name: str
    text: str | None = None
    source: Path | None = None

    def read(self) -> str:
        """Return its text; empty if it cannot be read as text."""
        if self.text is not None or self.source is None:
            return self.text or ""
        try:
            return read_text(self.source)
        except (OSError, UnicodeDecodeError):
            return ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The content of a report. If it has no scripts, `questions` has the questions to the reporter."""

    name: str
    form: Form
    title: str = ""
    scripts: tuple[ScenarioFile, ...] = ()
    """One script, or `write.py` and `read.py`."""
    companions: tuple[ScenarioFile, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that the reporter set."""
    requirements: tuple[str, ...] = ()
    """The packages that the reporter installed, as arguments of pip."""
    settings: tuple[Setting, ...] = ()
    date: dt.date | None = None
    written_with: tuple[Setting, ...] = ()
    """The versions that wrote the file which the report is about: package and version."""
    claims: tuple[Claim, ...] = ()
    failures: tuple[Failure, ...] = ()
    outputs: tuple[Output, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    decisions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @property
    def runnable(self) -> bool:
        """Return whether there is something to run."""
        return bool(self.scripts)

    @property
    def own_claims(self) -> tuple[Claim, ...]:
        """The claims of the reporter, without those of others in comments."""
        return tuple(each for each in self.claims if not each.commented)

    @property
    def failure(self) -> Failure | None:
        """The exception that the report is about: the last one of the first traceback."""
        return self.failures[0] if self.failures else None

    def setting(self, name: str) -> str | None:
        """Return a setting of the reporter's machine: its first mention."""
        return next((each.value for each in self.settings if each.name == name), None)

    def document(self) -> dict[str, object]:
        """Return the content of report.json."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "form": self.form.value,
            "title": self.title,
            "scripts": [each.name for each in self.scripts],
            "companions": [each.name for each in self.companions],
            "variables": dict(self.variables),
            "requirements": list(self.requirements),
            "settings": [{"name": each.name, "value": each.value, **_place(each.place)} for each in self.settings],
            "date": self.date.isoformat() if self.date else None,
            "written_with": [
                {"package": each.name, "version": each.value, **_place(each.place)} for each in self.written_with
            ],
            "claims": [_claim(each) for each in self.claims],
            "failures": [{"type": each.type, "message": each.message, **_place(each.place)} for each in self.failures],
            "outputs": [{"role": each.role, "text": each.text, **_place(each.place)} for each in self.outputs],
            "dropped": [{**_place(each.place), "text": each.text, "why": each.why} for each in self.dropped],
            "decisions": list(self.decisions),
            "questions": list(self.questions),
        }


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "text": claim.text,
        **_place(claim.place),
        "says": claim.says.value,
        "package": claim.package,
        "version": claim.version,
        "writer": claim.writer or None,
    }


def _place(place: Place) -> dict[str, object]:
    return {"line": place.line, "file": place.file}
