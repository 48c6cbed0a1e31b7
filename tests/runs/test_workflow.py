"""The workflow that runs the matrix in shards: its commands, run here in the same order, give what one run gives."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.runs.conftest import LIMIT_S, PROJECT
from tests.runs.test_shards import attempts_in, exported, on

WORKFLOW = PROJECT / ".github" / "workflows" / "matrix.yml"


def commands(job):
    """Return the commands of a job that call the harness, or read what it wrote, in order."""
    jobs = re.split(r"(?m)^  (\w+):$", WORKFLOW.read_text(encoding="utf-8").partition("\njobs:\n")[2])
    text = jobs[jobs.index(job) + 1]
    found = re.findall(r"(?m)^\s+(?:run: )?(python (?:-m harness|\.ci/).*)$", text)
    assert found, f"no commands in {job}"
    return found


def bash(machine, command, **variables):
    """Run a command of the workflow in the folder of a machine."""
    done = subprocess.run(
        ["bash", "-e", "-c", command.replace("python ", f"{sys.executable} ", 1)],
        cwd=machine.root, env={**machine.environ(), **variables},
        capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture
def checkout(two_step, tmp_path):
    """Return a function that checks out the project on a new machine."""
    (two_step.root / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci" / "matrix.py", two_step.root / ".ci")

    def make(name):
        root = tmp_path / name
        shutil.copytree(two_step.root, root)
        return replace(two_step, root=root)

    return make


def test_commands_of_the_workflow_give_what_one_run_gives(two_step, checkout, tmp_path):
    variables = {
        "HARNESS_STORE": "results/attempts.sqlite",
        "TIER": "small",
        "SHARDS": "3",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    planner = checkout("planner")
    for command in commands("plan"):
        bash(planner, command, **variables)
    output = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    jobs = json.loads(output["matrix"])["include"]
    assert [each["shard"] for each in jobs] == ["1/3", "2/3", "3/3"]
    assert output["jobs"] == "3"

    results = tmp_path / "artifacts"
    for job in jobs:
        machine = checkout(f"machine-{job['number']}")
        shutil.copytree(planner.root / "shards", machine.root / "shards")
        for command in commands("run"):
            bash(machine, command, **variables, NUMBER=str(job["number"]))
        shutil.move(machine.root / "out", results / f"results-{job['number']}")

    merging = checkout("merging")
    shutil.move(results, merging.root / "out")
    for command in commands("merge"):
        bash(merging, command, **variables)
    whole = on(two_step, "whole")
    whole.run("--tier", "small")
    csv, markdown = exported(whole, "--tier", "small")
    assert (merging.root / "table.csv").read_text() == csv
    assert (tmp_path / "summary.md").read_text() == markdown
    merged = replace(merging, variables={**merging.variables, "HARNESS_STORE": str(merging.store)})
    assert attempts_in(merged) == attempts_in(whole)
