"""The worker's part of a cell key: the code counts, what is written about it and how it is laid out do not."""

import pytest

from harness.execute.task import PROTOCOL, code_digest, worker_digest

CODE = '''\
"""What it is."""
import sys


class Trail:
    """Writes stages."""

    def enter(self, stage, *, known=None):
        """Note a stage."""
        # why
        return ["%s" % stage, 1.5, b"x", None, known or {}]


def nothing():
    """Do nothing."""
'''


def test_comments_docstrings_and_formatting_change_no_key():
    rewritten = """\
'''Something else.'''
import sys
class Trail:
    def enter(self, stage, *, known = None):
        return [
            '%s' % stage, 1.50,  # another comment
            b'x', None, (known or {}),
        ]
def nothing():
    'Do something.'
"""
    assert code_digest(rewritten) == code_digest(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.5", "1.25"),
        ("enter", "leave"),
        ('"%s"', '"%r"'),
        ("known or {}", "known and {}"),
        ("import sys", "import os"),
    ],
)
def test_code_changes_the_key(old, new):
    assert code_digest(CODE.replace(old, new)) != code_digest(CODE)


def test_every_python_that_runs_the_harness_gets_the_same_hash():
    assert code_digest(CODE) == "baef9835cfbd5ff8731e5b598e48be906cb92106c2a8650acfe3fb3eb088fed3"


def test_types_change_no_key():
    typed = CODE.replace("(self, stage, *, known=None)", '(self, stage: str, *, known: "Optional[str]" = None) -> list')
    guard = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    {}\nelse:\n    load()\nvalue{} = 1\n"
    assert typed != CODE
    assert code_digest(typed) == code_digest(CODE)
    plain, full = guard.format("pass", ""), guard.format("from typing import List", ': "int"')
    assert code_digest(plain) == code_digest(full)
    assert code_digest(plain) != code_digest(plain.replace("load()", "unload()"))


def test_key_names_the_protocol():
    protocol, _, digest = worker_digest().partition("-")
    assert (int(protocol), len(digest)) == (PROTOCOL, 64)
