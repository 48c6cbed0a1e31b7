"""Run a data set of bugs through the harness, and write docs/external.md: `nox -s external -- PATH`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from benchmark.external.dataset import read_bugs
from benchmark.external.defects import run_defects
from benchmark.external.figures import document, markdown
from benchmark.external.frameworks import FRAMEWORKS, TENSORFLOW
from benchmark.external.runs import Harness
from benchmark.external.silent import is_clone
from benchmark.external.silent_run import document as silent_document
from benchmark.external.silent_run import markdown as silent_markdown
from benchmark.external.silent_run import run_silent
from benchmark.measurement import notify
from harness.commands.output_files import write_section
from harness.errors import HarnessError
from harness.filesystem.atomic import write_whole
from harness.model import matches_globs
from harness.session import Session

SILENT = Path("benchmark/results/external_silent.json")
PAGE = Path("docs/external.md")


def main() -> int:
    """Run the selected bugs; write the figures if all were selected."""
    parser = argparse.ArgumentParser(prog="nox -s external --", description=__doc__)
    parser.add_argument("path", type=Path, help="a clone of Defects4DLL-Study or SilentBugsInTensorFlowKeras")
    parser.add_argument(
        "--framework",
        choices=[*FRAMEWORKS],
        default=TENSORFLOW.name,
        help="which bugs of Defects4DLL-Study to run (default: %(default)s); pytorch downloads 4 GB",
    )
    parser.add_argument("--only", metavar="GLOBS", help="ids such as tf-33921, comma-separated; writes no file")
    parser.add_argument("--environments", metavar="GLOBS", help="another selection; writes no file")
    parser.add_argument(
        "--no-localisation", action="store_true", help="only reproduce; writes files for --framework pytorch only"
    )
    parser.add_argument(
        "--one-at-a-time",
        action="store_true",
        help="Defects4DLL-Study on a small disk: remove each environment, and its large wheels, before the next one",
    )
    arguments = parser.parse_args()
    try:
        return _run_silent(arguments) if is_clone(arguments.path) else _run(arguments)
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _run(arguments: argparse.Namespace) -> int:
    framework = FRAMEWORKS[arguments.framework]
    every = read_bugs(arguments.path, framework)
    globs = tuple(arguments.only.split(",")) if arguments.only is not None else ("*",)
    bugs = [each for each in every if matches_globs(each.id, globs)]
    if not bugs:
        raise HarnessError(f"--only: {arguments.only} matches no bug", next_step=f"Name ids such as {every[0].id}")
    found = run_defects(
        Harness(session=Session.at(framework.project, os.environ, notify)),
        framework,
        bugs,
        arguments.environments or framework.environments,
        rank=not arguments.no_localisation,
        one_at_a_time=arguments.one_at_a_time,
    )
    text = markdown(framework, found.figures, found.versions)
    sys.stdout.write(text)
    whole = arguments.only is None and arguments.environments is None
    if whole and framework.ranked is not arguments.no_localisation:
        write_whole(framework.measured, json.dumps(document(found.figures), indent=1) + "\n")
        write_section(PAGE, framework.section, text)
    return 0


def _run_silent(arguments: argparse.Namespace) -> int:
    if arguments.framework != TENSORFLOW.name or arguments.one_at_a_time:
        raise HarnessError(
            "--framework pytorch and --one-at-a-time are for Defects4DLL-Study",
            why=f"{arguments.path} is a clone of SilentBugsInTensorFlowKeras",
            next_step="Leave them out",
        )
    harness = Harness(session=Session.at(Path.cwd(), os.environ, notify))
    globs = arguments.only.split(",") if arguments.only is not None else ()
    judged = run_silent(harness, arguments.path, globs, arguments.environments or TENSORFLOW.environments)
    text = silent_markdown(judged)
    sys.stdout.write(text)
    if not globs and arguments.environments is None:
        write_whole(SILENT, json.dumps(silent_document(judged), indent=1) + "\n")
        write_section(PAGE, "silent", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
