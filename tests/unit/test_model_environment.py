"""What an environment satisfies, and which names globs choose."""

import pytest
from packaging.requirements import Requirement

from harness.model import matches_globs
from tests.making import make_environment, make_lock


@pytest.fixture
def environment():
    return make_environment(
        python="3.11",
        provides=[("tensorflow-cpu", "tensorflow")],
        tensorflow_cpu="2.16.2",
        keras="3.4.1",
        ml_x="1.0rc1",
    )


@pytest.mark.parametrize(
    ("requirement", "lack"),
    [
        pytest.param("keras", None, id="there"),
        pytest.param("Keras>=3,<4", None, id="there, any case"),
        pytest.param("keras<3", "needs keras<3, and this environment has keras 3.4.1", id="another version"),
        pytest.param("tensorflow>=2.16", None, id="stood in for"),
        pytest.param(
            "tensorflow<2.16", "needs tensorflow<2.16, and this environment has tensorflow-cpu 2.16.2", id="stand-in too new"
        ),
        pytest.param("torch", "needs torch, which this environment does not have", id="missing"),
        pytest.param("torch; python_version < '3.9'", None, id="not asked for on this Python"),
        pytest.param("torch; python_version >= '3.9'", "needs torch, which this environment does not have", id="asked for"),
        pytest.param("ml.x", None, id="pre-release, and another spelling"),
    ],
)  # fmt: skip
def test_lack_is_said_or_none(environment, requirement, lack):
    assert environment.lacks(Requirement(requirement)) == lack


def test_package_itself_goes_before_its_stand_in():
    environment = make_environment(provides=[("cpu", "full")], cpu="1", full="2")
    assert environment.lacks(Requirement("full==2")) is None


def test_fingerprint_is_of_what_is_installed_and_nothing_else():
    lock = make_lock("one", keras="3", numpy="1")
    assert lock.fingerprint == make_lock("another", numpy="1", keras="3").fingerprint
    others = [make_lock("one", keras="3", numpy="2"), make_lock("one", keras="3"),
              make_lock("one", python="3.12", keras="3", numpy="1")]  # fmt: skip
    assert len({lock.fingerprint, *(each.fingerprint for each in others)}) == 4


@pytest.mark.parametrize(
    ("name", "globs", "chosen"),
    [
        pytest.param("tf2.2", (), True, id="no globs choose all"),
        pytest.param("tf2.2", ("tf*",), True, id="star"),
        pytest.param("keras3", ("tf*",), False, id="other name"),
        pytest.param("tf2.2", ("!tf2.2",), False, id="taken away from all"),
        pytest.param("tf2.3", ("!tf2.2",), True, id="not taken away"),
        pytest.param("tf2.2", ("tf*", "!*2.2"), False, id="chosen and taken away"),
        pytest.param("tf2.2", ("!*2.2", "tf*"), False, id="in any order"),
        pytest.param("s[a=1]", ("s[a=1]",), True, id="brackets are brackets"),
        pytest.param("s[a=1]", ("s[a=*]",), True, id="star inside brackets"),
        pytest.param("sa", ("s[abc]",), False, id="brackets are no set of characters"),
        pytest.param("TF2", ("tf*",), False, id="case counts"),
        pytest.param("a.b", ("a?b",), True, id="question mark"),
    ],
)
def test_globs_choose(name, globs, chosen):
    assert matches_globs(name, globs) is chosen
