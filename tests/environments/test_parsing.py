"""What another Python says of a script that it cannot read."""

import os
import sys
from types import SimpleNamespace

from harness.environments.parsing import read_elsewhere


def test_script_that_is_nested_too_deeply_has_a_fault(tmp_path):
    path = tmp_path / "deep.py"
    path.write_text("a" + ".b" * 100_000 + "\n", encoding="utf-8")
    this = SimpleNamespace(version="3.11", executable=sys.executable)
    reading = read_elsewhere(path, [this], os.environ)
    assert reading.fault.line == 1
