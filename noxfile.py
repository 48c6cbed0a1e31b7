# /// script
# dependencies = ["nox[uv]>=2026.8.10"]
# ///
"""The nox sessions. `nox` runs the default matrix and prints the table; `nox --list` shows all sessions."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nox

nox.needs_version = ">=2026.8.10"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["matrix"]

LOCKS = sorted(
    (path for path in Path(__file__).parent.glob("locks/*/*.txt") if not path.stem.endswith("-base")),
    key=lambda path: (path.parent.name, [int(number) for number in re.findall(r"\d+", path.stem)]),
)
ENVIRONMENTS = [nox.param(path.stem, id=path.stem, tags=[path.parent.name]) for path in LOCKS]

# One worker more than there are cores: tests often wait for processes that sleep or time out.
IN_PARALLEL = ("-n", str(min(4, (os.cpu_count() or 1) + 1)), "--dist", "loadfile")

GROUPS = ("harness", "tests", "benchmark", "checks", "docs", "audit", "fuzz")


@nox.session
def matrix(session: nox.Session) -> None:
    """Run the default tier, or a selection after --, and print the table."""
    _harness(session, "run", *session.posargs)


@nox.session(allow_parallel=True)
@nox.parametrize("environment", ENVIRONMENTS)
def repro(session: nox.Session, environment: str) -> None:
    """Run all scenarios, or a selection after --, in one environment."""
    _harness(session, "run", "--environments", environment, *session.posargs)


@nox.session
def harness(session: nox.Session) -> None:
    """Run any command of the command line: nox -s harness -- show CELL."""
    _harness(session, *session.posargs)


@nox.session
def triage(session: nox.Session) -> None:
    """Answer a bug report: nox -s triage -- REPORT, or - for standard input."""
    _harness(session, "triage", *session.posargs)


@nox.session
def pinpoint(session: nox.Session) -> None:
    """Find the releases and commits of a bug: nox -s pinpoint -- SCENARIO --package NAME --in ENVIRONMENT."""
    _harness(session, "pinpoint", *session.posargs)


@nox.session
def blame(session: nox.Session) -> None:
    """Find the package that causes a failure: nox -s blame -- SCENARIO --good ENVIRONMENT --bad ENVIRONMENT."""
    _harness(session, "blame", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Update the locks of matrix.toml: nox -s lock -- [GLOB ...] [--upgrade]."""
    _harness(session, "lock", *session.posargs)


@nox.session
def report(session: nox.Session) -> None:
    """Write the published files of results/."""
    _harness(session, "report", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; use -- -m "not slow" for the quick ones, -- -n0 for one process."""
    _install(session, "tests")
    session.run("python", "-m", "pytest", *IN_PARALLEL, *session.posargs)


@nox.session
def answers(session: nox.Session) -> None:
    """Answer whole bug reports in real environments, and compare with the known answers: nox -s answers -- -k NAME."""
    _install(session, "tests")
    session.run("python", "-m", "pytest", "-m", "answers", "tests/tensorflow", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Report the coverage of the quick tests, or of a selection after --."""
    _install(session, "tests")
    selection = session.posargs or ["-m", "not slow"]
    session.run("python", "-m", "pytest", "--cov=harness", "--cov-branch", "--cov-report=term:skip-covered", *selection)


@nox.session
def faults(session: nox.Session) -> None:
    """Inject a thousand faults into runs and write the results; use -- --kills N, --only NAME for fewer."""
    _install(session, "tests")
    session.run("python", "-m", "tests.faults", *session.posargs)


@nox.session(python="3.12")
def fuzz(session: nox.Session) -> None:
    """Fuzz the parsers, guided by coverage: nox -s fuzz -- TARGET --seconds N."""
    _install(session, "fuzz")
    session.run("python", "-m", "tests.fuzz.coverage_guided", *session.posargs)


@nox.session
def benchmark(session: nox.Session) -> None:
    """Compare the speed with a plain noxfile, and write docs/performance.md; -- --whole for the default tier."""
    _install(session, "benchmark")
    session.run("python", "-m", "benchmark", *session.posargs)


@nox.session
def scale(session: nox.Session) -> None:
    """Measure and simulate clusters, and write docs/many_machines.md; -- --only workers, coordinator or million."""
    _install(session, "tests")
    session.run("python", "-m", "benchmark.scale", *session.posargs)


@nox.session
def external(session: nox.Session) -> None:
    """Run a data set of real bugs that others made, and write docs/external.md: nox -s external -- PATH."""
    _install(session, "benchmark")
    session.run("python", "-m", "benchmark.external", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style, prose and the files of .github/."""
    _install(session, "checks")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("python", ".ci/prose.py")
    session.run("python", ".ci/workflows.py")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site; a warning is an error."""
    _install(session, "docs")
    session.run("sphinx-build", "--quiet", "--fail-on-warning", "--fresh-env", "docs", "docs/_build")


@nox.session
def reference(session: nox.Session) -> None:
    """Write docs/cli.md from the parsers of the command line."""
    _install(session, "harness")
    session.run("python", ".ci/reference.py")


@nox.session
def pictures(session: nox.Session) -> None:
    """Take the picture of the site for the README; needs Chromium."""
    _install(session, "tests")
    session.run("python", ".ci/pictures.py")


@nox.session
def audit(session: nox.Session) -> None:
    """Check the dependencies for known vulnerabilities; -- --allow-unreachable passes without the database."""
    _install(session, "audit")
    session.run("python", ".ci/audit.py", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    _install(session, "checks")
    session.run("mypy")


@nox.session
def requirements(session: nox.Session) -> None:
    """Lock the dependencies of the project; -- --upgrade for newer versions."""
    for group, python in (dict.fromkeys(GROUPS, "3.10") | {"fuzz": "3.12"}).items():
        groups = [] if group == "harness" else ["--group", group]
        session.run(
            "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header", "--no-annotate",
            "--python-version", python, "pyproject.toml", *groups, *session.posargs,
            "--output-file", f"requirements/{group}.txt", external=True,
        )  # fmt: skip


def _harness(session: nox.Session, *arguments: str) -> None:
    _install(session, "harness")
    # Exit status 1 means that some cells have no verdict. The output lists them, and nox reports a failure.
    session.run("python", "-m", "harness", *arguments)


def _install(session: nox.Session, group: str) -> None:
    """Install the locked dependencies of a group. The project itself runs from this folder."""
    session.install("--require-hashes", "-r", f"requirements/{group}.txt")
    session.env["PYTHONPATH"] = str(Path(__file__).parent)
    session.env["HARNESS_COMMAND"] = "nox -s harness --"
    # Empty is unset. Where a shell sets it, each command compiles all that it imports: nearly twice the CPU time.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
