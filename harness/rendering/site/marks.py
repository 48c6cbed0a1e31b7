"""The mark and the style of each state on the site. Marks tell states apart without colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model import Outcome
from harness.rendering.grid import NOT_ASKED
from harness.rendering.results import FLAKY_WORD, NEVER_RUN_WORD, NO_VERDICT_WORD


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How a state is drawn: a character, and the name of its style."""

    mark: str
    style: str


MARKS: Mapping[str, Mark] = {
    Outcome.PASSED.value: Mark(mark="✓", style="pass"),
    Outcome.FAILED.value: Mark(mark="✗", style="fail"),
    Outcome.CRASHED.value: Mark(mark="‼", style="crash"),
    Outcome.TIMED_OUT.value: Mark(mark="◔", style="limit"),
    Outcome.OUT_OF_MEMORY.value: Mark(mark="▤", style="limit"),
    Outcome.NOT_APPLICABLE.value: Mark(mark="–", style="none"),
    Outcome.UNAVAILABLE.value: Mark(mark="∅", style="absent"),
    Outcome.ERROR.value: Mark(mark="!", style="unknown"),
    FLAKY_WORD: Mark(mark="≈", style="flaky"),
    NO_VERDICT_WORD: Mark(mark="⊘", style="unknown"),
    NEVER_RUN_WORD: Mark(mark="?", style="unknown"),
    NOT_ASKED: Mark(mark="·", style="blank"),
}
