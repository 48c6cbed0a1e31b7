"""Which side of a failing pair changed, from what the searches of both sides show."""

import pytest

from harness.pinpoint.answers.pair import (
    PairAnswer,
    SideSearch,
    origin,
    pair_document,
    pair_markdown,
    pair_terminal,
    verdicts,
)
from harness.pinpoint.answers.values import Answer, Point, ProvenTransition
from harness.pinpoint.candidates import ProbeResult
from harness.pinpoint.held_step import Held, Side
from harness.search.transitions import Observation, State, transitions
from tests.making import make_environment
from tests.schemas import validator

OBSERVATIONS = {
    "g": Observation(state=State.GOOD),
    "b": Observation(state=State.BAD, signature="b"),
    "x": Observation(state=State.OTHER, signature="x"),
    "f": Observation(state=State.FLAKY, signature="b", reason="flaky: 1 of 2 passed"),
    "-": Observation(state=State.UNTESTABLE, reason="no wheel"),
}


def answer(letters, place, side):
    """Return the search of one side: a letter for each release, and the place of the release of the pair."""
    versions = [f"1.{number}" for number in range(len(letters))]
    points = tuple(
        Point(name=version, observation=OBSERVATIONS[letter], result=ProbeResult(), place=number)
        for number, (version, letter) in enumerate(zip(versions, letters, strict=True))
    )
    environment = make_environment(f"env1.{place}", lib=f"1.{place}")
    found = transitions({number: each.observation for number, each in enumerate(points)})
    return Answer(
        case="s", issue=None, package="lib", base=environment, searched="all", complete=True, largest_gap=1,
        points=points,
        found=tuple(
            ProvenTransition(
                package="lib", before=points[each.last], after=points[each.first],
                untestable=tuple(points[between] for between in each.between),
            )
            for each in found
        ),
        probes=1, runs=1, pattern=None, command="harness pinpoint s",
        named=Point(
            name=environment.id, observation=OBSERVATIONS[letters[place]], result=ProbeResult(environment=environment)
        ),
        held=Held(side=side.other, environment=make_environment("held")),
    )  # fmt: skip


def pair(reader, writer):
    """Return the answer for `(letters, place)` of both sides."""
    sides = ((Side.READER, reader), (Side.WRITER, writer))
    return PairAnswer(
        case="s", package="lib", writer="envW", reader="envR", command="harness pinpoint s --both",
        sides=tuple(
            SideSearch(side=side, answer=answer(*of, side) if of else None, why_not="" if of else "it has no lib")
            for side, of in sides
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("letters", "place", "border"),
    [
        ("ggbb", 3, ("1.1", "1.2")),
        ("ggbbgg", 2, ("1.1", "1.2")),
        ("gbbgbb", 5, ("1.3", "1.4")),
        ("gbbgbb", 1, ("1.0", "1.1")),
        ("ggxbb", 4, ("1.1", "1.2")),
        ("gg-bb", 4, ("1.1", "1.3")),
        ("bbbb", 2, None),
        ("bbgg", 0, None),
        ("xxbb", 3, None),
        ("ggfbb", 4, None),
        ("gggg", 2, None),
    ],
)
def test_origin_is_the_last_border_from_a_pass_to_the_failure(letters, place, border):
    found = origin(answer(letters, place, Side.READER))
    assert (None if found is None else (found.before.name, found.after.name)) == border


@pytest.mark.parametrize(
    ("reader", "writer", "responsible"),
    [
        (("ggbbg", 3), ("bbbgg", 1), ["reader"]),
        (("bbbgg", 1), ("ggbbb", 3), ["writer"]),
        (("ggbb", 3), ("ggbb", 3), ["reader", "writer"]),
        (("bbbb", 3), ("bbbb", 3), []),
        (("bbgg", 1), ("bbgg", 1), []),
        (("ggbb", 3), None, ["reader"]),
    ],
    ids=["reader", "writer", "both", "never", "only fixed", "one side"],
)
def test_side_that_changed(reader, writer, responsible):
    found = pair(reader, writer)
    document = pair_document(found)
    validator("pair").validate(document)
    assert document["responsible"] == responsible
    text = " ".join(verdicts(found))
    assert ("The reader stopped accepting what envW writes" in text) == ("reader" in responsible)
    assert ("The writer changed what it writes" in text) == ("writer" in responsible)
    if not responsible:
        assert "No release of lib" in text
    for shown in (pair_terminal(found, 80), pair_markdown(found)):
        assert document["statements"][0].split(":")[0] in " ".join(shown.split()).replace("\\", "")


def test_side_that_was_not_searched_is_named():
    found = pair(("ggbb", 3), None)
    assert "The writer was not searched: it has no lib" in verdicts(found)
    assert pair_document(found)["not_searched"] == {"writer": "it has no lib"}


def test_release_without_a_pass_before_it_is_not_called_introduced():
    text = " ".join(verdicts(pair(("bbgg", 1), ("xxbb", 3))))
    assert "Introduced" not in text and "introduced" not in text
