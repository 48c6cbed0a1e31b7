"""The network namespaces of the cluster tests, on this machine."""

import subprocess

import pytest

from tests.networks import NoNetwork, network


def test_process_that_still_runs_in_a_removed_namespace_does_not_stop_the_next_one():
    try:
        with network(1) as first:
            left = subprocess.Popen([*first.inside(0), "sleep", "60"])
    except NoNetwork as error:
        pytest.skip(str(error))
    try:
        with network(1) as second:
            assert second.prefix != first.prefix
    finally:
        left.kill()
        left.wait()
