"""Which differences pip moves together, and which are tried first. Pure."""

import pytest
from packaging.requirements import Requirement

from harness.pinpoint.packages.differences import Difference
from harness.pinpoint.packages.pip_rules import PipRules, Side
from harness.pinpoint.packages.suspects import packages_of_traceback, suspects


def side(**packages):
    """Return a side from `name=(version, requirement, ...)`."""
    return Side(
        versions={name: version for name, (version, *_) in packages.items()},
        requires={name: [Requirement(text) for text in lines] for name, (_, *lines) in packages.items()},
    )


def rules_of(good, bad, *ignored):
    names = sorted({*good.versions, *bad.versions})
    differences = [
        Difference(kind="package", name=name, good=good.versions.get(name), bad=bad.versions.get(name))
        for name in names
        if good.versions.get(name) != bad.versions.get(name)
    ]
    return PipRules(differences=differences, good=good, bad=bad, ignored=ignored), {
        each.name: each for each in differences
    }


GOOD = side(
    engine=("2.13", "layers>=2.13,<2.14", "dtypes"), layers=("2.13", "arrays"), arrays=("1.24",), dtypes=("0.2",)
)
BAD = side(
    engine=("2.14", "layers>=2.14,<2.15", "dtypes"), layers=("2.14", "arrays"), arrays=("1.26",), dtypes=("0.3",)
)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("engine", ["engine", "layers"]),
        # The engine of the good environment asks for layers before 2.14: both move.
        ("layers", ["engine", "layers"]),
        ("arrays", ["arrays"]),
    ],
)
def test_a_difference_needs_what_pip_moves_with_it(name, needed):
    rules, by_name = rules_of(GOOD, BAD)
    assert [each.name for each in rules.needs(by_name[name])] == needed
    assert rules.refusal(rules.needs(by_name[name])) is None


def test_a_set_that_pip_refuses_is_named_with_the_requirement():
    rules, by_name = rules_of(GOOD, BAD)
    assert rules.refusal([by_name["layers"]]) == "pip refuses it: engine 2.13 requires layers<2.14,>=2.13, not 2.14"
    assert rules.refusal([by_name["engine"]]) == "pip refuses it: engine 2.14 requires layers<2.15,>=2.14, not 2.13"
    assert rules.refusal([by_name["arrays"]]) is None


def test_bounds_that_a_lock_overrides_do_not_count():
    rules, by_name = rules_of(GOOD, BAD, "layers")
    assert [each.name for each in rules.needs(by_name["layers"])] == ["layers"]
    assert rules.refusal([by_name["layers"]]) is None


def test_a_requirement_that_an_environment_itself_does_not_meet_is_no_rule():
    good = side(engine=("1", "arrays<1.20"), arrays=("1.19",))
    bad = side(engine=("2", "arrays<1.20"), arrays=("1.21",))
    rules, by_name = rules_of(good, bad)
    assert [each.name for each in rules.needs(by_name["engine"])] == ["engine"]
    assert [each.name for each in rules.needs(by_name["arrays"])] == ["arrays", "engine"]
    assert rules.refusal([by_name["engine"]]) is None


def test_an_added_package_brings_the_added_packages_that_it_needs():
    good = side(engine=("1",))
    bad = side(engine=("2", "layers"), layers=("3", "tree"), tree=("0.1",))
    rules, by_name = rules_of(good, bad)
    assert [each.name for each in rules.needs(by_name["engine"])] == ["engine", "layers", "tree"]
    assert [each.name for each in rules.needs(by_name["tree"])] == ["tree"]
    assert rules.refusal([by_name["engine"]]) == "pip refuses it: engine 2 requires layers"


TRACEBACK = """Traceback (most recent call last):
  File "/attempt/report.py", line 3, in <module>
    model = tf.keras.models.load_model("model.h5")
  File "/env/lib/python3.11/site-packages/layers/src/saving.py", line 12, in load_model
    raise ValueError
  File "/cache/trees/release-1/tree_of_arrays/__init__.py", line 9, in pack
  File "/env/lib/python3.11/site-packages/single.py", line 1, in run
  File "/usr/lib/python3.11/json/decoder.py", line 1, in decode
ValueError: Unknown layer
"""
OWNERS = {"layers": "layers", "engine": "engine-cpu", "tree_of_arrays": "arrays", "single": "one-module"}


def test_packages_of_a_traceback_are_the_innermost_first():
    assert packages_of_traceback(TRACEBACK, OWNERS) == ("one-module", "arrays", "layers")


def test_packages_of_the_traceback_are_tried_first_then_those_of_families():
    differences = [
        Difference(kind="python", name="python", good="3.10", bad="3.11"),
        *(Difference(kind="package", name=name, good="1", bad="2") for name in ("arrays", "engine-cpu", "layers", "x")),
    ]
    found = suspects(differences, traceback=TRACEBACK, owners=OWNERS, families=["engine-cpu", "layers"])
    assert [each.name for each in found] == ["arrays", "layers", "engine-cpu"]
