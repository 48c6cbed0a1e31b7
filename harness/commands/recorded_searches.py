"""Searches that are published with the results: `pinpoint --record` writes them, `report` shows their commits."""

from __future__ import annotations

import json
from pathlib import Path

from harness.commands.output_files import write_file
from harness.errors import UsageError
from harness.filesystem.reading import parse_json
from harness.pinpoint.answers.recorded import recorded
from harness.pinpoint.answers.values import Answer
from harness.rendering.site.content import file_name
from harness.rendering.site.searches import Search, read_search
from harness.session import Session

FOLDER = Path("results", "pinpoint")


def require_recordable(session: Session, *, commits: str | None) -> None:
    """Refuse a search that cannot be recorded, before it begins."""
    session.require_clone("harness pinpoint --record", "Change into a clone, or use --json")
    if commits is not None:
        raise UsageError(
            "--record: a search over --commits has no releases", next_step="Search --versions, with --repository"
        )


def record(session: Session, answer: Answer) -> None:
    """Write the search for `harness report`. The same search replaces an earlier one."""
    name = answer.case.partition("[")[0]
    scenario = next((each for each in session.project.scenarios if each.name == name), None)
    if scenario is None:
        raise UsageError(
            f"--record: {name} is no scenario of this project, so it has no published results",
            next_step="Add the script to scenarios/, and search again: nothing is run twice",
        )
    parts = [answer.case, answer.package, answer.base.id, *([answer.held.environment.id] if answer.held else [])]
    path = FOLDER / f"{file_name(' '.join(parts))}.json"
    write_file(session.root / path, json.dumps(recorded(answer, digest=scenario.digest), indent=1) + "\n")
    session.notify(f"{path.as_posix()}: written; `{session.command} report` shows its commits on the site")


def recorded_searches(session: Session) -> tuple[Search, ...]:
    """Return the recorded searches of the project. Raises UsageError for a file that is none."""
    folder = session.root / FOLDER
    return tuple(_read(path) for path in sorted(folder.glob("*.json"))) if folder.is_dir() else ()


def _read(path: Path) -> Search:
    try:
        return read_search(parse_json(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: is no recorded search",
            why=str(error),
            next_step="Remove it, or write it again with `harness pinpoint ... --record`",
        ) from error
