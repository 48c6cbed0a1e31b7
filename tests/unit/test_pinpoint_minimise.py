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


@given(
    st.integers(2, 10).flatmap(
        lambda count: st.tuples(
            st.just(count),
            st.sets(st.integers(0, count - 1), min_size=1),
            st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))),
        )
    )
)
def test_sets_without_what_a_member_needs_are_asked_for_the_proof_only(case):
    count, guilty, arrows = case

    def needs(member):
        found, pending = set(), [member]
        while pending:
            each = pending.pop()
            if each not in found:
                found.add(each)
                pending += [needed for needing, needed in arrows if needing == each]
        return found

    def whole(members):
        return all(needs(each) <= set(members) for each in members)

    asked = []

    def test(members):
        asked.append(members)
        if not whole(members):
            return State.UNTESTABLE
        return State.BAD if guilty <= set(members) else State.GOOD

    result = Minimiser(range(count), test, needs).run()
    wanted = set().union(*(needs(each) for each in guilty))
    assert set(result.members) == wanted
    assert all(set(members) < wanted for members in asked if not whole(members))


def test_members_that_need_each_other_are_taken_as_one():
    """Sixteen packages of which any two need each other: no part of them is asked for, but for the proof."""
    together = frozenset(range(16))
    possible = []

    def test(members):
        if not together.isdisjoint(members) and not together <= set(members):
            return State.UNTESTABLE
        possible.append(members)
        return State.BAD if {3, 20} <= set(members) else State.GOOD

    result = Minimiser(range(24), test, lambda each: together if each in together else {each}).run()
    assert set(result.members) == {*together, 20}
    assert len(possible) <= 20
