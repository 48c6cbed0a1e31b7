"""Known vulnerabilities fail, what could not be asked is never taken for none, and each says so in its own words."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("audit", Path(__file__).parents[2] / ".ci" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
sys.modules["audit"] = audit  # where dataclasses look for it
SPEC.loader.exec_module(audit)

GOOD = {"name": "good", "version": "1.0", "vulns": []}
BAD = {"name": "bad", "version": "1.0", "vulns": [{"id": "GHSA-1", "fix_versions": ["1.1", "2.0"]}]}
UNFIXED = {"name": "worse", "version": "1.0", "vulns": [{"id": "GHSA-2", "fix_versions": []}]}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("documents", "status", "said"),
    [
        pytest.param([[GOOD], [GOOD]], 0, "No known vulnerabilities in 1 packages.", id="clean"),
        pytest.param([[GOOD, BAD]], 1, "bad 1.0: GHSA-1; fixed in 1.1, 2.0", id="vulnerable"),
        pytest.param([[UNFIXED]], 1, "worse 1.0: GHSA-2; fixed in no release yet", id="not fixed"),
        pytest.param([[GOOD, UNKNOWN]], 2, "of unknown: the service does not know them", id="some unasked"),
        pytest.param([[UNKNOWN, BAD]], 1, "GHSA-1", id="vulnerable and unasked"),
        pytest.param([None], 2, "no service answers. Nothing is known", id="no answer"),
        pytest.param([None, [BAD]], 1, "GHSA-1", id="no answer and vulnerable"),
    ],
)
def test_status_and_words(documents, status, said):
    answers = [None if each is None else audit.Answer.of({"dependencies": each}) for each in documents]
    found, lines = audit.judge(answers)
    assert found == status
    assert said in "\n".join(lines)


@pytest.fixture
def service(monkeypatch):
    """Return what each service answers with; what is not JSON is as good as none."""
    outputs = {}

    def run(command, **more):
        name = command[command.index("--vulnerability-service") + 1]
        assert "--require-hashes" in command
        return subprocess.CompletedProcess(command, 1, stdout=outputs.get(name, "Traceback"), stderr="")

    monkeypatch.setattr(audit.subprocess, "run", run)
    return outputs


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        pytest.param({"pypi": [GOOD]}, 0, id="first service knows all"),
        pytest.param({"pypi": [UNKNOWN], "osv": [GOOD]}, 0, id="second service knows all"),
        pytest.param({"pypi": [UNKNOWN]}, 2, id="first knows nothing and second is silent"),
        pytest.param({}, 2, id="both silent"),
        pytest.param({"osv": [BAD]}, 1, id="second knows of one"),
    ],
)
def test_services_are_asked_in_turn(service, answers, status, capsys):
    service.update({name: json.dumps({"dependencies": packages}) for name, packages in answers.items()})
    assert audit.main(["requirements.txt"]) == status
    assert audit.main(["requirements.txt", "--allow-unreachable"]) == (0 if status == 2 else status)
    assert capsys.readouterr().out
