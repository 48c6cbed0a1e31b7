"""Run the commands of docs/tutorial.md in order, and compare what they print with the page.

Throw-away releases of a package called keras fail with the message of the real ones.
"""

import doctest
import re
import shlex
from pathlib import Path

from tests.pinpoint.conftest import MATRIX

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
KERAS = """
VERSION = {version!r}

class layers:
    class Dense:
        def __init__(self, units): pass

class Sequential:
    def __init__(self, layers): self.shape = None
    def build(self, shape):
        if self.shape is not None and VERSION < "3.5" and type(shape) is not type(self.shape):
            raise ValueError(
                "Sequential model 'sequential' has already been configured to use input shape "
                "%s. You cannot build it with input_shape %s" % (self.shape, shape))
        self.shape = shape
"""
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_commands_of_the_tutorial_print_what_it_shows(playground, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    playground.releases("keras", {version: KERAS.format(version=version) for version in ("3.4.1", "3.5.0")})
    (playground.root / "matrix.toml").write_text(
        MATRIX.replace("framework", "keras").replace(">=9", ">=3"), encoding="utf-8"
    )
    playground.harness("lock")
    (script,) = blocks("python")
    playground.script(script, "report.py")
    examples = [block.partition("\n")[::2] for block in blocks("console")]
    assert len(examples) > 4
    for command, expected in examples:
        start, name, *arguments = shlex.split(command)
        assert (start, name) == ("$", "harness")
        printed = playground.harness(*arguments)
        assert doctest.OutputChecker().check_output(expected, printed, _FLAGS), f"{command}\n{printed}"
