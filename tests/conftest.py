"""For all tests: generated examples have no time limit, since a machine that is busy is no failure.

`HYPOTHESIS_PROFILE=thorough` looks at many more.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from harness.interpreters import Interpreters
from harness.uv.client import Uv

# Reports have test files of their own: they are read, not collected.
collect_ignore = ["reports"]

_NO_FAILURES = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)

settings.register_profile("patient", deadline=None, print_blob=True, suppress_health_check=_NO_FAILURES)
settings.register_profile("thorough", settings.get_profile("patient"), max_examples=4000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patient"))


@pytest.fixture(scope="session")
def known_interpreters(tmp_path_factory):
    """The file in a cache that lists the Pythons of this machine. Copied into a new cache, it saves seconds per test."""
    folder = tmp_path_factory.getbasetemp() / "interpreters"
    Interpreters(folder, uv=Uv.find({})).installed()
    return folder / "interpreters.json"
