"""The minimiser alone: its result is bad, and lacks no member that it could lack."""

from hypothesis import given
from hypothesis import strategies as st

from harness.search.ddmin import Minimiser
from harness.search.transitions import State


def minimise(count, test):
    asked = []

    def ask(members):
        asked.append(frozenset(members))
        return test(frozenset(members))

    result = Minimiser(range(count), ask).run()
    assert len(asked) == len(set(asked)), "a set was asked twice"
    return result, asked


@given(
    st.integers(1, 24).flatmap(lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1), min_size=1)))
)
def test_the_guilty_are_found_where_they_alone_decide(case):
    count, guilty = case
    result, _ = minimise(count, lambda members: State.BAD if guilty <= members else State.GOOD)
    assert set(result.members) == guilty
    assert result.proven


@given(st.integers(1, 7), st.randoms(use_true_random=False))
def test_whatever_the_test_says_the_result_is_bad_and_minimal(count, random):
    answers = {}

    def test(members):
        if len(members) == count:
            return State.BAD
        return answers.setdefault(members, random.choice(list(State)))

    result, _ = minimise(count, test)
    assert test(frozenset(result.members)) is State.BAD
    assert [each for each, _ in result.without] == list(result.members)
    for each, state in result.without:
        less = frozenset(result.members) - {each}
        assert state is (test(less) if less else State.GOOD)
        assert state is not State.BAD


def test_sets_that_cannot_be_had_are_no_proof():
    """Two packages that only go together: the pair is found, and that each is needed is not claimed."""

    def test(members):
        if (3 in members) != (5 in members):
            return State.UNTESTABLE
        return State.BAD if {3, 5} <= members else State.GOOD

    result, _ = minimise(12, test)
    assert set(result.members) == {3, 5}
    assert not result.proven


def test_one_guilty_package_of_many_is_found_in_few_trials():
    _, asked = minimise(32, lambda members: State.BAD if 17 in members else State.GOOD)
    assert len(asked) <= 12
