"""The packages that `pip install` lines name, in code, in a shell, and in sentences."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from harness.reports.mentions import is_usual

INSTALL = re.compile(
    r"(?:^|\s|[!%;&|`])(?:uv )?(?:python\d?(?:\.\d+)? -m )?pip[\d.]*(?: --?\w[\w-]*){0,5} install "
    r"(?P<rest>(?:(?!\spip[\d.]* install )[^;&|`\n])*)"
)
# What a message advises was not installed: `ImportError: please run pip install x`
_SAID_BY_EXCEPTION = re.compile(r"\s*(?:E +)?(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Warning): ")
# `I only do pip install keras==2.2.4 and pip install numpy`
_WORDS = re.compile(r"(?<![\w$@])(?!sudo$|RUN$)[A-Za-z]+,?$")
_IS_REQUIREMENT = re.compile(r"-|.*(?:[=~<>]=|[<>\[])")
_LONGEST_LEAD = 200
"""Characters before the names that are read, to see whether they stand in a sentence."""
_BEFORE_OPERATOR = re.compile(r"(?<=\w)\s+(?=[=~!<>]=)")
_INSTALLERS = {"pip", "wheel", "virtualenv", "uv"}
"""Packages that install others: `pip install --upgrade pip`."""


def installed_by(text: str) -> Iterator[str]:
    """Yield the requirements of `pip install` lines, without options, files and addresses."""
    for found in INSTALL.finditer(text):
        start, end = text.rfind("\n", 0, found.start("rest")) + 1, found.start("rest")
        if _SAID_BY_EXCEPTION.match(text[start : min(end, start + _LONGEST_LEAD)]):
            continue
        rest = _BEFORE_OPERATOR.sub("", found["rest"].rstrip("\\"))
        try:
            words = shlex.split(rest, comments=True)
        except ValueError:
            words = rest.split()
        if _WORDS.search(text[max(start, found.start() - _LONGEST_LEAD) : found.start()]):
            words = _before_sentence_goes_on(words)
        skip = False
        for word in words:
            if skip or word.startswith("-"):
                skip = word in ("-r", "-c", "-f", "-i", "--index-url", "--extra-index-url", "--find-links", "-t")
                continue
            try:
                requirement = Requirement(word.strip("'\"`,").rstrip(".)"))
            except InvalidRequirement:
                continue
            if requirement.url is None and len(word) < 200 and requirement.name not in _INSTALLERS:
                yield str(requirement)


def _before_sentence_goes_on(words: list[str]) -> list[str]:
    """Return the words that are surely packages: the first, and those behind it that are usual or have a version."""
    first = next((at for at, word in enumerate(words) if not word.startswith("-")), len(words))
    rest = itertools.takewhile(
        lambda word: is_usual(word.strip(",")) or _IS_REQUIREMENT.match(word), words[first + 1 :]
    )
    return [*words[: first + 1], *rest]
