"""Check prose: Markdown pages, and the help texts of the command line, with proselint and .ci/prose.toml.

Usage: `python .ci/prose.py [PAGE ...]`; without pages, all of them and the help texts. Exit status 1 if something was found.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proselint.checks import __register__ as PROSELINT
from proselint.registry import CheckRegistry
from proselint.registry.checks import Check, types
from proselint.tools import LintFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
VOCABULARY = Path(__file__).with_name("prose.toml")
LONGEST_SENTENCE = 30
"""Words. The style guide asks for fewer than 26; this finds the ones that need a second reading."""
_CODE = re.compile(r"^```.*?^```|^(?: {4,}|\t)[^*\n-].*?$|^#+ .*?$|`[^`]*`|<!--.*?-->|https?://\S+|\]\([^)]*\)", re.MULTILINE | re.DOTALL)  # fmt: skip
_GENERATED = re.compile(r"<!-- (\w+):begin -->.*?<!-- \1:end -->", re.DOTALL)
_SENTENCE = re.compile(r"[^.!?:;|]+(?:[.!?](?=\w)[^.!?:;|]+)*")


def checks(vocabulary: dict[str, Any]) -> tuple[Check, ...]:
    """Return proselint's checks that are on, and one for each term of the vocabulary."""
    off = tuple(vocabulary["checks"]["off"])
    ours = tuple(
        Check(
            check_type=types.ExistenceSimple(pattern=rf"\b(?:{term})\b"),
            path="project.terms",
            message=f"Write instead: {instead}.",
        )
        for term, instead in vocabulary["terms"].items()
    )
    return (*(each for each in PROSELINT if not each.path.startswith((*off, "restricted"))), *ours)


def register() -> dict[str, Any]:
    """Register the checks with proselint; return the vocabulary."""
    vocabulary = tomllib.loads(VOCABULARY.read_text(encoding="utf-8"))
    CheckRegistry().register_many(tuple(each._replace(path=f".{each.path}") for each in checks(vocabulary)))
    return vocabulary


def prose_of(text: str) -> str:
    """Return Markdown without code, headings, addresses and generated sections; lines keep their numbers."""

    def blank(match: re.Match[str]) -> str:
        # A word in the place of inline code keeps the sentence whole.
        return "\n" * match.group().count("\n") or ("code" if match.group().startswith("`") else "")

    return _CODE.sub(blank, _GENERATED.sub(blank, text))


def found(name: str, text: str) -> Iterator[str]:
    """Yield what is wrong with a text, as lines for people."""
    if not text.strip():
        return
    for result in LintFile(name, text).lint({"max_errors": 1000, "checks": {"": True}}):
        line = max(1, result.pos[0])
        start, end = result.check_result.span
        quoted = " ".join(f"\n{text}\n"[start:end].split())
        yield f"{name}:{line}: {quoted!r}: {result.check_result.message} ({result.check_result.check_path})"
    for match in _SENTENCE.finditer(re.sub(r"\n\s*(?:\n|[*|]|\d+\.)", " . \n", text)):
        words = [each for each in match.group().split() if each.strip("(),;") != "code"]
        if len(words) > LONGEST_SENTENCE:
            line = text.count("\n", 0, text.find(words[0])) + 1
            yield f"{name}:{line}: {len(words)} words in one sentence: {' '.join(words[:8])} ... (project.sentence)"


def help_texts() -> Iterator[tuple[str, str]]:
    """Yield a name and the help texts of each command."""
    from reference import commands_of

    from harness.cli import build_parser

    for name, parser in {"": build_parser(), **commands_of(build_parser())}.items():
        texts = [parser.description, parser.epilog, *(each.help for each in parser._actions)]
        yield f"harness {name} --help".replace("  ", " "), "\n\n".join(f"{each}." for each in texts if each)


def main(arguments: list[str]) -> int:
    """Check pages, and the help texts if no page is named; return the exit status."""
    vocabulary = register()
    skip = {ROOT / each for each in vocabulary["pages"]["skip"]}
    pages = [Path(each).resolve() for each in arguments] or sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    pages = [each for each in pages if each not in skip and "_build" not in each.parts]
    texts = [(each.relative_to(ROOT).as_posix(), prose_of(each.read_text(encoding="utf-8"))) for each in pages]
    wrong = [line for name, text in [*texts, *([] if arguments else help_texts())] for line in found(name, text)]
    print(*wrong, f"{len(texts)} pages checked, {len(wrong)} problems", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
