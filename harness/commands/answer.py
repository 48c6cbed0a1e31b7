"""`harness answer`: print the reply to a report again."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.commands.arguments import CommandOptions, add_choice
from harness.errors import UsageError, near_misses
from harness.session import Session


class AnswerFormat(str, Enum):
    """The formats of an answer."""

    MARKDOWN = "markdown"
    JSON = "json"
    NOTEBOOK = "notebook"

    @property
    def file_name(self) -> str:
        """The name of the file in the folder of the answer."""
        return {"markdown": "answer.md", "json": "answer.json", "notebook": "answer.ipynb"}[self.value]


@dataclass(frozen=True, kw_only=True)
class Options(CommandOptions):
    """The options of `harness answer`."""

    name: str
    format: AnswerFormat


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `harness answer`."""
    parser.add_argument("name", metavar="NAME", help="the name of the file or folder of the report")
    add_choice(parser, "--format", AnswerFormat.MARKDOWN, help="default: markdown")


def execute(session: Session, options: Options) -> int:
    """Print an answer again."""
    folder = answers_folder(session)
    path = folder / options.name / options.format.file_name
    if not path.is_file():
        known = sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
        raise UsageError(
            f"There is no answer {options.name!r}. {near_misses(options.name, known)}".rstrip(),
            next_step=f"Answers: {', '.join(known)}" if known else "Run `harness triage REPORT` first",
        )
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0


def answers_folder(session: Session) -> Path:
    """Return the folder in which the answers of this project are kept."""
    return session.store_path.parent / "answers"
