"""The workflows and their templates: each command is run here, in the same order; posting goes to a fake of the API."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.github.posting import BRANCH
from tests.github import FakeGitHub
from tests.pinpoint.conftest import MATRIX

ROOT = Path(__file__).parents[2]
OURS, TEMPLATES = ROOT / ".github" / "workflows", ROOT / "docs" / "templates"
REFRESH = [OURS / "refresh.yml", TEMPLATES / "refresh.yml"]
REPRO = [OURS / "repro.yml", TEMPLATES / "repro.yml"]
SCRIPT = '''\
# /// script
# dependencies = ["framework"]
# ///
"""It works."""
# %% load
import framework
framework.work()
'''
WORKS = "def work():\n    return 1\n"
BREAKS = "def work():\n    raise ValueError('broken on purpose')\n"
TIERS = MATRIX.replace('default-tier = "all"', 'default-tier = "default"').replace(
    '[tiers.all]\nenvironments = ["*"]', '[tiers.default]\nenvironments = ["framework9.0"]\n[tiers.full]\nenvironments = ["*"]'
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    command: str
    may_fail: bool
    posts: bool


def jobs_of(path):
    """Return the text of each job of a workflow, by its name."""
    parts = re.split(r"(?m)^  (\w+):$", path.read_text(encoding="utf-8").partition("\njobs:\n")[2])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def steps_of(job):
    """Return the steps of a job that run something; all but the installation must be commands of the harness."""
    found = []
    for text in re.split(r"(?m)^      - ", job)[1:]:
        run = re.search(r"(?m)^\s*run: (.+)$", text)
        if run is None or "name: Install" in text:
            continue
        assert re.match(r"(python -m )?harness \w", run[1]), f"no command of the project: {run[1]}"
        found.append(Step(run[1], "continue-on-error: true" in text, "GITHUB_TOKEN: ${{ github.token }}" in text))
    assert found
    return found


def run(playground, step, variables, *, status=0):
    """Run a step as the shell of a job does. Only a step that names the token has it."""
    own = playground.folder / "bin"
    own.mkdir(exist_ok=True)
    for name, arguments in (("python", ""), ("harness", " -m harness")):
        (own / name).write_text(f'#!/bin/sh\nexec {sys.executable}{arguments} "$@"\n')
        (own / name).chmod(0o755)
    environ = {**playground.environ, **variables, "PATH": f"{own}:{os.environ['PATH']}"}
    if not step.posts:
        environ.pop("GITHUB_TOKEN", None)
    done = subprocess.run(
        ["bash", "-e", "-c", step.command], cwd=playground.root, env=environ,
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert step.may_fail or done.returncode == status, f"{step.command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def fake():
    with FakeGitHub().serving() as fake:
        yield fake


@pytest.fixture
def published(playground):
    """A project that was run and published, in a clone that has no attempts."""
    (playground.root / "scenarios" / "works.py").write_text(SCRIPT)
    (playground.root / "matrix.toml").write_text(TIERS)
    playground.releases("framework", {"9.0": WORKS, "9.1": WORKS})
    playground.harness("lock")
    playground.harness("run", "--tier", "full")
    playground.harness("report")
    playground.harness("report", "--tier", "full", "--folder", playground.root / "results" / "full")
    shutil.rmtree(playground.folder / "attempts.sqlite.locks", ignore_errors=True)
    (playground.folder / "attempts.sqlite").unlink()
    return playground


@pytest.mark.parametrize("path", REFRESH, ids=["ours", "template"])
def test_commands_of_the_refresh_open_one_pull_request_and_one_issue(published, fake, path):
    (published.root / ".repositories" / "keras").mkdir(parents=True)
    fake.add({"matrix.toml": TIERS.encode()})
    published.index.add("framework", "9.2", "2024-03-02", BREAKS)
    jobs = jobs_of(path)
    summary = published.folder / "summary.md"
    variables = {**fake.variables, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    for step in steps_of(jobs["refresh"]):
        assert not step.posts, "what runs code has no token"
        run(published, step, variables)
    assert fake.calls == []
    assert "| new failure | `works` |" in summary.read_text(encoding="utf-8")
    for _ in range(2):
        for step in steps_of(jobs["post"]):
            run(published, step, variables)
    (pull,) = fake.pulls
    assert pull["title"] == "New releases: framework9.2"
    (issue,) = fake.issues
    assert issue["title"] == "works fails at load since framework 9.2"
    files = fake.branch(BRANCH)
    assert {"locks/framework/framework9.2.txt", "results/results.json"} <= set(files)
    assert not [each for each in files if "sqlite" in each]


@pytest.mark.parametrize("path", REPRO, ids=["ours", "template"])
def test_commands_of_the_comment_post_one_answer(published, fake, path, tmp_path):
    published.index.add("framework", "9.2", "2024-03-02", BREAKS)
    published.harness("lock")
    body = f"It fails in framework 9.2, and @maintainer should know.\n\n```python\n{BREAKS}\nimport framework\nframework.work()\n```\n"
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"issue": {"number": 7, "title": "work fails", "body": body}}))
    jobs = jobs_of(path)
    variables = {**fake.variables, "GITHUB_EVENT_PATH": str(event)}
    for step in steps_of(jobs["triage"]):
        assert not step.posts, "what runs the code of a stranger has no token"
        run(published, step, variables)
    assert fake.calls == []
    for _ in range(2):
        for step in steps_of(jobs["post"]):
            run(published, step, variables)
    (comment,) = fake.comments[7]
    assert "framework" in comment["body"]
    assert "@maintainer" not in comment["body"]

    # A job that ended without an answer says so, in the place of the one before.
    shutil.rmtree(published.root / "answer")
    for step in steps_of(jobs["post"]):
        run(published, step, variables)
    (comment,) = fake.comments[7]
    assert "could not be answered" in comment["body"]


def test_commands_of_the_check_template(published):
    for step in steps_of(jobs_of(TEMPLATES / "check.yml")["check"]):
        run(published, step, {})
    (published.root / "scenarios" / "works.py").write_text(SCRIPT.replace("framework.work()", "framework.rest()"))
    first, last = steps_of(jobs_of(TEMPLATES / "check.yml")["check"])
    run(published, first, {})
    assert "new failure" in run(published, last, {}, status=1).stdout


@pytest.mark.parametrize("path", REPRO, ids=["ours", "template"])
def test_report_of_a_stranger_runs_without_permissions_and_only_for_members(path):
    text = path.read_text(encoding="utf-8")
    jobs = jobs_of(path)
    assert "\npermissions: {}\n" in text.partition("\njobs:\n")[0]
    assert "permissions: {}" in jobs["triage"]
    for part in (
        "startsWith(github.event.comment.body, '/repro')",
        '["OWNER", "MEMBER", "COLLABORATOR"]',
        "author_association",
    ):
        assert part in jobs["triage"], part
    assert "secrets." not in text
    assert "github.token" not in jobs["triage"]
    # What a stranger wrote is never part of a command.
    assert not re.search(r"run:.*\$\{\{", text)
    assert "triage" not in " ".join(step.command for step in steps_of(jobs["post"]))


@pytest.mark.parametrize(
    "path", [*REFRESH, *REPRO, TEMPLATES / "check.yml"], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_checkouts_keep_no_token(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
