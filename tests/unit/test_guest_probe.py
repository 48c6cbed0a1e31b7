"""The probe runs in foreign Pythons: it uses syntax of Python 3.6, and reads all kinds of metadata."""

import ast

from harness.environments.probe import PROBE_SCRIPT, first_line
from harness.guest import probe as look_inside
from tests.guest.conftest import what_runs


def test_parses_as_python_3_6_and_imports_only_the_standard_library():
    tree = what_runs(PROBE_SCRIPT)

    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"json", "os", "platform", "re", "sys"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))


def test_reads_all_kinds_of_metadata(tmp_path):
    modern = tmp_path / "Some_Thing-1.0.dist-info"
    modern.mkdir()
    (modern / "METADATA").write_text("Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.0\n\nName: not-this\n")
    old = tmp_path / "elder-2.0.egg-info"
    old.mkdir()
    (old / "PKG-INFO").write_text("Name: elder\nVersion: 2.0\n")
    (tmp_path / "single-3.0.egg-info").write_text("Name: single\nVersion: 3.0\n")
    (tmp_path / "empty-4.0.dist-info").mkdir()

    versions = look_inside.installed([str(tmp_path), str(tmp_path / "nowhere")])

    assert versions == {"some-thing": "1.0", "elder": "2.0", "single": "3.0"}


def test_any_exception_of_an_import_is_reported(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "module_that_exits.py").write_text("raise SystemExit(3)")

    assert look_inside.import_error("json") is None
    assert look_inside.import_error("module_that_exits") == "SystemExit: 3"
    assert look_inside.import_error("no_such_module_at_all") == (
        "ModuleNotFoundError: No module named 'no_such_module_at_all'"
    )


def test_first_line_that_is_not_empty_is_shown():
    assert first_line("import a: TypeError: no.\nmore") == "import a: TypeError: no."
    assert first_line("import a: ImportError: \n\n  A module was compiled\nmore") == (
        "import a: ImportError: A module was compiled"
    )
    assert first_line("import a: TypeError: no type! The signature was\n\t() -> handle") == (
        "import a: TypeError: no type! The signature was () -> handle"
    )
    assert first_line("import a: TypeError: no type\nmore") == "import a: TypeError: no type"
    assert first_line("import a: killed by SIGSEGV") == "import a: killed by SIGSEGV"
