"""The search alone, over sequences of any kind: sound, complete at its step, and as cheap as it says."""

import itertools
import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.search.transitions import Observation, SearchPlan, State, largest_gap, search, transitions

GOOD = Observation(state=State.GOOD)
BAD = Observation(state=State.BAD, signature="b")
OTHER = Observation(state=State.OTHER, signature="o")
FLAKY = Observation(state=State.FLAKY, reason="1 of 2 passed")
GONE = Observation(state=State.UNTESTABLE, reason="no wheel")
LETTERS = {"g": GOOD, "b": BAD, "o": OTHER, "f": FLAKY, "-": GONE}

sequences = st.lists(
    st.tuples(st.sampled_from("ggbbof-"), st.integers(1, 12)).map(lambda run: run[0] * run[1]), max_size=8
).map("".join)


def plans(size):
    marks = st.lists(st.integers(0, size - 1), max_size=8).map(tuple) if size else st.just(())
    offset = st.integers(0, 1000)
    return st.one_of(
        st.builds(SearchPlan.grid, st.just(size), marks, offset),
        st.builds(SearchPlan.grid, st.just(size), marks, offset, known=st.integers(0, max(0, size - 1))),
        st.builds(SearchPlan.every, st.just(size), offset),
        st.builds(SearchPlan.quick, st.just(size), offset),
    )


@st.composite
def searches(draw):
    sequence = draw(sequences)
    plan = draw(plans(len(sequence)))
    if plan.known is not None and sequence:
        sequence = sequence[: plan.known] + draw(st.sampled_from("gbof")) + sequence[plan.known + 1 :]
    return sequence, plan


def run(plan, sequence):
    """Search a sequence written in letters; give what was seen and the points in the order of their probes."""
    order = []

    def probe(point):
        order.append(point)
        return LETTERS[sequence[point]]

    return search(plan, probe), order


def differ(sequence, one, another):
    return LETTERS[sequence[one]].differs_from(LETTERS[sequence[another]])


@given(searches())
def test_no_claim_is_false(case):
    sequence, plan = case
    seen, order = run(plan, sequence)
    assert len(order) == len(set(order)) == len(seen)
    for each in transitions(seen):
        assert each.last in seen and each.first in seen
        assert sequence[each.last] != "-" != sequence[each.first]
        assert differ(sequence, each.last, each.first)
        assert all(point in seen and sequence[point] == "-" for point in each.between)


@given(searches())
def test_every_transition_at_the_step_of_the_marks_is_found(case):
    sequence, plan = case
    seen, _ = run(plan, sequence)
    found = transitions(seen)
    marks = [mark for mark in plan.marks if plan.oldest(seen) <= mark <= plan.newest(seen)]
    testable = [mark for mark in marks if sequence[mark] != "-"]
    assert all(mark in seen for mark in marks)
    for one, another in itertools.pairwise(testable):
        between = [each for each in found if one <= each.last and each.first <= another]
        assert bool(between) or not differ(sequence, one, another)
        if between:
            assert not differ(sequence, one, between[0].last)
            assert not differ(sequence, between[-1].first, another)


@given(searches())
def test_nothing_that_differs_is_left_unnarrowed(case):
    sequence, plan = case
    seen, _ = run(plan, sequence)
    tested = sorted(point for point in seen if seen[point].tested)
    ends = {(each.last, each.first) for each in transitions(seen)}
    for one, another in itertools.pairwise(tested):
        assert ((one, another) in ends) == differ(sequence, one, another)


@given(sequences)
def test_every_finds_what_a_full_scan_shows(sequence):
    seen, _ = run(SearchPlan.every(len(sequence)), sequence)
    tested = [point for point, letter in enumerate(sequence) if letter != "-"]
    scan = [pair for pair in itertools.pairwise(tested) if differ(sequence, *pair)]
    assert [(each.last, each.first) for each in transitions(seen)] == scan


@given(searches())
def test_something_testable_stands_for_each_mark_where_there_is_any(case):
    sequence, plan = case
    seen, _ = run(plan, sequence)
    if any(letter != "-" for letter in sequence):
        assert any(observation.tested for observation in seen.values())
    else:
        assert sorted(seen) == list(range(len(sequence)))


@given(searches())
def test_nothing_is_given_up_but_what_lies_before_four_marks_that_cannot_be_tested(case):
    sequence, plan = case
    seen, _ = run(plan, sequence)
    oldest = plan.oldest(seen)
    if plan.known is None:
        assert oldest == 0
    if oldest:
        older = [mark for mark in plan.marks if mark < oldest][-3:]
        assert oldest < plan.known
        assert [sequence[mark] for mark in (oldest, *older)] == ["-"] * 4
        assert {point for point in seen if point < oldest} == set(older)


@given(searches())
def test_nothing_is_given_up_but_what_lies_after_four_marks_that_cannot_be_tested(case):
    sequence, plan = case
    seen, _ = run(plan, sequence)
    newest, end = plan.newest(seen), len(sequence) - 1
    if plan.known is None or (sequence and sequence[-1] != "-"):
        assert newest == end
    if newest != end:
        newer = [mark for mark in plan.marks if mark > newest][:3]
        assert newest > plan.known
        assert [sequence[mark] for mark in (newest, *newer)] == ["-"] * 4
        assert {point for point in seen if point > newest} == {*newer, end}


def test_newer_points_are_not_looked_at_after_four_untestable_marks_and_an_untestable_end():
    sequence = "gg" + "-" * 98
    seen = search(SearchPlan.grid(100, tuple(range(0, 100, 10)), known=1), lambda point: LETTERS[sequence[point]])
    assert sorted(seen) == [*range(11), 20, 30, 40, 99]


def test_what_is_certain_is_begun_and_always_probed():
    """So that several can run side by side: none is begun in vain."""
    begun = set()
    sequence = "-" * 60 + "g" * 40
    seen = search(
        SearchPlan.grid(100, tuple(range(0, 100, 10)), known=75),
        lambda point: LETTERS[sequence[point]],
        begin=begun.update,
    )
    assert begun == {20, 30, 40, 50, 60, 70, 80, 90, 99}
    assert begun <= set(seen)
    assert sorted(seen)[0] == 20, "four marks in a row could not be tested, so nothing older is looked at"


def test_a_few_that_are_broken_are_stepped_over_on_the_way_back():
    sequence = "gg---g"
    seen = search(SearchPlan.grid(6, tuple(range(6)), known=5), lambda point: LETTERS[sequence[point]])
    assert sorted(seen) == list(range(6))


@given(searches())
def test_nothing_is_begun_that_is_not_probed(case):
    sequence, plan = case
    begun = set()
    seen = search(plan, lambda point: LETTERS[sequence[point]], begin=begun.update)
    assert begun <= set(seen)


@given(
    st.integers(2, 3000).flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size - 1), st.integers(0, 99)))
)
@example((2, 1, 0))
@settings(deadline=None)
def test_quick_takes_no_more_probes_than_it_says(case):
    size, first, offset = case
    seen = search(SearchPlan.quick(size, offset), lambda point: BAD if point >= first else GOOD)
    assert [(each.last, each.first) for each in transitions(seen)] == [(first - 1, first)]
    assert len(seen) <= math.ceil(math.log2(size)) + 2


@given(searches())
def test_what_comes_next_was_said_to_be_possible_if_it_depends_on_two_answers(case):
    """After a probe that shows what a neighbour shows, or nothing, the next one was announced."""
    sequence, plan = case
    announced, surprises = [()], []

    def probe(point):
        if len(announced) > 2 and point not in announced[-2]:
            surprises.append(point)
        return LETTERS[sequence[point]]

    if set(sequence) <= {"g", "-"}:
        search(plan, probe, ahead=announced.append)
        assert not surprises


def test_both_possible_next_points_of_a_halving_are_announced():
    said = []
    search(SearchPlan.quick(9), lambda point: BAD if point >= 7 else GOOD, ahead=said.append)
    assert set(said[2]) >= {2, 6}


def test_the_order_of_visits_does_not_depend_on_the_bounds():
    """Narrower bounds meet mostly the points that a wider search has run."""

    def visited(low, high):
        order = []

        def probe(point):
            order.append(point + low)
            return BAD if point + low >= 40 else GOOD

        search(SearchPlan.quick(high - low, low), probe)
        return order

    wide, narrow = visited(0, 128), visited(11, 101)
    inner = set(narrow) - {11, 100}
    assert len(inner - set(wide)) <= 2
    assert visited(0, 128) == wide


def test_an_interval_is_the_answer_where_what_lies_between_cannot_be_tested():
    seen, _ = run(SearchPlan.quick(10), "gggg---bbb")
    (only,) = transitions(seen)
    assert (only.last, only.first, list(only.between)) == (3, 7, [4, 5, 6])


def test_an_untestable_end_is_stepped_around():
    seen, _ = run(SearchPlan.quick(8), "--gggbb-")
    assert [(each.last, each.first) for each in transitions(seen)] == [(4, 5)]


def test_a_side_that_shows_something_else_when_looked_at_again_makes_the_search_go_on():
    """A coin that fell on the wrong side is found out, and is not named as the culprit."""
    again = []

    def look_again(point):
        again.append(point)
        return FLAKY if point == 3 else LETTERS["ggggbbb"[point]]

    def probe(point):
        return BAD if point == 3 else LETTERS["ggggbbb"[point]]

    seen = search(SearchPlan.every(7), probe, again=look_again)
    assert [(each.last, each.first) for each in transitions(seen)] == [(2, 3), (3, 4)]
    assert seen[3] is FLAKY
    assert sorted(again) == [2, 3, 4]


def test_each_side_is_looked_at_again_once():
    again = []

    def look_again(point):
        again.append(point)
        return LETTERS["gbgb"[point]]

    search(SearchPlan.every(4), lambda point: LETTERS["gbgb"[point]], again=look_again)
    assert again == [0, 1, 2, 3]


def test_the_largest_gap_says_what_may_have_been_missed():
    seen, _ = run(SearchPlan.grid(10, (5,)), "g" * 10)
    assert largest_gap(seen) == 5
    assert largest_gap({}) == 0


def test_no_points_ask_nothing():
    assert search(SearchPlan.quick(0), lambda point: GOOD) == {}
    assert list(search(SearchPlan.quick(1), lambda point: GOOD)) == [0]
