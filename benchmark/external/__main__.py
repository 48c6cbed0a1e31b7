"""Run a data set of bugs through the harness, and write docs/external.md: `nox -s external -- PATH`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.external.dataset import Bug, read_bugs
from benchmark.external.figures import BugFigures, document, markdown, versions_of
from benchmark.external.judging import Result, judge
from benchmark.external.localising import rank_of, ranked_files, traced_script
from benchmark.external.runs import Harness
from benchmark.external.silent import is_clone
from benchmark.external.silent_run import document as silent_document
from benchmark.external.silent_run import markdown as silent_markdown
from benchmark.external.silent_run import run_silent
from benchmark.measured import notify
from harness.commands.output_files import write_section
from harness.errors import HarnessError
from harness.filesystem.atomic import write_whole
from harness.filesystem.folders import OwnedFolder
from harness.model import matches_globs
from harness.pinpoint.tracing import read_trace
from harness.session import Session

ENVIRONMENTS = "old-*,tf2.*,!*-legacy"
MEASURED = Path("benchmark/results/external.json")
SILENT = Path("benchmark/results/external_silent.json")
PAGE = Path("docs/external.md")


def main() -> int:
    """Run the selected bugs; write the figures if all were selected."""
    parser = argparse.ArgumentParser(prog="nox -s external --", description=__doc__)
    parser.add_argument("path", type=Path, help="a clone of Defects4DLL-Study or SilentBugsInTensorFlowKeras")
    parser.add_argument("--only", metavar="GLOBS", help="ids such as tf-33921, comma-separated; writes no file")
    parser.add_argument(
        "--environments", metavar="GLOBS", default=ENVIRONMENTS, help="another selection; writes no file"
    )
    parser.add_argument("--no-localisation", action="store_true", help="only reproduce; writes no file")
    arguments = parser.parse_args()
    try:
        return _run(arguments)
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _run(arguments: argparse.Namespace) -> int:
    if is_clone(arguments.path):
        return _run_silent(arguments)
    bugs = read_bugs(arguments.path)
    if arguments.only is not None:
        bugs = tuple(each for each in bugs if matches_globs(each.id, tuple(arguments.only.split(","))))
        if not bugs:
            raise HarnessError(f"--only: {arguments.only} matches no bug", next_step="Name ids such as tf-33921")
    session = Session.at(Path.cwd(), os.environ, notify)
    harness = Harness(session=session)
    results = {result.bug: result for result in _results(harness, bugs, arguments.environments)}
    ranks = {} if arguments.no_localisation else dict(_ranks(harness, bugs, results))
    figures = [BugFigures.of(results[each.id], symptom=each.symptom, rank=ranks.get(each.id)) for each in bugs]
    text = markdown(figures, versions_of(results.values()))
    sys.stdout.write(text)
    if arguments.only is None and arguments.environments == ENVIRONMENTS and not arguments.no_localisation:
        write_whole(MEASURED, json.dumps(document(figures), indent=1) + "\n")
        write_section(PAGE, "external", text)
    return 0


def _run_silent(arguments: argparse.Namespace) -> int:
    session = Session.at(Path.cwd(), os.environ, notify)
    globs = arguments.only.split(",") if arguments.only is not None else ()
    whole = not globs and arguments.environments == ENVIRONMENTS
    judged = run_silent(Harness(session=session), arguments.path, globs, arguments.environments)
    text = silent_markdown(judged)
    sys.stdout.write(text)
    if whole:
        write_whole(SILENT, json.dumps(silent_document(judged), indent=1) + "\n")
        write_section(PAGE, "silent", text)
    return 0


def _results(harness: Harness, bugs: Sequence[Bug], environments: str) -> Iterator[Result]:
    """Run each script in each environment."""
    cells = harness.run([each.script for each in bugs], environments)
    for bug in bugs:
        yield judge(bug.id, [each for each in cells if each["scenario"] == bug.script.stem], bug.failure)


def _ranks(
    harness: Harness, bugs: Sequence[Bug], results: dict[str, Result]
) -> Iterator[tuple[str, tuple[int | None, int]]]:
    """Trace the script of each fixed bug in the last bad version, and rank the files that the next one changes."""
    fixed = [each for each in bugs if results[each.id].first_good is not None]
    with OwnedFolder(harness.session.cache, "external-") as folder:
        scripts = {each.id: folder / f"{each.id}-traced.py" for each in fixed}
        for bug in fixed:
            scripts[bug.id].write_text(traced_script(bug.script.read_text(encoding="utf-8")), encoding="utf-8")
        places: dict[str, list[Bug]] = {}
        for bug in fixed:
            places.setdefault(str(results[bug.id].last_bad), []).append(bug)
        for environment, members in places.items():
            harness.run([scripts[each.id] for each in members], environment)
            for bug in members:
                shown = harness.show(scripts[bug.id], environment)
                trace = read_trace(shown["stdout"])
                if trace is None:
                    continue
                bad, good = (
                    harness.site_packages(str(each)) for each in (results[bug.id].last_bad, results[bug.id].first_good)
                )
                ranked = ranked_files(bad, good, trace)
                yield bug.id, (rank_of(bug.faulty, ranked), len(ranked))


if __name__ == "__main__":
    sys.exit(main())
