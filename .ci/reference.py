"""Write docs/cli.md from the parsers of the command line: `nox -s reference`. tests/unit/test_docs.py compares it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from harness.cli import build_parser
from harness.commands.arguments import CommandParser

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
_HEAD = """\
# Command line

This page is generated from the parsers: `nox -s reference`. `harness` and `repro-matrix` are the same command.
In a clone, `nox -s harness -- COMMAND` runs it without installation.
"""


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands, by name."""
    actions = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    found = {name: command for action in actions for name, command in action.choices.items()}
    return {name: each.complete() if isinstance(each, CommandParser) else each for name, each in found.items()}


def render() -> str:
    """Return the text of the page."""
    parser = build_parser()
    commands = commands_of(parser)
    listed = "\n".join(f"* [harness {name}](#harness-{name}): {_summary(each)}" for name, each in commands.items())
    parts = [
        _HEAD,
        f"    harness [OPTIONS] COMMAND ...\n\n{parser.description}\n\n{listed}\n",
        _options(parser),
        f"{parser.epilog}\n",
        *(_command(name, each) for name, each in commands.items()),
    ]
    return "\n".join(part for part in parts if part.strip())


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    return f"## harness {name}\n\n    {_usage(name, parser)}\n\n{parser.description}\n\n{_options(parser)}"


def _summary(parser: argparse.ArgumentParser) -> str:
    text = (parser.description or "").rstrip(".")
    return text[:1].lower() + text[1:]


def _usage(name: str, parser: argparse.ArgumentParser) -> str:
    words = [f"harness {name}"]
    for action in parser._actions:
        if action.option_strings and action.required:
            words.append(f"{action.option_strings[-1]} {_value(action)}")
        elif not action.option_strings:
            words.append(f"[{_value(action)} ...]" if action.nargs == "*" else _value(action))
    return " ".join([*words, "[OPTIONS]"])


def _options(parser: argparse.ArgumentParser) -> str:
    rows = list(_rows(parser))
    return "\n".join(["| option | meaning |", "|---|---|", *rows, ""]) if rows else ""


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction | argparse._HelpAction) or action.dest == "more_verbose":
            continue  # -v stands among the options of all commands
        names = ", ".join(action.option_strings)
        takes = action.nargs != 0
        shown = " ".join(filter(None, [names, _value(action) if takes else ""]))
        required = " (required)" if action.option_strings and action.required else ""
        text = ((action.help or "") % {"default": action.default}).replace("|", "\\|")
        yield f"| `{shown}` | {text}{required} |".replace("`" + shown, "`" + shown.replace("|", "\\|"))


def _value(action: argparse.Action) -> str:
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest.upper())


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
