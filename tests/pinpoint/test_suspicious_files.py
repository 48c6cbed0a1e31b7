"""Which changed files the script runs, where no repository is given."""

import pytest

from tests.pinpoint.conftest import PYTHON
from tests.wheels import make_wheel

pytestmark = pytest.mark.slow

FILES = {
    "lib/__init__.py": "from lib.ops import scale\n",
    "lib/ops.py": "from lib.far import used\n\n\ndef scale(x):\n    return helper(used(x))\n\n\ndef helper(x):\n    return x\n",
    "lib/far.py": "def used(x):\n    return x\n",
    "lib/unused.py": "def nothing(): pass\n",
}
CHANGED = {
    **FILES,
    "lib/ops.py": FILES["lib/ops.py"].replace("    return x\n", "    raise TypeError(x)\n"),
    "lib/far.py": "def used(x):\n    return +x\n",
    "lib/unused.py": "def nothing(): return 1\n",
}
SCRIPT = """\
# /// script
# [tool.harness.parameters]
# x = [1, 2]
# ///
import lib
# %% tags=["parameters"]
x = 1
# %% use
assert x == 1 or lib.scale(x) == x
"""


def test_changed_files_are_ranked_by_what_the_script_runs_of_them(playground):
    for day, (version, files) in enumerate({"1.0": FILES, "1.1": CHANGED}.items(), start=1):
        playground.index.publish(make_wheel(playground.index.folder, "lib", version, files), f"2024-01-0{day}")
    typed = ["pinpoint", playground.script(SCRIPT), "x=2", "--package", "lib"]
    typed += ["--in", f"python={PYTHON} lib==1.1 as-of=2024-06-01"]
    (transition,) = playground.json(*typed)["transitions"]
    assert transition["suspect_files"] == {
        "release": "1.1",
        "differing": 3,
        "note": "",
        "files": [
            {"file": "lib/ops.py", "functions": ["helper"], "calls_away": 2, "in_traceback": True},
            {"file": "lib/far.py", "functions": ["used"], "calls_away": 2, "in_traceback": False},
        ],
    }
    text = playground.harness(*typed)
    assert "    1. lib/ops.py: helper; in the traceback\n" in text
    assert playground.json(*typed)["runs"] == 0, "the trace is known"
