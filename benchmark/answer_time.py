"""Measure the time of an answer to a report, and of `git bisect run` in a clone by hand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.figures import Figure
from benchmark.measurement import Took, measure, measure_harness
from benchmark.speed import Ours
from harness.project.selection import Selection
from harness.session import Session

REPORT = Path("benchmark/early_stopping.md")
GOOD, BAD = "3.10.0", "3.11.0"
"""The releases of Keras between which the report's problem was introduced, as a maintainer must know them to bisect."""
BASE = "keras3.4.1"
"""An environment that exists; git bisect puts the sources of Keras in front of it."""


def is_clone(repository: Path) -> bool:
    """Return whether a folder is a git clone with the tags between which the report is bisected."""
    for version in (GOOD, BAD):
        command = ["git", "-C", str(repository), "rev-parse", "--verify", "--quiet", f"refs/tags/v{version}"]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return False
    return True


def answer_a_report(ours: Ours, folder: Path, repository: Path) -> Iterator[Figure]:
    """Answer a report, first and with all environments built; bisect it by hand; search in a base that is not built."""
    ours.run(Selection(scenarios=("imports",)))  # builds the environments of the default tier
    first = measure_harness(["triage", str(REPORT)], ours.with_store("first-triage.sqlite"))
    yield Figure(
        what="`harness triage` of a report, tier built: builds the reporter's environment, unpacks releases",
        measured=_seconds(first),
    )
    built = ours.with_store("triage.sqlite")
    release = measure_harness(["triage", str(REPORT)], built)
    found = _answer(built)
    yield Figure(
        what="the same with all of these built, no attempts: verdict and release",
        measured=f"{_seconds(release)}; {found['responsible']} {found['introduced']['first']}",
        goal="60 s",
        met=release.wall_s <= 60,
    )
    built = ours.with_store("triage-commit.sqlite")
    commit = measure_harness(["triage", str(REPORT), "--repository", str(repository)], built)
    named = str((_answer(built)["introduced"]["commit"] or {}).get("sha", "none"))
    yield Figure(
        what="the same with the commit",
        measured=f"{_seconds(commit)}; {named[:10]}",
        goal="120 s",
        met=commit.wall_s <= 120,
    )
    yield _by_hand(ours, folder, repository, named, commit)
    unseen = {**os.environ, "HARNESS_CACHE": str(folder / "unseen"), "HARNESS_STORE": str(folder / "unseen.sqlite")}
    script = _write_script(folder)
    typed = ["pinpoint", str(script), "--package", "keras", "--in", BASE, "--repository", str(repository)]
    took = measure_harness(typed, unseen)
    yield Figure(
        what="`harness pinpoint` of all Keras 3 releases with commits, environment not built, packages cached",
        measured=_seconds(took),
        goal="180 s",
        met=took.wall_s <= 180,
    )


def _answer(variables: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the recorded answer of the report."""
    command = [sys.executable, "-m", "harness", "answer", REPORT.stem, "--format", "json"]
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=True)
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def _by_hand(ours: Ours, folder: Path, repository: Path, named: str, our: Took) -> Figure:
    """Bisect between the two releases in a clone, with the Python of an environment that exists."""
    session = Session.at(Path.cwd(), ours.with_store("by-hand.sqlite"), lambda line: None)
    environment = session.project.environment(BASE)
    assert environment is not None, f"there is no {BASE}"
    python = session.provide(environment).python
    script, clone = _write_script(folder), folder / "clone"
    _git(folder, "clone", "--quiet", "--shared", str(repository), str(clone))
    _git(clone, "bisect", "start", f"v{BAD}", f"v{GOOD}")
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = ["git", "bisect", "run", str(python), str(script)]
    took = measure(command, {**plain, "PYTHONPATH": str(clone)}, folder=clone)
    log = _git(clone, "bisect", "log")
    first_bad = re.search(r"# first bad commit: \[([0-9a-f]{40})\]", log)
    theirs = first_bad[1] if first_bad else "none"
    same = "the same commit" if theirs == named else f"another commit, {theirs[:10]}"
    steps = log.count("\ngit bisect good") + log.count("\ngit bisect bad")
    return Figure(
        what=f"`git bisect run` by hand, from Keras {GOOD} (known to pass) to {BAD} (known to fail), {steps} steps",
        measured=f"{_seconds(took)}; {same}; `harness triage`, which also finds these releases, "
        f"took {our.wall_s / took.wall_s:.1f} times as long",
    )


def _write_script(folder: Path) -> Path:
    """Write the code of the report to a file."""
    script = folder / "early_stopping.py"
    code = re.search(r"```python\n(.*?)```", REPORT.read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None, f"{REPORT} has no code"
    script.write_text(code[1], encoding="utf-8")
    return script


def _git(folder: Path, *arguments: str) -> str:
    command: Sequence[str] = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _seconds(took: Took) -> str:
    return f"{took.wall_s:.0f} s ({took.processor_s:.0f} s CPU)"
