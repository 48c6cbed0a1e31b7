"""The probe runs in every installed Python, including the oldest."""

import json
import subprocess

import pytest

from harness.environments.probe import PROBE_SCRIPT
from harness.interpreters import Interpreters, MissingInterpreter


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_reports_versions_and_imports(uv, tmp_path, tmp_path_factory, version):
    try:
        interpreter = Interpreters(tmp_path_factory.getbasetemp() / "interpreters", uv=uv).find(version)
    except MissingInterpreter as error:
        pytest.skip(str(error))
    report = tmp_path / "report.json"

    command = [interpreter.executable, "-s", PROBE_SCRIPT, report, "json", "no_such_module"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(report.read_text())
    assert told["python"] == interpreter.version
    assert told["implementation"] == "cpython"
    assert "pip" in told["versions"]
    assert told["imports"] == {"json": None, "no_such_module": "ModuleNotFoundError: No module named 'no_such_module'"}
    assert list(tmp_path.glob("*.part")) == []
