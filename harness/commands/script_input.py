"""The options --args and --stdin: keys in the headers of scripts that were named by their path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.errors import Problems, UsageError
from harness.filesystem.reading import read_text
from harness.model import Scenario
from harness.project.header_text import with_keys
from harness.project.script import parse_script

LARGEST_INPUT = 1 << 20


def read_input(typed: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Return the keys of a header that the options set, by their names. Raises UsageError."""
    values: dict[str, str | list[str]] = {}
    if "args" in typed:
        values["args"] = typed["args"]
    if "stdin" in typed:
        try:
            values["stdin"] = read_text(Path(typed["stdin"]), longest=LARGEST_INPUT)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--stdin {typed['stdin']}: cannot be read", why=str(error)) from error
    return values


def with_input(scenario: Scenario, values: Mapping[str, str | list[str]], *, own: bool) -> Scenario:
    """Return a script from outside with other arguments and input: another script. Raises UsageError.

    `own` is True for a scenario of the project.
    """
    if not values:
        return scenario
    options = ", ".join(f"--{name}" for name in values)
    if own or scenario.write is not None:
        why = "it is a scenario of this project" if own else "it has two scripts"
        raise UsageError(f"{options}: {scenario.name} cannot be changed", why=why, next_step="Set them in its header")
    problems = Problems()
    try:
        text = with_keys(scenario.script.text, values)
    except ValueError as error:
        raise UsageError(f"{options}: {scenario.path}: {error}", next_step="Set them in its header") from error
    script = parse_script(text, scenario.path, problems=problems)
    problems.raise_if_any(f"{options} cannot be used")
    return replace(scenario, script=script)
