"""Write what was read in a report as a folder: the scenario, the files that it needs, and report.json."""

from __future__ import annotations

import glob
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.project.header_text import with_keys
from harness.project.inline_metadata import find_block
from harness.reports.attachments import LARGEST
from harness.reports.report import Report, ScenarioFile

DOCUMENT = "report.json"


def write_report(report: Report, folder: Path) -> Path | None:
    """Write a report's folder, and return the path of its scenario: a script or the folder of two steps; None without.

    Raises UsageError if the folder cannot be written, or the files are too large.
    """
    sizes = [each.source.stat().st_size for each in report.companions if each.source is not None]
    if sum(sizes) > LARGEST:
        raise UsageError(
            f"{report.name}: the files next to the report have {sum(sizes) >> 20} MiB",
            why=f"At most {LARGEST >> 20} MiB are copied", next_step="Remove the files that the script does not need",
        )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = [each.name for each in report.companions]
        for script in report.scripts:
            _write(replace(script, text=with_files(script.text or "", names)), folder)
        for each in report.companions:
            _write(each, folder)
        text = json.dumps(report.document(), indent=1, ensure_ascii=False)
        (folder / DOCUMENT).write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written", why=str(error)) from error
    if not report.scripts:
        return None
    return folder if len(report.scripts) > 1 else folder / report.scripts[0].name


def with_files(text: str, names: Sequence[str]) -> str:
    """Return a script whose header names the files that it needs; one that names files stays."""
    try:
        block = find_block(text, "script")
        named = block is not None and "files" in block[0].get("tool", {}).get("harness", {})
        return text if named or not names else with_keys(text, {"files": [glob.escape(each) for each in names]})
    except ValueError:
        return text  # the error is reported when the header is read


def _write(file: ScenarioFile, folder: Path) -> None:
    path = folder / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.source is not None:
        shutil.copyfile(file.source, path)
    else:
        path.write_text(file.text or "", encoding="utf-8", errors="backslashreplace", newline="\n")
