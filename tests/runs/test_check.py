"""`harness check` on a project that was run and published."""

from tests.runs.conftest import BUILD

LABEL = """\
#
# [[tool.harness.label]]
# stage = "build"
# error = "TypeError: layer"
# label = "bug"
# note = "lists were forgotten"
# expires = {expires}
# ///
"""


def labelled(expires):
    head, _, rest = BUILD.partition('# ///\n"""')
    return head + LABEL.format(expires=expires) + '"""' + rest


def test_what_a_change_does_is_checked_against_what_is_published(project, tmp_path):
    project.scenario("build/build.py", labelled("9999-12-31"))
    assert "Nothing is published" in project.call("check", status=1).stderr
    project.run()
    project.call("report", "--unconfirmed")
    done = project.call("check", "--json").document
    assert (done["findings"], done["counts"]["as_published"], done["published"]) == ([], 9, ["results/results.json"])

    # The date of a label is over: nothing has to be run to find that.
    project.scenario("build/build.py", labelled("2001-01-01"))
    summary = tmp_path / "summary.md"
    project.variables.update(GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    done = project.call("check", status=1)
    assert "error: expired label: build: the label 'bug' (lists were forgotten) expired on 2001-01-01" in done.stdout
    assert "::error file=scenarios/build/build.py,line=10,title=expired label%3A build::" in done.stderr
    assert "## Comparison with the published results: failed" in summary.read_text(encoding="utf-8")

    # The script changes: what is published of it is stale, and what was run here has a new key.
    project.scenario("build/build.py", labelled("9999-12-31").replace('shape == "list"', 'shape != "list"'))
    done = project.call("check", "--json", status=1).document
    assert {each["kind"] for each in done["findings"]} == {"stale result"}
    assert done["findings"][0]["what"] == "the script has changed since"
    assert len(done["findings"][0]["cells"]) == 6
