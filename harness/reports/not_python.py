"""Recognise text that no Python can read: what it is instead, its first offending line, and what to do about it."""

from __future__ import annotations

import functools
import json
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.project.syntax import tree_of
from harness.reports.kinds import Fault, Kind, Refusal, shortened

FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
PROMPT = re.compile(r"\s*>>>(?: |$)")
IPYTHON_PROMPT = re.compile(r"\s*In \[\s*\d*\]: ?")
IPYTHON_OUTPUT = re.compile(r"\s*Out ?\[\s*\d*\]: ?")
TRACEBACK = re.compile(
    r"\s*Traceback \(most recent call last\):?\s*$|\s*\w+(?:Error|Exception)\s+Traceback \(most recent"
)
# A line that IPython would not pass on to Python. `%` and `?` alone also stand in Python: see _MAGIC_NAMES.
MAGIC = re.compile(r"\s*(?:!\s*[\w./$~]|%%?[A-Za-z_]\w*|\?{1,2}[A-Za-z_]|[A-Za-z_][\w.]*\?{1,2}\s*$)")
_KNOWN_MAGIC = re.compile(
    r"\s*(?:!\w|%%[a-z]+|%(?:pip|conda|matplotlib|load_ext|reload_ext|env|set_env|cd|tensorflow_version|time|timeit|run|"
    r"autoreload|capture|config|writefile|reset|pylab|debug|store|tensorboard|bash|sh|pwd|ls)\b)"
)
_MARKDOWN = re.compile(r"\s*\* \S|\s*- \[[ xX]\] |\*\*[^*]+\*\*|\s*</?(?:details|summary)\b|.*\]\(https?:|.*`[^`]+`")
_HTML = re.compile(r"\s*<(?:!doctype|html|head|body|div|p|pre|h[1-6]|table|span|br)\b", re.IGNORECASE)
SHELL_SHEBANG = re.compile(r"#!.*\b(?:ba|z|da|k|c|tc|fi)?sh\b")
_SHELL_LINE = re.compile(
    r"\s*(?:[$#] )?(?:pip3?|python[\d.]*|conda|mamba|cd|ls|export|set|sudo|apt(?:-get)?|git|docker|wget|curl|unzip|tar|"
    r"mkdir|rm|cp|mv|cat|source|echo|bash|sh|uv|poetry|cmake|make|bazel|pytest|nox|tox|brew|virtualenv)\s+[\w./\"'$~-]"
)
_PROMPTED_SHELL = re.compile(r"\s*(?:\([\w.-]+\) )?(?:\S+@\S+[:~]\S*)?\s*[$] \w")
_PATCH = re.compile(r"^diff --git |^Index: |^--- .+\n\+\+\+ .+\n@@ ", re.MULTILINE)
_YAML = re.compile(r"\s*(?:- +)?[\w.\"'/-]+ *:(?: |$)|\s*- \S|---\s*$")
_TOML_TABLE = re.compile(r"\[{1,2}[\w. \"'-]+\]{1,2}\s*(?:#|$)")
_TOML_KEY = re.compile(r"[\w. \"'-]+=")
_PYTHON_2 = re.compile(
    r"\s*print\s+[^\s(=.\[,:]|\s*print\s*>>|\s*exec\s+[\"'\w]|\s*except\s+[\w.]+\s*,\s*\w+\s*:|\s*raise\s+[\w.]+\s*,"
    r"|.*[^<]<>[^>]|.*\bur[\"']|.*\b\d+[lL]\b"
)
_PYTHON_2_MESSAGE = re.compile(r"Missing parentheses in call to|multiple exception types must be parenthesized")
_QUOTES = re.compile(r"""\"\"\"|\'\'\'""")
_LONGEST_LINE = 500  # of the faulty line that is looked at: some patterns look at each of its places again
_KEYWORD = re.compile(
    r"\s*(?:import|from|def|class|if|for|while|with|try|return|print|async|await|assert|raise|del|lambda|not|elif|else)\b"
)
_SENTENCE = re.compile(
    r"\s*[A-Z\"'(]?\w[\w'’/-]*[,:]?(?: [\w'’`(\"/.,:;)?!-]+){2,}\s*$"
    r"|\s*\w+[,:]?(?: [\w'’-]+[,.:;]?){4,}"
)
_ENDED_EARLY = re.compile(
    r"was never closed|unexpected EOF|EOF in multi-line|EOF while scanning triple|unterminated triple-quoted"
)
_UNFINISHED = re.compile(r"expected an indented block|expected 'except' or 'finally'|unexpected EOF|invalid syntax")
_INDENTATION = re.compile(r"indent|inconsistent use of tabs|tabs and spaces", re.IGNORECASE)
_STRANGE = re.compile(
    r"invalid (?:non-printable )?character|unexpected character|invalid decimal|unterminated string|EOL"
)
# Characters that word processors, chat programs and web pages write instead of ASCII.
TYPOGRAPHIC = {
    "“": "a typographic quote", "”": "a typographic quote", "„": "a typographic quote", "‘": "a typographic quote",
    "’": "a typographic quote", "‚": "a typographic quote", "«": "a typographic quote", "»": "a typographic quote",
    "′": "a prime", "″": "a double prime", "–": "a dash", "—": "a dash", "−": "a minus sign", "…": "an ellipsis",
    "\u00a0": "a non-breaking space", "\u202f": "a non-breaking space", "\u2009": "a thin space",
    "\u3000": "a wide space",
    "\u200b": "a zero-width space", "\u2060": "a word joiner", "\ufeff": "a byte order mark", "\u00ad": "a soft hyphen",
    "\u200e": "a direction mark", "\u200f": "a direction mark", "\u2028": "a line separator",
    "，": "a full-width comma",
    "（": "a full-width bracket", "）": "a full-width bracket", "：": "a full-width colon", "＝": "a full-width sign",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Text:
    """A text, split once, with the place where Python stopped."""

    text: str
    fault: Fault

    @functools.cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @functools.cached_property
    def outside(self) -> list[tuple[int, str]]:
        """The lines that no string in triple quotes goes over, with their numbers."""
        return list(outside_strings(self.lines))

    @functools.cached_property
    def filled(self) -> list[tuple[int, str]]:
        """The lines that are neither blank nor a comment."""
        return [(number, line) for number, line in self.outside if line.strip() and not line.lstrip().startswith("#")]

    @property
    def faulty(self) -> str:
        """The line at which Python stopped."""
        return self.lines[self.fault.line - 1][:_LONGEST_LINE]

    def first(self, pattern: re.Pattern[str]) -> int | None:
        """Return the number of the first line outside strings that a pattern fits."""
        return next((number for number, line in self.outside if pattern.match(line)), None)

    def refuse(self, kind: Kind, line: int | None, why: str, next_step: str) -> Refusal:
        quoted = shortened(self.lines[line - 1]) if line else ""
        return Refusal(kind=kind, line=line, quoted=quoted, why=why, next_step=next_step)


def recognise(text: str, fault: Fault) -> Refusal:
    """Return the kind of a text that no Python can parse. Never raises."""
    line = max(1, min(fault.line, text.count("\n") + 1))  # some Pythons name the line behind the last one
    read = _Text(text=text, fault=Fault(line=line, message=fault.message))
    return next(found for rule in _RULES if (found := rule(read)) is not None)


def outside_strings(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that do not begin inside a string in triple quotes, with their numbers from 1."""
    quote = ""
    for number, line in enumerate(lines, start=1):
        if not quote:
            yield number, line
        for found in _QUOTES.findall(line):
            if not quote or found == quote:
                quote = "" if quote else found


def _empty(read: _Text) -> Refusal | None:
    if read.text.strip():
        return None
    return read.refuse(Kind.EMPTY, None, "there is nothing to run", "Check the path")


def _json(read: _Text) -> Refusal | None:
    """Return the refusal of JSON. A notebook that was cut off or edited by hand is still a notebook."""
    start = read.text.lstrip()
    if not start.startswith(("{", "[")):
        return None
    line = read.text[: len(read.text) - len(start)].count("\n") + 1
    if '"cells"' in start and '"cell_type"' in start:
        how = (
            "Save its code as a script first: `jupyter nbconvert --to script FILE`, without the magics and shell lines"
        )
        return read.refuse(Kind.NOTEBOOK, line, "it is JSON, and its cells are not run", how)
    try:
        json.loads(start)
    except (ValueError, RecursionError):
        return None
    return read.refuse(Kind.JSON, line, "there is nothing to run", "Name the script that reads it")


def _patch(read: _Text) -> Refusal | None:
    found = _PATCH.search(read.text)
    if found is None or read.text[: found.start()].count('"""') % 2:
        return None
    line = read.text[: found.start()].count("\n") + 1
    how = "Name a script that shows the bug. To run a script with changed sources, see `harness run --overlay`"
    return read.refuse(Kind.PATCH, line, "it changes files and runs nothing", how)


def _shell_script(read: _Text) -> Refusal | None:
    if not SHELL_SHEBANG.match(read.lines[0]):
        return None
    return read.refuse(Kind.SHELL, 1, "only Python is run", "Name the Python script that it starts")


def _fenced(read: _Text) -> Refusal | None:
    line = read.first(FENCE)
    if line is None:
        return None
    how = "Save the code between the ``` lines as a script of its own"
    return read.refuse(Kind.MARKDOWN, line, "it has code between ``` lines", how)


def _transcript(read: _Text) -> Refusal | None:
    for kind, pattern, prompts in (
        (Kind.IPYTHON_TRANSCRIPT, IPYTHON_PROMPT, "`In [...]:` and `...:`"),
        (Kind.TRANSCRIPT, PROMPT, "`>>>` and `...`"),
    ):
        if (line := read.first(pattern)) is not None:
            how = (
                f"Remove the prompts ({prompts}) and the output. Write print(...) around the expressions whose value "
                "was shown"
            )
            return read.refuse(kind, line, "prompts and output are not Python", how)
    return None


def _traceback(read: _Text) -> Refusal | None:
    line = read.first(TRACEBACK)
    if line is None or read.fault.line < line - 1:
        return None
    if any(number < line for number, _ in read.filled if not read.lines[number - 1].startswith("-----")):
        how = f"Remove the output: line {line} and what follows"
        return read.refuse(Kind.TRACEBACK, line, "the output of a run follows the code", how)
    return read.refuse(Kind.TRACEBACK, line, "it has the failure, but not the code", "Name the script that failed")


def _page(read: _Text) -> Refusal | None:
    if not read.filled or not _HTML.match(read.filled[0][1]):
        return None
    return read.refuse(Kind.HTML, read.filled[0][0], "it is no script", "Save the code that it shows as a script")


def _magics(read: _Text) -> Refusal | None:
    line = read.fault.line if MAGIC.match(read.faulty) else read.first(_KNOWN_MAGIC)
    if line is None:
        return None
    how = "Remove these lines. What `pip install` would install, the environment must have: see `--environments`"
    return read.refuse(Kind.MAGICS, line, "this line is for IPython only", how)


def _python_2(read: _Text) -> Refusal | None:
    if not _PYTHON_2_MESSAGE.search(read.fault.message) and not _PYTHON_2.match(read.faulty):
        return None
    said = _PYTHON_2_MESSAGE.search(read.fault.message)
    if _SENTENCE.match(read.faulty) and not _KEYWORD.match(read.faulty) and not said:
        return None
    how = "Convert it to Python 3: print(...), `except X as e`. No environment here has Python 2"
    return read.refuse(Kind.PYTHON_2, read.fault.line, read.fault.message.rstrip(".?") or "no Python 3 reads it", how)


def _markdown(read: _Text) -> Refusal | None:
    if not _MARKDOWN.match(read.faulty):
        return None
    how = "Save the code in it as a script of its own"
    return read.refuse(Kind.MARKDOWN, read.fault.line, "it is no script", how)


def _typography(read: _Text) -> Refusal | None:
    if _SENTENCE.match(read.faulty) and not _KEYWORD.match(read.faulty):
        return None
    found = next((each for each in read.faulty if each in TYPOGRAPHIC), None)
    if found is None or (not _STRANGE.search(read.fault.message) and found not in read.fault.message):
        return None
    why = f"{TYPOGRAPHIC[found]} (U+{ord(found):04X}) stands where Python needs plain characters"
    return read.refuse(Kind.TYPOGRAPHY, read.fault.line, why, "Replace such characters with \" ' - and ordinary spaces")


def _shell_lines(read: _Text) -> Refusal | None:
    if not _SHELL_LINE.match(read.faulty) and not _PROMPTED_SHELL.match(read.faulty):
        return None
    how = "Remove the shell commands, or name the Python script that they start"
    return read.refuse(Kind.SHELL, read.fault.line, "only Python is run", how)


def _indented(read: _Text) -> Refusal | None:
    """Return the refusal of a text that is indented, also if its first line is not."""
    if not read.filled or "indent" not in read.fault.message:
        return None
    indented = [(number, line) for number, line in read.filled if line[:1] in " \t"]
    skipped = len(read.filled) - len(indented)
    if skipped > 1 or not indented or (skipped == 1 and read.filled[0][1][:1] in " \t"):
        return None
    body = read.lines[skipped and read.filled[0][0] :]
    if skipped and tree_of(textwrap.dedent("\n".join(body))) is None:
        return None
    line = indented[0][0]
    how = f"Shift it to the left margin: {len(indented[0][1]) - len(indented[0][1].lstrip())} columns less in each line"
    return read.refuse(Kind.INDENTED, line, f"every line from {line} on is indented", how)


def _truncated(read: _Text) -> Refusal | None:
    last = read.filled[-1][0] if read.filled else len(read.lines)
    message = read.fault.message
    at_end = read.fault.line >= last and _UNFINISHED.search(message)
    if not _ENDED_EARLY.search(message) and not (at_end and _opens_block(read.lines[last - 1])):
        return None
    why = f"Python reached the end of the file ({message})"
    return read.refuse(
        Kind.TRUNCATED, min(read.fault.line, last), why, "Complete the code, or close the open bracket or string"
    )


def _opens_block(line: str) -> bool:
    return line.rstrip().endswith((":", "\\", ",", "(", "[", "{", "=")) or line.lstrip().startswith("@")


def _bad_indentation(read: _Text) -> Refusal | None:
    if not _INDENTATION.search(read.fault.message):
        return None
    how = "Indent each block alike, with spaces only"
    return read.refuse(Kind.INDENTATION, read.fault.line, read.fault.message, how)


def _toml(read: _Text) -> Refusal | None:
    tables = [number for number, line in read.filled if _TOML_TABLE.match(line)]
    keys = sum(1 for _, line in read.filled if _TOML_KEY.match(line))
    if not tables or keys + len(tables) < len(read.filled) // 2 or any(_KEYWORD.match(line) for _, line in read.filled):
        return None
    return read.refuse(Kind.TOML, tables[0], "there is nothing to run", "Name the script that reads it")


def _yaml(read: _Text) -> Refusal | None:
    fitting = [number for number, line in read.filled if _YAML.match(line) and not _KEYWORD.match(line)]
    if not fitting or len(fitting) * 4 < len(read.filled) * 3:
        return None
    return read.refuse(Kind.YAML, fitting[0], "there is nothing to run", "Name the script that reads it")


def _prose(read: _Text) -> Refusal | None:
    if not _SENTENCE.match(read.faulty) or _KEYWORD.match(read.faulty):
        return None
    return read.refuse(Kind.PROSE, read.fault.line, "it is no script", "Save the code in it as a script of its own")


def _syntax(read: _Text) -> Refusal:
    how = "Correct the line. It was read with every Python that is installed here, and none accepts it"
    return read.refuse(Kind.SYNTAX, read.fault.line, read.fault.message or "invalid syntax", how)


_RULES: tuple[Callable[[_Text], Refusal | None], ...] = (
    _empty,
    _json,
    _patch,
    _shell_script,
    _fenced,
    _transcript,
    _traceback,
    _page,
    _magics,
    _toml,
    _markdown,
    _python_2,
    _shell_lines,
    _typography,
    _indented,
    _truncated,
    _bad_indentation,
    _yaml,
    _prose,
    _syntax,
)
