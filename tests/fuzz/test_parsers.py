"""Each parser of foreign text keeps its promise: on real texts, on what once broke it, on changed texts, on anything.

`HYPOTHESIS_PROFILE=thorough` looks longer; `nox -s fuzz` looks guided by coverage.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutations
from tests.fuzz.targets import TARGETS, committed_cases

CASES = [
    pytest.param(name, path, id=f"{name}-{path.name}") for name in sorted(TARGETS) for path in committed_cases(name)
]
at_length = settings(
    max_examples=settings().max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
every_target = pytest.mark.parametrize("name", sorted(TARGETS))


@every_target
def test_real_texts_keep_the_promise(name, tmp_path):
    seeds = TARGETS[name].seeds()
    assert seeds
    for seed in seeds:
        TARGETS[name].check(seed, tmp_path)


@every_target
@pytest.mark.parametrize("data", [b"[" * 5_000, b'{"a":' * 5_000], ids=["lists", "objects"])
def test_deep_nesting_keeps_the_promise(name, data, tmp_path):
    TARGETS[name].check(data, tmp_path)


@pytest.mark.parametrize(("name", "path"), CASES)
def test_what_once_broke_a_parser_does_not_any_more(name, path, tmp_path):
    TARGETS[name].check(path.read_bytes(), tmp_path)


@every_target
def test_changed_texts_keep_the_promise(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp(name)

    @at_length
    @given(mutations(TARGETS[name].seeds()))
    def holds(data):
        TARGETS[name].check(data, folder)

    holds()


@every_target
def test_anything_keeps_the_promise(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp(name)

    @at_length
    @given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
    def holds(data):
        TARGETS[name].check(data, folder)

    holds()
