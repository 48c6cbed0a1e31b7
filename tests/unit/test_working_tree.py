"""Copies of working trees: made once, and what a killed process left of one goes."""

from harness.pinpoint.working_tree import read_overlay


def test_what_a_killed_process_left_of_a_copy_goes_with_the_next(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "lib.py").write_text("x = 1\n")
    trees = tmp_path / "cache" / "trees"
    (trees / ".part-1-dead").mkdir(parents=True)
    (trees / ".part-1-dead" / "lib.py").write_text("x =")
    (trees / ".part-1-dead.lock").write_text("")

    overlay = read_overlay(f"lib={tmp_path / 'tree'}", tmp_path / "cache")
    again = read_overlay(f"lib={tmp_path / 'tree'}", tmp_path / "cache")

    assert overlay == again
    assert (overlay.folder / "lib.py").read_text() == "x = 1\n"
    assert [each for each in trees.iterdir() if each.name.startswith(".part-")] == []
