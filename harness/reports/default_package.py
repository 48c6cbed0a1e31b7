"""The package of the versions that stand alone in a report: `works in 3.5`. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from harness.reports.clauses import OWN_NAMES
from harness.reports.mentions import companion_in, find_mentions
from harness.reports.pieces import Piece, Shape
from harness.reports.vocabulary import vocabulary


def default_package(title: str, pieces: Iterable[Piece]) -> str:
    """Return the package that a report is about: the first with a version in the title, or in the text."""
    pieces = list(pieces)
    texts = [title, *(piece.text[:2000] for piece in pieces)]
    if companion := companion_in(" ".join(texts)):
        return companion
    named = [each for text in texts for each in find_mentions(text) if each.package not in OWN_NAMES]
    named = [each for each in named if not each.package.endswith("-nightly")]  # `3.9.2` is not said of keras-nightly
    subjects = vocabulary().subjects_of(" ".join(texts))
    for text, subject in itertools.product(texts, subjects):
        for mention in find_mentions(text, subject):
            # A title may only have a number whose package is named elsewhere.
            package = next((each.package for each in named if each.version == mention.version), None)
            if package is not None:
                return package
    # `worked in 3.5` is not said of TensorFlow. Beside Python, it may be a version of that.
    texts = [title, *(each.text[:2000] for each in pieces if each.shape is not Shape.BLOCK)]
    texts = [text for text in texts if "python" not in text.lower()]
    fitting = (each for each in subjects if any(find_mentions(text, each) for text in texts))
    return next(fitting, subjects[0])
