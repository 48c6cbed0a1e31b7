"""Reports that are about no exception: a warning, a script that hangs, a script that is slow."""

import pytest

from tests.pinpoint.conftest import MATRIX
from tests.triage.test_triage import BASE, shown

pytestmark = pytest.mark.slow

QUIET = "def double(number):\n    return 2 * number\n"
WARNS = f"import warnings\n{QUIET}".replace("return", "warnings.warn('double() is old', FutureWarning)\n    return")
SLOW = f"import time\n{QUIET}".replace("return", "time.sleep(4)\n    return")
HANGS = f"import time\n{QUIET}".replace("return", "time.sleep(1000)\n    return")
ISSUE = """\
# double() is strange

```python
{header}import keras
# %% use
keras.double(21)
```

It worked in keras 9.0.0. It is wrong in keras 9.2.0.

```
{log}
```
"""


def project(playground, text):
    """Make a family of keras releases; 9.1.0 and 9.2.0 have another text."""
    playground.releases("keras", {"9.0.0": QUIET, "9.1.0": text, "9.2.0": text, "9.3.0": QUIET})
    matrix = MATRIX.replace("framework", "keras").replace("\n[tiers.all]", f"{BASE}\n[tiers.all]")
    (playground.root / "matrix.toml").write_text(matrix, encoding="utf-8")
    playground.harness("lock")
    return playground


def report(playground, log, header=""):
    path = playground.folder / "report.md"
    path.write_text(ISSUE.format(log=log, header=header), encoding="utf-8")
    return path


RANGES = [("9.0.0", "9.0.0", "passes"), ("9.1.0", "9.2.0", "this bug"), ("9.3.0", "9.3.0", "passes")]


def check(document, observed):
    assert document["observed"] == observed
    assert document["reproduced"]["result"] == "reproduced"
    assert document["responsible"] == "keras"
    assert shown(document) == RANGES
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("9.0.0", "9.1.0")
    assert (document["fixed"]["last"], document["fixed"]["first"]) == ("9.2.0", "9.3.0")
    assert {each["result"] for each in document["claims"]} == {"confirmed"}
    assert [each["kind"] for each in document["transitions"]] == ["introduced", "fixed"]


def test_warning_that_the_report_quotes_is_followed(playground):
    path = report(project(playground, WARNS), "/home/me/x.py:3: FutureWarning: double() is old\n  keras.double(21)")
    document = playground.json("triage", path)
    check(document, "warning")
    assert "(FutureWarning: double() is old)" in document["verdict"]
    assert any("--watch 'warning=" in each for each in document["commands"])


def test_warning_that_is_asked_for_is_followed(playground):
    path = report(project(playground, WARNS), "It says something.")
    document = playground.json("triage", path)
    assert document["verdict"].startswith("Not decided"), "nothing says that warnings are the problem"
    assert [(each["kind"], each["versions"]) for each in document["shown"]] == [
        ("warning", [{"first": "9.0.0", "last": "9.0.0"}, {"first": "9.3.0", "last": "9.3.0"}]),
        ("warning", [{"first": "9.1.0", "last": "9.2.0"}]),
    ]
    assert {each["result"] for each in document["claims"]} == {"not tested"}
    document = playground.json("triage", path, "--watch", "warning=double")
    check(document, "warning")


def test_script_that_hangs_is_followed(playground):
    path = report(project(playground, HANGS), "It hangs.", "# /// script\n# [tool.harness]\n# timeout = 12\n# ///\n")
    document = playground.json("triage", path)
    check(document, "hang")
    assert any("--watch hang" in each for each in document["commands"])


def test_script_that_is_slow_is_followed(playground):
    path = report(project(playground, SLOW), "It is slow.")
    document = playground.json("triage", path, "--watch", "time=use", "--factor", "3")
    check(document, "time")
    assert "takes at least 3 times as long" in document["verdict"]
    assert any("--watch time=use --factor 3" in each for each in document["commands"])
