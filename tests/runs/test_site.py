"""The site that `harness report` writes, with the evidence of real attempts."""

import json

import pytest

CELL = "build[shape=list]@demo1.1"


@pytest.fixture
def ran(project):
    project.run()
    return project


def document_of(folder, case):
    index = json.loads((folder / "index.json").read_text())
    file = next(each["file"] for each in index["cases"] if each["case"] == case)
    return json.loads((folder / "cases" / f"{file}.json").read_text())


def test_report_writes_a_site_with_the_evidence(ran):
    done = ran.call("report", "--unconfirmed")
    folder = ran.root / "results" / "site"
    assert "results/site/index.html: written" in done.stderr + done.stdout
    case = document_of(folder, "build[shape=list]")
    cell = next(each for each in case["cells"] if each["cell"] == CELL)
    assert cell["outcome"] == "failed"
    traceback = [case["lines"][line] for line in case["texts"][cell["traceback"]]]
    assert traceback[0] == "Traceback (most recent call last):"
    assert case["script"]["text"].splitlines()[cell["line"] - 1].strip() in " ".join(traceback)
    assert str(ran.root) not in "\n".join(case["lines"])
    environment = json.loads((folder / "environments" / "demo1.1.json").read_text())
    assert environment["packages"]["demo"] == "1.1"


def test_site_is_where_it_was_asked_for(ran):
    ran.call("report", "--unconfirmed", "--site", str(ran.root / "page"))
    assert (ran.root / "page" / "index.html").is_file()
    assert not (ran.root / "results" / "site").exists()
    ran.call("report", "--unconfirmed", "--no-site")
    assert not (ran.root / "results" / "site").exists()
    assert "is not a folder" in ran.call("report", "--site", "", status=2).stderr
    (ran.root / "file").write_text("")
    assert "is not a folder" in ran.call("report", "--site", str(ran.root / "file"), status=2).stderr


def test_badges_of_real_results(ran):
    ran.call("report", "--unconfirmed")
    written = ran.root / "results" / "site" / "environments" / "demo1.1.svg"
    assert ran.call("badge", "demo1.1").stdout == written.read_text()
    ran.call("badge", "build[shape=list]", "--output", "b.svg")
    assert (
        "demo 2.0 " in ran.call("badge", "build[shape=list]", "--format", "html", "--address", "https://a.org").stdout
    )
    assert (ran.root / "b.svg").read_text().startswith("<svg")
    assert (
        "✗ cannot be built" in ran.call("badge", CELL, "--format", "markdown", "--address", "https://a.org/x/").stdout
    )


def test_badge_says_what_is_wrong_with_its_arguments(project):
    for typed, message in (
        (["build"], "build: is a scenario with 2 cases; a badge is about one"),
        (["buidl"], "There is no case or environment 'buidl'. Did you mean build"),
        (["demo1.1", "--address", "https://a.org"], "a picture contains no address"),
        (["demo1.1", "--format", "html"], "needs the address of the published site"),
        (["demo1.1", "--format", "html", "--address", "a.org"], "--address 'a.org': is no web address"),
    ):
        assert message in project.call("badge", *typed, status=2).stderr
    assert "there is no result, here or published" in project.call("badge", "demo1.1", status=1).stderr


def test_a_damaged_search_names_its_file(ran):
    folder = ran.root / "results" / "pinpoint"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.json").write_text("{}")
    error = ran.call("report", "--unconfirmed", status=2).stderr
    assert "x.json: is no recorded search" in error
    assert "harness pinpoint ... --record" in error


def test_data_of_earlier_results_are_removed_and_other_files_are_kept(ran):
    folder = ran.root / "page"
    (folder / "cases").mkdir(parents=True)
    (folder / "cases" / "of_the_user.json").write_text("{}")
    ran.call("report", "--unconfirmed", "--site", str(folder))
    assert (folder / "cases" / "of_the_user.json").exists()
    (folder / "cases" / "earlier.js").write_text("")
    (folder / "cases" / "notes.txt").write_text("")
    ran.call("report", "--unconfirmed", "--site", str(folder))
    assert not (folder / "cases" / "earlier.js").exists()
    assert (folder / "cases" / "notes.txt").exists()
