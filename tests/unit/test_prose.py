"""The prose linter finds the old language, and ignores code."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prose():
    spec = importlib.util.spec_from_file_location("prose", ROOT / ".ci" / "prose.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.register()
    return module


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The sources are put in front of the package.", "overlay"),
        ("This finds the guilty package.", "responsible"),
        ("In order to run it, wait.", "to"),
        ("The run goes on.", "continues"),
        ("There is a very unique way.", "uncomparables"),
        ("One two three four " * 8 + ".", "words in one sentence"),
    ],
)
def test_sentence_is_found(prose, text, found):
    assert found in "\n".join(prose.found("page.md", prose.prose_of(text)))


@pytest.mark.parametrize(
    "text",
    [
        "Run the cell again.",
        "Use `put in front of` here.",
        "    harness run guilty.py",
        "```console\n$ harness run guilty.py\n```",
        "[name](https://example.org/guilty)",
        "<!-- table:begin -->\nguilty\n<!-- table:end -->",
        "",
    ],
)
def test_plain_sentence_and_code_are_not_found(prose, text):
    assert list(prose.found("page.md", prose.prose_of(text))) == []


def test_line_of_a_problem_is_named(prose):
    (line,) = prose.found("page.md", prose.prose_of("One.\n\n```\ncode\n```\n\nThe guilty one.\n"))
    assert line.startswith("page.md:7: 'guilty'")


def test_help_texts_of_all_commands_are_checked(prose, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / ".ci")
    texts = dict(prose.help_texts())
    assert {"harness --help", "harness run --help", "harness blame --help"} <= texts.keys()


def docstrings_of(path):
    """Yield the line and the text of each string that stands alone: docstrings of modules, classes, functions, fields."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def test_docstrings_use_the_vocabulary(prose):
    terms = {
        re.compile(rf"\b(?:{term})\b", re.IGNORECASE): instead for term, instead in prose.register()["terms"].items()
    }
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {found[0]!r}: write instead: {instead}"
        for path in sorted((ROOT / "harness").rglob("*.py"))
        if "guest" not in path.parts
        for line, text in docstrings_of(path)
        for term, instead in terms.items()
        if (found := term.search(re.sub(r"`[^`]*`", "", text)))
    ]
    assert not wrong, "\n".join(wrong)
