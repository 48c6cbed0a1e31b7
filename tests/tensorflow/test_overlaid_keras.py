"""Releases of Keras as overlays, through TensorFlow and by themselves: a fork shows what a process of its own shows."""

import functools
import os
from dataclasses import replace

import pytest

from harness.environments.unpacked_releases import unsatisfied
from harness.execute.artifacts import Artifacts
from harness.execute.executor import run_task
from harness.execute.forkserver.pool import ForkServers
from harness.locking.package_index import ReleaseIndex
from harness.model import Outcome
from harness.pinpoint.environments.overlaid_releases import unpacked_release
from harness.session import Session
from tests.making import outcome_task
from tests.tensorflow.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(1800)]

# Each release with a host that has what it requires.
RELEASES = {
    "3.0.0": "keras3.0.4", "3.3.0": "tf2.18.1", "3.3.3": "tf2.18.1", "3.10.0": "tf2.18.1", "3.15.0": "tf2.18.1"
}  # fmt: skip
BY_ITSELF = """\
import os
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import keras

print(keras.__version__)
layer = keras.layers.Lambda(lambda x: x * 2, output_shape=(3,))
copied = keras.layers.Lambda.from_config(layer.get_config(), safe_mode=False)
print(copied.compute_output_shape((1, 3)))
"""
# Keras 3.3.0 has no `tensorflow.keras`, and `RMSNormalization` is newer than 3.3.3.
THROUGH_TENSORFLOW = """\
import os
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers
import tensorflow.keras.backend as backend

print(tf.keras.layers.Dense is layers.Dense, backend.__name__, layers.__file__)
model = tf.keras.Sequential([layers.Dense(2), layers.TimeDistributed(layers.Dense(1))])
print(model(np.ones((1, 4, 3), "float32")).shape, layers.Dense.__module__, tf.__path__)
layers.RMSNormalization
"""
IMPORTS_WHAT_SOME_LACK = "from tensorflow.keras.layers import RMSNormalization\nprint(RMSNormalization.__module__)\n"


@pytest.fixture(scope="module")
def session():
    return Session.at(ROOT, os.environ, print)


@pytest.mark.parametrize(
    ("source", "failing", "in_process"),
    [
        # A known answer: 3.2.0 to 3.3.3 add a list to a tuple.
        pytest.param(BY_ITSELF, ("3.3.0", "3.3.3"), (), id="keras"),
        # What fails in an import is repeated in a process.
        pytest.param(THROUGH_TENSORFLOW, ("3.0.0", "3.3.0", "3.3.3"), ("3.3.0",), id="tensorflow.keras"),
        pytest.param(
            IMPORTS_WHAT_SOME_LACK, ("3.0.0", "3.3.0", "3.3.3"), ("3.0.0", "3.3.0", "3.3.3"), id="failing import"
        ),
    ],
)
def test_forks_show_what_processes_show(session, tmp_path, source, failing, in_process):
    if not (session.sandbox.contains and session.sandbox.forks):
        pytest.skip("without a sandbox, `tensorflow.keras` is not imported in forks")
    index = ReleaseIndex.configured(session.variables)
    fork_servers = ForkServers(tmp_path / "runs", limit=2, stop=session.stop, sandbox=session.sandbox)
    try:
        for version, host_id in RELEASES.items():
            host = session.project.environment(host_id)
            interpreter = session.interpreters.find(host.python, stop=session.stop)
            python = session.environments.provide(host, interpreter, stop=session.stop).python
            release = unpacked_release(session, index, "keras", version, host.python)
            assert not unsatisfied(release, host.lock)
            session.bytecode.compile(release.overlay.folder, interpreter, stop=session.stop)
            task = outcome_task("asserts", timeout_s=120, memory_mib=8000)
            script = replace(task.script, text=source, marks=())
            task = replace(task, script=script, environment=host, release=release.overlay)
            run = functools.partial(
                run_task,
                task,
                python=python,
                runs=tmp_path / "runs",
                artifacts=Artifacts(folder=tmp_path / "artifacts"),
                stop=session.stop,
                sandbox=session.sandbox,
            )
            forked = run(fork_servers=fork_servers)
            assert dict(forked.versions)["keras"] == version
            assert forked.outcome is (Outcome.FAILED if version in failing else Outcome.PASSED), forked.error
            assert forked.isolation == ("process" if version in in_process else "fork")
            if forked.isolation == "fork":
                alone = run(fork_servers=None)
                assert alone.isolation == "process"
                assert seen(forked) == seen(alone)
    finally:
        fork_servers.close()


def seen(attempt):
    evidence = attempt.evidence
    return attempt.outcome, attempt.stage, attempt.error, evidence.stdout, evidence.traceback, attempt.versions
