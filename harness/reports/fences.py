"""Put code into fences where the text of a report has none, or odd ones. Every line keeps its number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from harness.project.syntax import tree_of
from harness.reports.common_margin import without_margin
from harness.reports.not_python import FENCE, IPYTHON_OUTPUT, IPYTHON_PROMPT, MAGIC, PROMPT

Numbered = tuple[int, str]
"""A line with its number in the report, from 1."""

_MARK = "```"
_LANGUAGE = re.compile(r"(?:python3?|py|ipython|pycon|shell|bash|sh|text|console)\b", re.IGNORECASE)
_CODE_IN_INFO = re.compile(r"(?:import|from) \w|\w[\w.]*\s*=|\w[\w.]*\(|[>!%]")
_ODD_MARK = re.compile(r"\s{0,3}(?P<mark>``?|´{1,3}|'{3}|\"{3}|‘{3}|’{3})(?:python|py)?\s*$", re.IGNORECASE)
_LONGEST_PART = 400
"""Lines of one piece of code without a fence."""
_STARTS = re.compile(
    r"(?:import [A-Za-z_]|from [A-Za-z_][\w.]* import |def \w+\(|class \w+[(:]|@[A-Za-z_]"
    r"|(?:with|for|if|while) .+:\s*(?:#.*)?$|try:"
    r"|(?:assert|return|del) \w|[A-Za-z_][\w.\[\]'\", ]{0,60}(?:\[[^\]\n]{1,40}\])?\s*[-+*/]?=(?!=)\s*\S"
    r"|[A-Za-z_][\w.]*\(|[!%]\w"
    r"|\([A-Za-z_][\w., ()]{0,80}\)\s*=(?!=)\s*\S)"
)
_CONTINUES = re.compile(r"\s|[)\]}]|#|(?:else|elif|except|finally)\b")
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|#.*")
_EMPTY_PROMPT = re.compile(r"\s{0,3}In ?\[\s*\d*\]:\s*$")
_VERBATIM = re.compile(r"<(/?(?:pre|code))\b", re.IGNORECASE)
_END_TAGS = re.compile(r"(?:</[a-zA-Z]{1,12}>\s*)+$")
_LINES_OF_CODE = 3
"""Lines between backticks that are no quotation of one line."""
_MARGIN_OF_BLOCK = 4
_TRIES = 12
_MOST_STARTS = 50
"""Places of a report that are looked at: a long log has thousands that look like code at first."""


def with_fences(lines: Sequence[str]) -> list[Numbered]:
    """Return the lines of Markdown with a fence around each piece of code, and each fence on a line of its own."""
    return list(_around_code(list(_regular(_cells_at_prompts(lines)))))


def _cells_at_prompts(lines: Sequence[str]) -> list[str]:
    """Put the code of a cell behind its prompt, where `In [3]:` has a line of its own: the lines keep their numbers."""
    prompts = [at for at, line in enumerate(lines) if _EMPTY_PROMPT.match(line)]
    found = list(lines)
    for at, following in zip(prompts[:_MOST_STARTS], [*prompts[1:], len(lines)], strict=False):
        end = next((place for place in range(at, following) if IPYTHON_OUTPUT.match(lines[place])), following)
        first = next((place for place in range(at + 1, end) if lines[place].strip()), end)
        length = _parsed(lines[first : min(end, first + _LONGEST_PART)])
        for place in range(first, first + length):
            found[place] = ("   ...: " if place > first else f"{lines[at].strip()} ") + lines[place]
        if length:
            found[at] = ""
    return found


def _regular(lines: Sequence[str]) -> Iterator[Numbered]:
    """Split fences from the code on their line, and replace the marks that people take for a fence."""
    fence = odd = ""
    left = _MOST_STARTS
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if odd:
            plain = _END_TAGS.sub("", line.rstrip()).rstrip()
            closes = plain.endswith(odd)
            if rest := plain[: -len(odd)].rstrip() if closes else line:
                yield number, rest
            if closes:
                odd = ""
                yield number, _MARK
        elif fence:
            closes = stripped.endswith(fence) and stripped.strip(fence[0]) != "" and not FENCE.match(line)
            if closes:
                yield number, line.rstrip().rstrip(fence[0])
                yield number, fence
            else:
                yield number, line
            if closes or (stripped.startswith(fence) and not stripped.strip(fence[0])):
                fence = ""
        elif FENCE.match(line):
            yield from _opened(number, line)
            mark = stripped[: len(stripped) - len(stripped.lstrip(stripped[0]))]
            fence = "" if len(stripped) > 2 * len(mark) and stripped.endswith(mark) else mark
        else:
            maybe = left and stripped.startswith(("`", "'", '"', "´", "‘", "’"))
            left -= bool(maybe)
            odd = _odd_mark(lines, number - 1) if maybe else ""
            rest = stripped.removeprefix(odd) if odd else line
            if odd:
                yield number, _MARK
            if rest or not odd:
                yield number, rest


def _opened(number: int, line: str) -> Iterator[Numbered]:
    """Yield the opening fence; code behind it becomes a line of its own."""
    indent = line[: len(line) - len(line.lstrip())]
    mark = line.strip()[: len(line.strip()) - len(line.strip().lstrip(line.strip()[0]))]
    info = line.strip()[len(mark) :].strip()
    language = found.group() if (found := _LANGUAGE.match(info)) else ""
    rest = info[len(language) :].strip()
    if rest and _CODE_IN_INFO.match(rest):
        yield number, f"{indent}{mark}{language}"
        yield number, indent + rest.removesuffix(mark)
        if rest.endswith(mark):
            yield number, indent + mark
    else:
        yield number, line


def _odd_mark(lines: Sequence[str], at: int) -> str:
    """Return the mark that opens code here and closes it below: quotes on a line, or one backtick before code."""
    line = lines[at]
    below = lines[at + 1 : at + 1 + _LONGEST_PART]
    if found := _ODD_MARK.match(line):
        mark = found["mark"]
        end = next((place for place, each in enumerate(below) if each.strip() == mark or FENCE.match(each)), None)
        if end is not None and end > 0 and below[end].strip() == mark:
            return mark
    stripped = line.strip()
    if not stripped.startswith("`") or line.startswith("    ") or stripped.count("`") != 1:
        return ""
    end = next((place for place, each in enumerate(below) if "`" in each), None)
    last = _END_TAGS.sub("", below[end]) if end is not None else ""
    if end is None or end < 1 or last.count("`") != 1 or not last.rstrip().endswith("`"):
        return ""
    text = "\n".join([stripped[1:], *below[:end], last.rstrip()[:-1]])
    return "`" if _is_code(without_margin(text), fewest=1 if end + 2 >= _LINES_OF_CODE else 3) else ""


def _around_code(lines: list[Numbered]) -> Iterator[Numbered]:
    """Put fences around code that stands in the text without any."""
    at, fence, html, left = 0, "", False, _MOST_STARTS
    while at < len(lines):
        number, line = lines[at]
        if FENCE.match(line):
            mark = line.strip()[:3]
            fence = "" if fence == mark else fence or mark
        for tag in () if fence else _VERBATIM.findall(line):
            html = not tag.startswith("/")
        length = 0
        if left and not fence and not html and _STARTS.match(line[_margin(line) :]):
            left -= 1
            length = _code_from(lines, at)
        if not length:
            yield number, line
            at += 1
            continue
        yield number, _MARK
        yield from lines[at : at + length]
        at += length
        yield lines[at - 1][0], _MARK


def _code_from(lines: list[Numbered], start: int) -> int:
    """Return the number of lines from here on that are code; 0 if what begins here is none."""
    margin = _margin(lines[start][1])
    below = [line for _, line in lines[start : start + _LONGEST_PART]]
    whole = next((at for at, line in enumerate(below) if line[:margin].strip()), len(below))
    texts = [line[margin:] for line in below[:whole]]
    end, depth = 0, 0
    for place, line in enumerate(texts):
        inside = depth > 0
        if FENCE.match(line) or PROMPT.match(line) or IPYTHON_PROMPT.match(line):
            break
        if not inside and line.strip() and not _STARTS.match(line) and not (place and _CONTINUES.match(line)):
            break
        plain = _STRING.sub("", line)
        depth = max(0, depth + sum(map(plain.count, "([{")) - sum(map(plain.count, ")]}")))
        if line.strip() and (inside or not line.startswith("#")):
            end = place + 1
    end = _parsed(texts[:end])
    return end if _is_code("\n".join(texts[:end])) else 0


def _margin(line: str) -> int:
    """Return the blanks before a line; 0 if Markdown reads them as a block of code."""
    margin = len(line) - len(line.lstrip(" "))
    return margin if margin < _MARGIN_OF_BLOCK else 0


def _parsed(texts: Sequence[str]) -> int:
    """Return the number of lines that Python can read, from the first on."""
    end = len(texts)
    for _ in range(_TRIES):
        while end and not texts[end - 1].strip():
            end -= 1
        fault = _fault("\n".join("" if MAGIC.match(line) else line for line in texts[:end])) if end else None
        if fault is None:
            return end
        end = min(end - 1, fault - 1)
    return 0


def _fault(text: str) -> int | None:
    """Return the line at which Python stops reading."""
    if tree_of(text) is not None:
        return None
    try:
        compile(text, "report", "exec", ast.PyCF_ONLY_AST)
    except SyntaxError as error:
        return max(1, error.lineno or 1)
    except (ValueError, RecursionError, MemoryError):
        return 1
    return None


def _is_code(text: str, *, fewest: int = 3) -> bool:
    """Return whether a text is a program of at least `fewest` statements, and not a quoted line of one."""
    tree = tree_of("\n".join("" if MAGIC.match(line) else line for line in text.split("\n")))
    if tree is None:
        return False
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Assign) and isinstance(tree.body[0].value, ast.Call):
        return (tree.body[0].end_lineno or 0) - tree.body[0].lineno + 1 >= _LINES_OF_CODE  # `model = Sequential([`
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    calls = any(isinstance(node, ast.Call) for node in ast.walk(tree))
    return calls and len(tree.body) >= (min(2, fewest) if imports else fewest)
