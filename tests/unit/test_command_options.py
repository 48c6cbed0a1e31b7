"""Every command has a module with its arguments, its options and its function; options are values, read once."""

import dataclasses
import importlib
import os
import sys

import pytest

from harness.cli import COMMANDS, build_parser, main
from harness.commands import blame, pinpoint
from harness.commands.arguments import CommandOptions
from harness.commands.results import TableFormat
from harness.commands.selection_options import SelectionOptions
from harness.model import Isolation
from harness.sandbox.policy import SandboxMode

NEEDED = {
    "show": ["cell@env"],
    "replay": ["cell@env"],
    "badge": ["cell@env"],
    "pinpoint": ["scenario", "--package", "keras"],
    "blame": ["scenario", "--good", "a", "--bad", "b"],
    "triage": ["report.md"],
    "answer": ["report"],
    "diff": ["old", "new"],
    "merge": ["attempts.sqlite"],
    "github": ["report", "event.json"],
    "work": ["shard.json", "--output", "out"],
}
OF_THE_COMMAND_LINE = {"command", "parser", "project", "verbose", "more_verbose", "sandbox", "timeout", "data", "fetch"}


def options_of(command, *arguments):
    namespace = build_parser().parse_args([command, *NEEDED.get(command, []), *arguments])
    namespace.typed = (command, *arguments)
    return importlib.import_module(f"harness.commands.{command.replace('-', '_')}").Options.of(namespace), namespace


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_a_command_are_all_of_its_arguments(command):
    options, namespace = options_of(command)
    assert isinstance(options, CommandOptions)
    assert {each.name for each in dataclasses.fields(options)} == vars(namespace).keys() - OF_THE_COMMAND_LINE
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.typed = ()


def test_choices_are_members_and_lists_are_tuples():
    options, namespace = options_of("run", "--isolation", "process", "--cells", "a", "--cells", "b", "--sandbox", "off")
    assert options.isolation is Isolation.PROCESS
    assert options.cells == ("a", "b")
    assert namespace.sandbox is SandboxMode.OFF
    assert options_of("table")[0].format is TableFormat.TERMINAL


def test_unknown_choice_lists_the_values(capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["table", "--format", "xml"])
    assert "invalid choice: 'xml' (choose from" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["harness", "repro-matrix"])
def test_help_and_commands_have_the_name_that_was_typed(monkeypatch, capsys, name):
    monkeypatch.setattr(os, "environ", {key: value for key, value in os.environ.items() if key != "HARNESS_COMMAND"})
    monkeypatch.setattr(sys, "argv", [f"/opt/bin/{name}", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out.startswith(f"usage: {name} [-h]")
    assert os.environ.get("HARNESS_COMMAND", "harness") == name


def test_help_of_the_command_line_imports_no_command():
    assert all(len(each._actions) == 1 for each in build_parser()._subparsers._group_actions[0].choices.values())


def test_selection_can_be_typed_again():
    selection = SelectionOptions(environments=("tf2*", "keras3*"), tier="full", extras=("pandas",))
    assert selection.retyped == [
        "--environments",
        "tf2*",
        "--environments",
        "keras3*",
        "--with",
        "pandas",
        "--tier",
        "full",
    ]
    assert options_of("plan", "a.py", "--cells", "x")[0].retyped == ["a.py", "--cells", "x"]


def test_command_that_another_one_makes_is_parsed_with_its_defaults():
    typed = ["pinpoint", "a.py", "--package", "keras", "--in", "tf2.16.2", "--jobs", "3"]
    options = pinpoint.Options.parse(pinpoint.add_arguments, typed)
    assert (options.scenario, options.package, options.environment, options.jobs) == ("a.py", "keras", "tf2.16.2", 3)
    assert options.typed == tuple(typed)
    assert options.mode == "auto"
    assert blame.Options.parse(blame.add_arguments, ["blame", "a.py", "--good", "x", "--bad", "y"]).repeat == 1
