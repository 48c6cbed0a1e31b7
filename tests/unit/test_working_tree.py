"""Copies of working trees: made once, and what a killed process left of one goes."""

from harness.pinpoint.commits.working_tree import read_overlay


def test_what_a_killed_process_left_of_a_copy_goes_with_the_next(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "lib.py").write_text("x = 1\n")
    trees = tmp_path / "cache" / "trees"
    (trees / ".part-1-dead").mkdir(parents=True)
    (trees / ".part-1-dead" / "lib.py").write_text("x =")
    (trees / ".part-1-dead.lock").write_text("")

    overlay = read_overlay(f"lib={tmp_path / 'tree'}", tmp_path / "cache", {})
    again = read_overlay(f"lib={tmp_path / 'tree'}", tmp_path / "cache", {})

    assert overlay == again
    assert (overlay.folder / "lib.py").read_text() == "x = 1\n"
    assert [each for each in trees.iterdir() if each.name.startswith(".part-")] == []


def test_what_the_build_puts_elsewhere_is_there_in_the_copy_and_not_in_the_tree(tmp_path):
    package = tmp_path / "tree" / "lib"
    for folder in ("", "api/part", "api/kept", "kept"):
        (package / folder).mkdir(parents=True, exist_ok=True)
        (package / folder / "__init__.py").write_text(f"here = {folder!r}\n")
    built = {"lib": (("part", "api/part"), ("kept", "api/kept"), ("none", "api/none")), "other": (("other", "api"),)}

    plain = read_overlay(f"lib={tmp_path / 'tree'}", tmp_path / "cache", {})
    overlay = read_overlay(f"lib={tmp_path / 'tree'}", tmp_path / "cache", built)

    made = {
        each.parent.relative_to(overlay.folder).as_posix(): each.read_text() for each in overlay.folder.rglob("*.py")
    }
    assert made == {
        "lib": "here = ''\n",
        "lib/api/part": "here = 'api/part'\n",
        "lib/api/kept": "here = 'api/kept'\n",
        "lib/part": "here = 'api/part'\n",
        "lib/kept": "here = 'kept'\n",
    }
    assert not (package / "part").exists()
    assert overlay.digest != plain.digest and not (plain.folder / "lib" / "part").exists()
