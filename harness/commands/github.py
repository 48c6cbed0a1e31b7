"""`harness github`: what workflows read from GitHub and post there."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.commands.arguments import CommandOptions
from harness.commands.output_files import write_file
from harness.errors import HarnessError, UsageError
from harness.filesystem.reading import parse_json, read_text
from harness.session import Session

_ID = re.compile(r"[0-9a-f]{10}")
_PUBLISHED = "results"
_NOT_PUBLISHED = re.compile(r"results/(attempts\.sqlite|run\.lock|answers/)")
_LONGEST = 1 << 26
_FAILED = "The report could not be answered: the job ended without an answer. Its log says why."


class Action(str, Enum):
    """The next step."""

    REPORT = "report"
    COMMENT = "comment"
    ISSUES = "issues"
    PULL_REQUEST = "pull-request"


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness github`."""

    action: str
    path: str
    answer: str | None
    output: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness github`."""
    parser.add_argument(
        "action",
        choices=[each.value for each in Action],
        help="report: write the issue of an event as a report; comment: post the answer to it; "
        "issues, pull-request: post what `harness refresh` wrote",
    )
    parser.add_argument("path", metavar="EVENT|DIR", help="the file of the event, or the folder of `harness refresh`")
    parser.add_argument("--output", metavar="FILE", help="report: the file to write")
    parser.add_argument("--answer", metavar="FILE", help="comment: the answer in Markdown")


def execute(session: Session, options: Options) -> int:
    """Read from GitHub's event, or post with the token of the job."""
    actions: dict[Action, Callable[[Session, Options], None]] = {
        Action.REPORT: _report,
        Action.COMMENT: _comment,
        Action.ISSUES: _issues,
        Action.PULL_REQUEST: _pull_request,
    }
    actions[Action(options.action)](session, options)
    return 0


def _report(session: Session, options: Options) -> None:
    from harness.github.texts import read_event, report_of

    if options.output is None:
        raise UsageError("--output: no file is named", next_step="Name the file of the report: --output report.md")
    event = read_event(_read(Path(options.path)), options.path)
    write_file(Path(options.output), report_of(event))
    session.notify(f"{options.output}: issue {event['issue']['number']}")


def _comment(session: Session, options: Options) -> None:
    from harness.github.client import GitHub
    from harness.github.posting import post_answer
    from harness.github.texts import read_event

    if options.answer is None:
        raise UsageError("--answer: no file is named", next_step="Name the answer of `harness triage`: --answer FILE")
    event = read_event(_read(Path(options.path)), options.path)
    github = GitHub.configured(session.variables)
    answer = Path(options.answer)
    text = _read(answer) if answer.is_file() else _FAILED
    posted = post_answer(github, int(event["issue"]["number"]), text)
    session.notify(f"{'posted' if posted.new else 'replaced'}: {posted.address}")


def _issues(session: Session, options: Options) -> None:
    from harness.github.client import GitHub
    from harness.github.posting import post_issues
    from harness.github.texts import Titled

    folder = _refresh_folder(options.path) / "issues"
    github = GitHub.configured(session.variables)
    files = sorted(folder.glob("*.md")) if folder.is_dir() else []
    texts = {path.stem: Titled.parse(_read(path), str(path)) for path in files if _ID.fullmatch(path.stem)}
    if not texts:
        session.notify("No new regression: no issue is needed.")
        return
    for id, posted in post_issues(github, texts).items():
        session.notify(f"{id}: {'opened' if posted.new else 'has an issue already'}: {posted.address}")


def _pull_request(session: Session, options: Options) -> None:
    from harness.github.client import GitHub
    from harness.github.posting import post_pull_request
    from harness.github.texts import Titled

    folder = _refresh_folder(options.path)
    github = GitHub.configured(session.variables)
    document = parse_json(_read(folder / "refresh.json"))
    text = Titled.parse(_read(folder / "pull_request.md"), str(folder / "pull_request.md"))
    names = [_inside(session.root, each) for each in document["files"]]
    files = {name: (session.root / name).read_bytes() for name in names}
    for path in sorted((session.root / _PUBLISHED).rglob("*")):
        name = path.relative_to(session.root).as_posix()
        if path.is_file() and not path.is_symlink() and not _NOT_PUBLISHED.match(name):
            files[name] = path.read_bytes()
    deleted = {_inside(session.root, each) for each in document["deleted"]}

    def is_deleted(name: str) -> bool:
        # `report` removed the other published files that are not here: those of a superseded environment.
        outdated = name.startswith(f"{_PUBLISHED}/") and not _NOT_PUBLISHED.match(name)
        return name in deleted or (outdated and not (session.root / name).exists())

    posted = post_pull_request(github, text, files, is_deleted)
    if posted is None:
        session.notify("Nothing differs from the default branch: no pull request is needed.")
    else:
        session.notify(f"{'opened' if posted.new else 'updated'}: {posted.address}")


def _refresh_folder(named: str) -> Path:
    folder = Path(named)
    if not (folder / "refresh.json").is_file():
        raise UsageError(f"{folder}: is no folder of `harness refresh`", next_step="Run `harness refresh` first")
    return folder


def _inside(root: Path, name: str) -> str:
    """Return a path of refresh.json if it is matrix.toml or a lockfile. Raises HarnessError."""
    path = (root / name).resolve()
    if name == "matrix.toml" or path.is_relative_to((root / "locks").resolve()):
        return path.relative_to(root.resolve()).as_posix()
    raise HarnessError(f"refresh.json: {name!r} is neither matrix.toml nor a lockfile")


def _read(path: Path) -> str:
    try:
        return read_text(path, longest=_LONGEST)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read", why=str(error)) from error
