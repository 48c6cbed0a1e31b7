"""Compare the documentation with the code: keys, commands, options, generated pages."""

import importlib.util
import re
from pathlib import Path

import pytest

from harness.cli import build_parser

ROOT = Path(__file__).parents[2]
_TAKES = re.compile(
    r'(?:table|script|_positive\(table|_read_requirements\(table|_versions\(table)[.,]\s*(?:\w+\()?"([a-z][a-z-]*)"'
)


@pytest.mark.parametrize(("source", "page"), [("script.py", "writing_a_scenario.md"), ("matrix_file.py", "matrix.md")])
def test_every_key_that_is_read_is_documented(source, page):
    keys = set(_TAKES.findall((ROOT / "harness" / "project" / source).read_text(encoding="utf-8")))
    assert len(keys) > 8, "the expression that finds the keys finds none any more"
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [key for key in sorted(keys) if not re.search(rf"[`.\[]{key}\b", text)] == []


PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "scenarios" / "README.md"])
# Options of other programs, and of sessions of nox, that the pages name.
OTHERS = {
    "--add", "--compile-bytecode", "--framework", "--hash", "--help", "--kills", "--list", "--no-localisation", "--one-at-a-time", "--only", "--seconds",
    "--target", "--upgrade", "--whole",
}  # fmt: skip
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)|^(?: {4}|\$ )([^\n]+)$|^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:^|[\s(])(?:\$ )?(?:harness|repro-matrix|nox -s harness --) (?!-)([a-z-]+)\b(?!\.)")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+)")


def reference():
    """Return the module that writes docs/cli.md."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / ".ci" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def options_by_command():
    commands = reference().commands_of(build_parser())
    return {name: {each for action in parser._actions for each in action.option_strings} for name, parser in commands.items()}  # fmt: skip


def code_in(text):
    """Return the lines of a page that are code."""
    for match in _CODE.finditer(text):
        yield from next(filter(None, match.groups())).splitlines()


def test_command_line_reference_is_up_to_date():
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == reference().render(), "run `nox -s reference`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_options_of_a_page_exist(page):
    known = options_by_command()
    everywhere = set().union(*known.values(), {"--project", "--version"}, OTHERS)
    wrong = []
    for code in code_in(page.read_text(encoding="utf-8")):
        line = code.partition(" #")[0]
        commands = _COMMAND.findall(line)
        wrong += [f"{line}: no command {name}" for name in commands if name not in known]
        options = everywhere if len(commands) != 1 else known.get(commands[0], everywhere) | {"--project"}
        wrong += [f"{line}: no option {option}" for option in _OPTION.findall(line) if option not in options]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("line", ["harness rum report.py", "harness run --tires full", "use `harness blame --package`"])
def test_command_or_option_that_does_not_exist_is_found(line):
    known = options_by_command()
    (name,) = _COMMAND.findall(line.replace("`", " "))
    assert name not in known or set(_OPTION.findall(line)) - known[name]


def test_readme_starts_with_the_commands():
    start = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:25]
    assert [line for line in start if line.endswith("nox             # run the default matrix, print the table")]
    assert [line for line in start if "&& nox -s tests" in line]
    assert [line for line in start if "run report.py" in line]


def test_performance_page_is_short():
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    written = re.sub(r"<!-- benchmark:begin -->.*?<!-- benchmark:end -->", "", page, flags=re.DOTALL)
    assert len(written.split()) < 600


def test_each_decision_has_a_number_of_its_own():
    records = [path for path in (ROOT / "docs" / "decisions").glob("*.md") if path.stem != "index"]
    titles = {path.name: path.read_text(encoding="utf-8").splitlines()[0] for path in records}
    assert [name for name, title in titles.items() if not title.startswith(f"# {int(name[:4])}. ")] == []
    numbers = [name[:4] for name in titles]
    assert sorted(set(numbers)) == sorted(numbers)
