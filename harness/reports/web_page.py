"""Convert a report that was copied as HTML to Markdown. Every line keeps its number. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from harness.reports.not_python import FENCE

Numbered = tuple[int, str]
"""A line with its number in the HTML, from 1."""

_PAGE = re.compile(
    r"\s*<(?:!doctype|html|head|body|article|section|main|div|table|ul|ol|h[1-6]|p|pre)\b[^<>]*>", re.IGNORECASE
)
_BLOCKS = frozenset({
    "article", "blockquote", "body", "br", "dd", "details", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6",
    "head", "hr", "html", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "th", "thead",
    "title", "tr", "ul",
})  # fmt: skip
_SKIPPED = frozenset({"script", "style", "title", "button", "svg"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "summary"})
_LANGUAGE = re.compile(r"\b(?:highlight-source|highlight-text|language|lang)-(?P<language>\w+)")
_ENDS = re.compile(r"</(?:p|div|pre|h[1-6]|li|td)>", re.IGNORECASE)
# The parser of Python raises AssertionError for `<![x`, and looks at the whole rest for the end of each `<a `.
_NO_TAG = re.compile(r"<(?!/?[A-Za-z][^<>]{0,2000}>)")
_FEWEST_TAGS = 2
_MARKS = {"code": "`", "li": "- ", "strong": "**", "b": "**", **dict.fromkeys(_HEADINGS, "## ")}


def is_page(text: str) -> bool:
    """Return whether a text is HTML as a whole, with its code in <pre>, and not Markdown with some tags."""
    if not _PAGE.match(text) or "<pre" not in text.lower() or any(FENCE.match(line) for line in text.split("\n")):
        return False
    return (
        sum(1 for _ in zip(range(_FEWEST_TAGS), re.finditer(r"</(?:p|div|pre|h[1-6]|li|td)>", text), strict=False)) > 1
    )


def as_markdown(text: str) -> list[Numbered]:
    """Return the lines of a page as Markdown."""
    page = _Page()
    page.feed(_NO_TAG.sub("&lt;", text))
    page.close()
    page.end_line()
    return page.lines


class _Page(HTMLParser):
    """Collect the lines of a page: a fence around each <pre>, `#` before a heading, backticks around <code>."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Numbered] = []
        self._number, self._text = 1, ""
        self._verbatim = self._skipped = 0
        self._language = ""
        self._fence = 0

    def end_line(self) -> None:
        """End the line that is being collected."""
        if self._text.strip() or self._verbatim:
            self.lines.append((self._number, self._text.rstrip()))
        elif self.lines and self.lines[-1][1]:
            self.lines.append((self._number, ""))
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin what a tag stands for."""
        named = _LANGUAGE.search(next((value or "" for name, value in attrs if name == "class"), ""))
        self._language = named["language"] if named else self._language
        self._skipped += tag in _SKIPPED
        if tag in _BLOCKS and not self._verbatim:
            self._begin()
        if tag == "pre":
            if not self._verbatim:
                self.lines.append((self._number, ""))
                self._fence = len(self.lines)
                self.lines.append((self._number, f"```{self._language}"))
            self._verbatim += 1
        elif named and self._verbatim:
            self.lines[self._fence] = (self.lines[self._fence][0], f"```{self._language}")
        elif tag == "br" and self._verbatim:
            self.end_line()
        elif not self._verbatim:
            self._text += {"code": "`", "li": "- ", "strong": "**", "b": "**"}.get(
                tag, "## " if tag in _HEADINGS else ""
            )

    def handle_endtag(self, tag: str) -> None:
        """End what a tag stands for."""
        self._skipped = max(0, self._skipped - (tag in _SKIPPED))
        if tag == "pre" and self._verbatim:
            self._verbatim -= 1
            if not self._verbatim:
                self._end_of_verbatim()
        elif not self._verbatim:
            self._text += _MARKS.get(tag, "") if tag not in _BLOCKS else ""
            if tag in _BLOCKS:
                self._begin()

    def handle_data(self, data: str) -> None:
        """Add text."""
        if self._skipped:
            return
        number = self.getpos()[0]
        for offset, part in enumerate(data.split("\n")):
            if offset:
                self.end_line()
            if not self._text:
                self._number = number + offset
            self._text += part if self._verbatim or self._text else part.lstrip()

    def _begin(self) -> None:
        """Begin a paragraph."""
        self.end_line()
        self._number = self.getpos()[0]
        if self.lines and self.lines[-1][1]:
            self.lines.append((self._number, ""))

    def _end_of_verbatim(self) -> None:
        if self._text.strip():
            self.lines.append((self._number, self._text.rstrip()))
        self._text, self._language = "", ""
        at = self._fence + 1
        if at < len(self.lines) and not self.lines[at][1]:
            del self.lines[at]  # the line behind <pre>
        self.lines += [(self.getpos()[0], "```"), (self.getpos()[0], "")]
