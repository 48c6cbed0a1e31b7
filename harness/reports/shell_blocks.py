"""The Python code in blocks of shell: what was shown, written or run there."""

from __future__ import annotations

import re
import shlex

from harness.project.syntax import tree_of
from harness.reports.not_python import TRACEBACK

SHELL_PROMPT = re.compile(r"^[ \t]*(?:\([\w.-]+\) ?)?(?P<user>[\w.-]+@[\w.-]+[:~]\S*)?(?P<mark>[$#%>]) +(?=\S)")
_HEREDOC = re.compile(
    r"^.*(?:\bpython[\d.]*(?: -)?|>\s*(?P<name>\S+\.py)) *<<-? *['\"]?(?P<end>\w+)['\"]?.*\n"
    r"(?P<code>(?:.*\n)*?)(?P=end)[ \t]*$"
    r"|^.*<<-? *['\"]?(?P<end2>\w+)['\"]? *>\s*(?P<name2>\S+\.py).*\n(?P<code2>(?:.*\n)*?)(?P=end2)[ \t]*$",
    re.MULTILINE,
)
_LONGEST_SESSION = 2000
_MOST_FILES = 20
_PLAIN_NAME = re.compile(r"\w[\w.-]{0,100}")
_PREPARES = re.compile(
    r"[ \t]*(?:[$%>] )?(?:(?:python[\d.]* -m |uv )?pip[\d.]* |conda |mamba |(?:python[\d.]* -m |uv )?venv |virtualenv "
    r"|source |export |cd |mkdir |apt(?:-get)? |sudo |docker run )|[ \t]*#"
)
_VARIABLES = re.compile(r"^(?:env )?(?:[A-Z_][A-Z0-9_]*=\S* )+")
"""`KERAS_BACKEND=jax python -c "..."`: the variable is read elsewhere."""
_SHOWN = re.compile(r"(?:cat|less|more|type|head|bat) +(?:\S*/)?[\w.-]+\.py\s*$")


def scripts_in_shell(text: str) -> list[tuple[str, str]]:
    """Return the Python code of a block of shell: of `python -c`, of here documents, of a file that is shown.

    Each has the name of the file that it is written to; the name is empty if there is none.
    """
    found = [
        ((each["name"] or each["name2"] or "").removeprefix("./"), each["code"] or each["code2"] or "")
        for each in _HEREDOC.finditer(text)
    ]
    if not found:
        found = [("", _shown_file(text) or _of_option(text) or _failed_option(text) or "")]
    return [(name, code) for name, code in found if code.strip() and tree_of(code) is not None]


def files_of_shell(text: str) -> tuple[tuple[str, str], ...]:
    """Return the files that a block of shell makes, with their text, if it does nothing else: `touch a.txt`.

    Only plain names count: no folders, no variables.
    """
    made: dict[str, str] = {}
    for line in text.strip().split("\n")[:_MOST_FILES]:
        try:
            words = shlex.split(SHELL_PROMPT.sub("", line), comments=True)
        except ValueError:
            return ()
        if words[:1] == ["touch"] and len(words) > 1 and all(map(_PLAIN_NAME.fullmatch, words[1:])):
            made.update(dict.fromkeys(words[1:], ""))
        elif words[:1] == ["echo"] and words[-2:-1] == [">"] and _PLAIN_NAME.fullmatch(words[-1]):
            made[words[-1]] = " ".join(words[1:-2]) + "\n"
        elif words:
            return ()
    return tuple(made.items())


def _shown_file(text: str) -> str | None:
    """Return the output of `$ cat script.py`."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        prompt = SHELL_PROMPT.match(line)
        if prompt and _SHOWN.match(line[prompt.end() :]):
            below = range(at + 1, len(lines))
            end = next((place for place in below if _is_alike(prompt, SHELL_PROMPT.match(lines[place]))), len(lines))
            return "\n".join(lines[at + 1 : end]) + "\n"
    return None


def _is_alike(prompt: re.Match[str], other: re.Match[str] | None) -> bool:
    """Return whether a line begins with the prompt of a session: `# layers` in a file below `$ cat` does not."""
    return other is not None and other["mark"] == prompt["mark"] and bool(other["user"]) is bool(prompt["user"])


def _failed_option(text: str) -> str | None:
    """Return the code of the last `$ python -c "..."` of a session that shows a traceback."""
    found = None
    lines = text.split("\n")[:_LONGEST_SESSION]
    prompts = [at for at, line in enumerate(lines) if SHELL_PROMPT.match(line)]
    for at, end in zip(prompts, [*prompts[1:], len(lines)], strict=False):
        if " -c " in lines[at] and any(map(TRACEBACK.match, lines[at + 1 : end])):
            found = _of_option(lines[at]) or found
    return found


def _of_option(text: str) -> str | None:
    """Return the code of a block that is only `python -c "..."`, below commands such as `pip install`."""
    lines = text.strip().split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip() and not _PREPARES.match(line)), 0)
    command = _VARIABLES.sub("", SHELL_PROMPT.sub("", "\n".join(lines[first:]).strip()))
    if "\n" in command and not re.match(r"\S+ +-c +['\"]", command):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if len(words) < 3 or not re.fullmatch(r"(?:\S*/)?python[\d.]*", words[0]) or "-c" not in words[1:-1]:
        return None
    return words[words.index("-c") + 1] + "\n"
