"""The text of a report as pieces with their lines: headings, prose and blocks. Works on text alone, in bounded time."""

from __future__ import annotations

import enum
import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.reports.fences import with_fences
from harness.reports.not_python import FENCE, IPYTHON_PROMPT, PROMPT
from harness.reports.web_page import as_markdown, is_page

if TYPE_CHECKING:
    from markdown_it.token import Token

LONGEST = 1 << 18
"""Characters of a report that are read: four times what GitHub lets an issue have. The rest is a log."""
MOST = 1000
"""Pieces of a report that are read."""
_LONGEST_LINE = 4000
_TAG_LINE = re.compile(
    r"\s*(?:</?details[^>]*>|<summary[^>]*>(?P<title>[^<]*)</summary>|</?summary[^>]*>|<br */?>|\s)+\s*$"
)
_SUMMARY = re.compile(r"<summary[^>]*>(?P<title>[^<]*)</summary>")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PRE = re.compile(r"<(pre|code)\b[^>]*>(?P<text>.*?)</\1>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_BOLD_HEADING = re.compile(r"\s*(?:\*\*|__)(?P<title>[^*_]{2,80}?):?\s*(?:\*\*|__)\s*:?\s*$")
_HASHES = re.compile(r"^(#+)")
_OUTPUT = re.compile(r"\s*(?:Out\[\d*\]:|Traceback|-{10,}|\.\.\.)")
_HEADING_WITHOUT_SPACE = re.compile(r"#{1,6}[A-Za-z]")


class Shape(enum.Enum):
    """How a piece is set."""

    HEADING = "heading"
    PROSE = "prose"
    BLOCK = "block"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A heading, a paragraph or list item, or a block of verbatim text."""

    shape: Shape
    line: int
    """Of its first line of content, from 1."""
    text: str
    language: str = ""
    """The text after the opening fence."""
    section: str = ""
    """The heading that it stands under."""
    file: str = ""

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.split("\n")


def clip(text: str) -> tuple[str, int]:
    """Return the beginning of a text, and the number of lines after it that are not read."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text[:LONGEST].split("\n")
    left_out = text.count("\n", LONGEST) if len(text) > LONGEST else 0
    return "\n".join(line[:_LONGEST_LINE] for line in lines), left_out


def read_pieces(text: str, *, file: str = "") -> list[Piece]:
    """Split Markdown and HTML into pieces. Code without a fence is recognised, too."""
    text = _without_comments(text)
    page = as_markdown(text) if is_page(text) else list(enumerate(text.split("\n"), start=1))
    numbered = [(page[at - 1][0], line) for at, line in with_fences([_plain_line(line) for _, line in page])]
    lines, transcripts = _take_transcripts([line for _, line in numbered])
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"maxNesting": 20})
    # The text inside paragraphs is looked at as it is written: links and emphasis are not needed, and cost time.
    reader.core.ruler.enableOnly(["normalize", "block"])
    pieces = sorted([*_pieces(reader.parse("\n".join(lines))), *transcripts], key=lambda piece: piece.line)
    # A fence that was added has no line of its own in the report.
    numbers = [number for number, _ in numbered]
    pieces = [replace(each, file=file, line=numbers[min(each.line, len(numbers)) - 1]) for each in pieces]
    return [each for each in _with_sections(pieces) if each.text.strip()]


def _without_comments(text: str) -> str:
    """Blank what issue forms explain in comments; the lines stay."""
    return _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)


def _plain_line(line: str) -> str:
    """Blank the tags of <details>: its content is Markdown, with or without a blank line before it."""
    if "<" in line and _TAG_LINE.match(line):
        found = _SUMMARY.search(line)
        title = found["title"].strip() if found else ""
        return "" if not title or title.lower().startswith("click to") else f"**{title}**"
    return _HASHES.sub(r"\1 ", line) if _HEADING_WITHOUT_SPACE.match(line) else line


def _take_transcripts(lines: list[str]) -> tuple[list[str], list[Piece]]:
    """Take out transcripts that stand in no fence: to Markdown, `>>>` is a quotation. Their lines become blank."""
    kept, pieces = list(lines), []
    fence, taken, start = "", list[str](), 0
    for number, line in enumerate([*lines, "# end"], start=1):
        prompt = not fence and (PROMPT.match(line) or IPYTHON_PROMPT.match(line)) is not None
        over = bool(FENCE.match(line)) or line.startswith("#") or (not prompt and taken and not taken[-1].strip())
        if taken and over and not prompt and not _OUTPUT.match(line) and line.strip():
            pieces.append(Piece(shape=Shape.BLOCK, line=start, text=textwrap.dedent("\n".join(taken)).rstrip()))
            kept[start - 1 : start - 1 + len(taken)] = [""] * len(taken)
            taken = []
        if FENCE.match(line):
            mark = line.strip()[:3]
            fence = "" if fence == mark else fence or mark
        elif prompt or taken:
            start = start if taken else number
            taken.append(line)
    return kept, pieces


def _pieces(tokens: list[Token]) -> Iterator[Piece]:
    heading = False
    for token in tokens:
        if token.map is None:
            continue
        line = token.map[0] + 1
        if token.type == "heading_open":
            heading = True
        elif token.type == "fence":
            yield Piece(
                shape=Shape.BLOCK, line=line + 1, text=token.content.rstrip("\n"), language=_language(token.info)
            )
        elif token.type == "code_block":
            yield Piece(shape=Shape.BLOCK, line=line, text=textwrap.dedent(token.content).rstrip("\n"))
        elif token.type == "html_block":
            yield from _html_pieces(token.content, line)
        elif token.type == "inline":
            yield from _inline_pieces(token.content, line, heading)
            heading = False


def _language(info: str) -> str:
    return info.strip().split(" ")[0].strip("{.}").lower() if info.strip() else ""


def _inline_pieces(text: str, line: int, heading: bool) -> Iterator[Piece]:
    if heading:
        yield Piece(shape=Shape.HEADING, line=line, text=text.strip("*_ :"))
        return
    # A bold line by itself is what many write for a heading, also without a blank line around it.
    part: list[str] = []
    for offset, each in enumerate(text.split("\n")):
        if bold := _BOLD_HEADING.match(each):
            yield from _text_pieces("\n".join(part), line + offset - len(part))
            yield Piece(shape=Shape.HEADING, line=line + offset, text=bold["title"].strip())
            part = []
        else:
            part.append(each)
    yield from _text_pieces("\n".join(part), line + text.count("\n") + 1 - len(part))


def _text_pieces(text: str, line: int) -> Iterator[Piece]:
    if "<pre" in text.lower() or "<code" in text.lower():
        yield from _html_pieces(text, line)
    elif text.strip():
        yield Piece(shape=Shape.PROSE, line=line, text=text)


def _html_pieces(text: str, line: int) -> Iterator[Piece]:
    """Split HTML into the blocks of <pre> and the text between, without tags."""
    at = 0
    for found in _PRE.finditer(text):
        if "\n" not in found["text"] and found[1].lower() == "code":
            continue
        yield from _text_of_html(text[at : found.start()], line + text[:at].count("\n"))
        inner = found["text"]
        start = line + text[: found.start("text")].count("\n") + (inner.startswith("\n"))
        yield Piece(shape=Shape.BLOCK, line=start, text=html.unescape(_TAG.sub("", inner)).strip("\n"))
        at = found.end()
    yield from _text_of_html(text[at:], line + text[:at].count("\n"))


def _text_of_html(text: str, line: int) -> Iterator[Piece]:
    for number, each in enumerate(text.split("\n"), start=line):
        plain = html.unescape(_TAG.sub("", each)).strip()
        if plain:
            yield Piece(shape=Shape.PROSE, line=number, text=plain)


def _with_sections(pieces: list[Piece]) -> Iterator[Piece]:
    section = ""
    for piece in pieces:
        if piece.shape is Shape.HEADING:
            section = piece.text
        yield replace(piece, section=section)
