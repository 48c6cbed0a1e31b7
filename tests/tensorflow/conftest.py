"""This checkout as a user has it: the command line, a store of its own, the user's environments."""

import json
import os
from pathlib import Path

import pytest

from tests import commands

ROOT = Path(__file__).parents[2]
LIMIT_S = 1500


class Clone:
    """This checkout, with a store of its own; environments come from the user's cache, or are made."""

    def __init__(self, folder):
        self.variables = {**os.environ, "HARNESS_STORE": str(folder / "attempts.sqlite"), "PYTHONPATH": str(ROOT)}

    def harness(self, *arguments, status=0):
        typed = ["--project", str(ROOT), *arguments]
        done = commands.run(typed, env=self.variables, cwd=Path.cwd(), timeout=LIMIT_S)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    def cells(self, *arguments):
        document = json.loads(self.harness("run", "--json", *arguments).stdout)
        assert document["schema"] == 1
        return {cell["cell"]: cell for cell in document["cells"]}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("clone"))
