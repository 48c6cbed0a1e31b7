"""Each fault once: said clearly, the rest goes on, a re-run mends it. `nox -s faults` injects each many times."""

import random

import pytest

from tests.faults import indexes, stores
from tests.faults.faults import CannotInject

FAULTS = {**stores.FAULTS, **indexes.FAULTS}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_said_and_mended(project, name):
    try:
        FAULTS[name].inject(project, random.Random(20240801))
    except CannotInject as why:
        pytest.skip(str(why))
