"""No sentence says more than the points show: sentences are read back and compared with random sequences."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from harness.pinpoint.answers.documents import document
from harness.pinpoint.answers.statements import statements
from harness.pinpoint.answers.texts import markdown, terminal
from harness.pinpoint.answers.values import Answer, Commit, Point, ProvenTransition, failures_of
from harness.pinpoint.candidates import ProbeResult
from harness.search.transitions import Kind, Observation, SearchPlan, State, search, transitions
from tests.unit.test_pinpoint_answer import BASE
from tests.unit.test_pinpoint_search import plans

OBSERVATIONS = {
    "g": Observation(state=State.GOOD),
    "b": Observation(state=State.BAD, signature="b"),
    "x": Observation(state=State.OTHER, signature="x"),
    "y": Observation(state=State.OTHER, signature="y"),
    "f": Observation(state=State.FLAKY, reason="flaky: 1 of 2 passed"),
    "h": Observation(state=State.FLAKY, signature="b", reason="flaky: 1 of 2 passed"),
    "-": Observation(state=State.UNTESTABLE, reason="no wheel"),
}
FAILING = "bxyfh"
sequences = st.lists(
    st.tuples(st.sampled_from("gggbbxyfh-"), st.integers(1, 6)).map(lambda run: run[0] * run[1]), min_size=1, max_size=8
).map("".join)


@st.composite
def searches(draw):
    """A sequence, what some of its points show when they are run again, and a plan of any mode."""
    sequence = draw(sequences)
    again = draw(st.dictionaries(st.integers(0, len(sequence) - 1), st.sampled_from("gbfh"), max_size=3))
    return sequence, again, draw(plans(len(sequence)))


def point(name, letter, place=0):
    return Point(name=name, observation=OBSERVATIONS[letter], result=ProbeResult(), place=place)


def name(place):
    return f"1.{place}"


def searched(sequence, again, plan):
    """Search; return the letters of the points that were run, and the answer. The last point is the named one."""
    letters = dict(enumerate(sequence))
    seen_again = set()

    def look_again(place):
        if place in again and sequence[place] != "-":
            letters[place] = again[place]
        seen_again.add(place)
        return OBSERVATIONS[letters[place]]

    seen = search(plan, lambda place: OBSERVATIONS[letters[place]], again=look_again)
    points = {place: point(name(place), letters[place], place) for place in sorted(seen)}
    found = [
        ProvenTransition(
            package="lib",
            before=points[each.last],
            after=points[each.first],
            untestable=tuple(points[place] for place in each.between),
        )
        for each in transitions(seen)
    ]
    run = {place: letters[place] for place in sorted(seen)}
    return run, answer(tuple(points.values()), tuple(found), named=point("env", sequence[-1]))


def answer(points, found, named):
    return Answer(
        case="s",
        issue=None,
        package="lib",
        base=BASE,
        searched="some",
        complete=False,
        largest_gap=1,
        points=points,
        found=found,
        probes=len(points),
        runs=len(points),
        named=named,
        pattern=None,
        command="harness pinpoint s",
    )


NAME = r"1\.\d+"
HEAD = re.compile(rf"lib ({NAME})(?: to ({NAME}))?(?: \((\d+) of (\d+) tested\))?: ([^.;]+)[.;]")
SHOWS = r"(?:passes|fails with \[\w+\]|is flaky with \[\w+\]|is flaky)"
IN = re.compile(rf"(Introduced|Fixed|Changed) in ({NAME})(?=[.] |[.]$| by)")
BETWEEN = re.compile(
    rf"(Introduced|Fixed|Changed) after ({NAME}) and not later than ({NAME}) \(not testable: ([^)]+)\)"
)
NEIGHBOURS = re.compile(
    r"The neighbours? that (?:was|were) run (?:fails? differently|differs?): (.+?)\.(?= [A-Z0-9]|$)"
)
SHOWN = re.compile(rf"({NAME}) ({SHOWS})")
EDGE = re.compile(rf"({NAME}) is the (first|last) that was tested\.")


def place_of(text):
    return int(text.partition(".")[2])


class Reader:
    """Compares what was said with what the points of a sequence showed."""

    def __init__(self, run, made):
        self.run = run
        self.failures = {failure.label: identity for identity, failure in failures_of(made).items()}

    def shows(self, letter, words):
        """Whether a point of this letter shows these words."""
        label = re.search(r"\[(\w+)\]", words)
        observation = OBSERVATIONS[letter]
        if words.startswith("passes"):
            return letter == "g"
        flaky = observation.state is State.FLAKY
        named = self.failures[label.group(1)] if label else None
        return flaky == words.startswith("is flaky") and observation.signature == named

    def tested(self, low, high):
        return {place: letter for place, letter in self.run.items() if low <= place <= high and letter != "-"}

    def border(self, verb, last, first):
        """Check the words introduced, fixed and changed against the two neighbours."""
        before, after = self.run[last], self.run[first]
        assert (verb == "Introduced") == (before == "g")
        assert (verb == "Fixed") == (after == "g")
        assert "-" not in (before, after) and before != after
        assert all(self.run[place] == "-" for place in range(last + 1, first))

    def check(self, sentence):
        """Check a sentence; return the range that it speaks of."""
        head = HEAD.match(sentence)
        assert head, sentence
        low, high = place_of(head[1]), place_of(head[2] or head[1])
        tested = self.tested(low, high)
        assert low in tested and high in tested
        assert all(self.shows(letter, head[5]) for letter in tested.values()), sentence
        assert (int(head[3] or high - low + 1), int(head[4] or high - low + 1)) == (len(tested), high - low + 1)
        for verb, first in IN.findall(sentence):
            self.border(verb, place_of(first) - 1, place_of(first))
        for verb, last, first, names in BETWEEN.findall(sentence):
            self.border(verb, place_of(last), place_of(first))
            assert [place_of(each) for each in names.split(", ")] == list(range(place_of(last) + 1, place_of(first)))
        for shown in NEIGHBOURS.findall(sentence):
            told = SHOWN.findall(shown)
            assert len(told) == len(shown.split(", "))
            for place, words in told:
                assert self.run[place_of(place)] in FAILING and self.shows(self.run[place_of(place)], words)
                assert place_of(place) in self.neighbours(low, high)
        for place, edge in EDGE.findall(sentence):
            every = list(self.tested(0, len(self.run) and max(self.run)))
            assert place_of(place) == (every[0] if edge == "first" else every[-1])
        return low, high

    def neighbours(self, low, high):
        every = [place for place, letter in self.run.items() if letter != "-"]
        return {place for place in every if place < low}.union(place for place in every if place > high)


@given(searches())
def test_no_sentence_contradicts_a_point(case):
    sequence, again, plan = case
    run, made = searched(sequence, again, plan)
    reader = Reader(run, made)
    said = statements(made)
    tested = [letter for letter in run.values() if letter != "-"]
    if not tested:
        assert said == ["No release of lib could be tested."]
        return
    told = [each for each in said if each.startswith("lib ")]
    ranges = [reader.check(each) for each in told]
    for each in said[len(told) :]:
        assert each.startswith(("Nothing differs", "Both ends fail differently"))
        for place, words in SHOWN.findall(each):
            assert reader.shows(run[place_of(place)], words)
        assert each.startswith("Nothing") == (len({OBSERVATIONS[letter] for letter in tested}) == 1)
    if set(tested) != {"g"}:
        spoken = {place for low, high in ranges for place in reader.tested(low, high)}
        assert spoken == {place for place, letter in run.items() if letter not in "g-"}, (
            "every failing point is told of"
        )


@given(searches())
def test_introduced_and_fixed_are_said_only_next_to_a_pass(case):
    sequence, again, plan = case
    run, made = searched(sequence, again, plan)
    for found, each in zip(made.found, document(made)["transitions"], strict=True):
        last, first = place_of(each["last"]), place_of(each["first"])
        assert (each["kind"] == "introduced") == (run[last] == "g")
        assert (each["kind"] == "fixed") == (run[first] == "g")
        assert found.before.name == each["last"]
        assert [place_of(lost) for lost in each["untestable"]] == list(range(last + 1, first))
    for text in (terminal(made), markdown(made)):
        assert text.lower().count("introduced in") <= 2 * sum(each.kind is Kind.INTRODUCED for each in made.found)


@given(sequences)
def test_where_every_point_is_run_every_transition_is_reported(sequence):
    run, made = searched(sequence, {}, SearchPlan.every(len(sequence)))
    tested = [place for place, letter in run.items() if letter != "-"]
    scan = [
        (last, first)
        for last, first in itertools.pairwise(tested)
        if OBSERVATIONS[run[last]].differs_from(OBSERVATIONS[run[first]])
    ]
    assert [(place_of(each.before.name), place_of(each.after.name)) for each in made.found] == scan
    said = " ".join(statements(made))
    for last, first in scan:
        verbs = {run[last] == "g": "Introduced", run[first] == "g": "Fixed"}
        if True in verbs:
            where = f"in {name(first)}" if first - last == 1 else f"after {name(last)} and not later than {name(first)}"
            assert f"{verbs[True]} {where}" in said
        else:
            assert name(last) in said and name(first) in said


COMMITS = re.compile(r"(introduced|fixed|error changed) by (\w{7})|(no longer flaky|flaky) from (\w{7})")


def sha(place):
    return f"{place:07x}".ljust(40, "0")


def with_commits(sequence, plan):
    """Two releases, the first and the last letter, and what a search over the commits between them finds."""
    seen = search(plan, lambda place: OBSERVATIONS[sequence[place]])
    points = {place: point(sha(place), sequence[place], place) for place in seen}
    commits = tuple(
        Commit(
            sha=sha(each.first),
            title="T",
            date="2024-01-01",
            pull_request=None,
            files=(),
            before=points[each.last],
            after=points[each.first],
            untestable=tuple(points[place] for place in each.between),
        )
        for each in transitions(seen)
    )
    ends = (point("1.0", sequence[0], 0), point("1.1", sequence[-1], 1))
    return ProvenTransition(package="lib", before=ends[0], after=ends[1], commits=commits)


@given(sequences, st.sampled_from("gbx"), st.sampled_from("gbx"), st.booleans())
@example("bbbb", "g", "x", False)
def test_commits_explain_the_whole_way_from_one_release_to_the_next(between, before, after, quick):
    """A commit breaks it, a later one changes the error: the first is named as what introduced it."""
    if before == after:
        return
    sequence = before + between + after
    plan = SearchPlan.quick(len(sequence)) if quick else SearchPlan.every(len(sequence))
    found = with_commits(sequence, plan)
    way = [OBSERVATIONS[before], *(each.after.observation for each in found.commits)]
    assert [each.before.observation for each in found.commits] == way[:-1]
    assert way[-1] == OBSERVATIONS[after]
    named = found.commit
    if named is not None:
        assert (named.kind is Kind.INTRODUCED) == (sequence[place_of_sha(named.before.name)] == "g")
        assert (named.kind is Kind.FIXED) == (sequence[place_of_sha(named.sha)] == "g")
        if after == "g":
            assert named.kind is Kind.FIXED
        elif before == "g":
            assert named.kind is Kind.INTRODUCED
    made = answer((found.before, found.after), (found,), named=found.after)
    for sentence in statements(made):
        for verb, short, flaky, other in COMMITS.findall(sentence):
            place = int(short or other, 16)
            last = max(index for index in range(place) if sequence[index] != "-")
            assert (verb == "introduced") == (not flaky and sequence[last] == "g")
            assert (verb == "fixed") == (not flaky and sequence[place] == "g")
            assert bool(flaky) == bool({sequence[last], sequence[place]} & set("fh"))


def place_of_sha(text):
    return int(text[:7], 16)


@given(st.text("bxy-", min_size=1, max_size=12), st.sampled_from("bxy"))
def test_of_texts_without_an_expected_one_nothing_is_introduced_fixed_or_fails(sequence, named):
    """Nobody said which text is right."""

    def printing(place, letter):
        observation = replace(OBSERVATIONS[letter], printed=None if letter == "-" else f"prints {letter}")
        return Point(name=name(place), observation=observation, result=ProbeResult(), place=place)

    points = tuple(printing(place, letter) for place, letter in enumerate(sequence))
    seen = {each.place: each.observation for each in points}
    found = tuple(
        ProvenTransition(
            package="lib",
            before=points[each.last],
            after=points[each.first],
            untestable=tuple(points[place] for place in each.between),
        )
        for each in transitions(seen)
    )
    made = replace(answer(points, found, named=printing(0, named)), watch="output")
    assert {each.kind for each in found} <= {Kind.CHANGED}
    for text in (" ".join(statements(made)), terminal(made), markdown(made)):
        assert not re.search(r"[Ii]ntroduced|[Ff]ixed|\bfails?\b|\berrors?\b|passes", text), text
    observed = [each["observation"] for each in document(made)["tested"]]
    assert [each is None for each in observed] == [letter == "-" for letter in sequence]
