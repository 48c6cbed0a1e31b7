"""What the docs say of hand-written files is held against the code that reads them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_TAKES = re.compile(
    r'(?:table|script|_positive\(table|_read_requirements\(table|_versions\(table)[.,]\s*(?:\w+\()?"([a-z][a-z-]*)"'
)


@pytest.mark.parametrize(("source", "page"), [("script.py", "writing_a_scenario.md"), ("matrix_file.py", "matrix.md")])
def test_every_key_that_is_read_is_documented(source, page):
    keys = set(_TAKES.findall((ROOT / "harness" / "plan" / source).read_text(encoding="utf-8")))
    assert len(keys) > 8, "the expression that finds the keys finds none any more"
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [key for key in sorted(keys) if not re.search(rf"[`.\[]{key}\b", text)] == []
