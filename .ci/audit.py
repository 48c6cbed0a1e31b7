"""Check the locked dependencies of the project for known vulnerabilities with pip-audit: `nox -s audit`.

Exit status 0: no dependency has any; 1: some have; 2: the database did not answer for some dependencies.
pip-audit itself reports a dependency without an answer as one without vulnerabilities.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLEAN, VULNERABLE, NOT_ASKED = 0, 1, 2
SERVICES = ("pypi", "osv")
_LIMIT_S = 600
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is known of locked packages: a line a vulnerability, and the packages that nothing is known of."""

    asked: frozenset[str] = frozenset()
    vulnerable: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Answer:
        """Read the document that pip-audit writes."""
        packages = document["dependencies"]
        return cls(
            asked=frozenset(each["name"] for each in packages if "vulns" in each),
            vulnerable=tuple(_line(each, one) for each in packages for one in each.get("vulns", ())),
            unasked=tuple(each["name"] for each in packages if "vulns" not in each),
        )


def _line(package: Mapping[str, Any], vulnerability: Mapping[str, Any]) -> str:
    fixed = ", ".join(vulnerability["fix_versions"]) or "no release yet"
    return f"{package['name']} {package['version']}: {vulnerability['id']}; fixed in {fixed}"


def judge(answers: Iterable[Answer | None]) -> tuple[int, list[str]]:
    """Return the exit status, and what to say; None stands for files of which there was no answer at all."""
    given = list(answers)
    found = sorted({line for answer in given if answer for line in answer.vulnerable})
    if found:
        return VULNERABLE, ["Known vulnerabilities; `nox -s requirements -- --upgrade` may fix them:", *found]
    if None in given:
        return NOT_ASKED, ["Could not ask for known vulnerabilities: no service answers. Nothing is known."]
    unasked = sorted({name for answer in given if answer for name in answer.unasked})
    if unasked:
        named = ", ".join(unasked[:_SHOWN]) + (f" and {len(unasked) - _SHOWN} more" if len(unasked) > _SHOWN else "")
        return NOT_ASKED, [f"Could not ask for known vulnerabilities of {named}: the service does not know them."]
    count = len({name for answer in given if answer for name in answer.asked})
    return CLEAN, [f"No known vulnerabilities in {count} packages."]


def ask(path: Path) -> Answer | None:
    """Query one service after the other about a requirements file, until one knows all; None if none answers."""
    best: Answer | None = None
    for service in SERVICES:
        answer = _ask(path, service)
        if answer is not None and (best is None or len(answer.unasked) < len(best.unasked)):
            best = answer
        if best is not None and (best.vulnerable or not best.unasked):
            break
    return best if best is None or best.asked or not best.unasked else None


def _ask(path: Path, service: str) -> Answer | None:
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    command += ["--progress-spinner", "off", "--vulnerability-service", service, "--requirement", str(path)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
        return Answer.of(json.loads(ended.stdout))
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return None


def main(typed: Sequence[str] | None = None) -> int:
    """Audit requirements files; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(Path("requirements").glob("*.txt")))
    parser.add_argument(
        "--allow-unreachable", action="store_true", help="exit status 0 if the database does not answer"
    )
    arguments = parser.parse_args(typed)
    status, lines = judge(ask(path) for path in arguments.files)
    print("\n".join(lines), flush=True)
    return CLEAN if status == NOT_ASKED and arguments.allow_unreachable else status


if __name__ == "__main__":
    sys.exit(main())
