"""The table of readers over a made-up format: every grade, both directions, a writer's refusal, one file for all reads."""

import json
import shutil

import pytest

import harness
from tests.runs.conftest import make_project

PARAMETERS = """\
# [tool.harness.parameters]
# model = ["plain", "renamed", "rounded", "tuned", "unwritable"]
# format = [".demo"]
"""
# What happens to each model between versions is here, as a library would do it.
WRITE = f'''\
# /// script
# dependencies = ["demo"]
# [tool.harness]
{PARAMETERS}# ///
"""Writes a made-up format."""

# %% tags=["parameters"]
model = "plain"
format = ".demo"

# %% define
import json
import demo

# %% save
if model == "unwritable" and demo.VERSION >= "2":
    raise ValueError("demo 2 no longer writes this")
if "option" in globals():
    raise ValueError("what only the reader declares is none of the writer's")
demo.save("model.demo", json.dumps({{"value": 4.25, "name": model}}))
print("transfer: " + json.dumps({{"title": "The %s model" % model, "layers": ["Demo"], "keeps": "model", "stored_as": "demo file"}}))
'''
READ = f'''\
# /// script
# dependencies = ["demo"]
# [tool.harness]
# on-request = true
{PARAMETERS}# option = ["plain", "strict"]
#
# [[tool.harness.skip]]
# model = "*,!plain"
# option = "strict"
#
# [[tool.harness.label]]
# stage = "open"
# error = "written by a newer demo"
# label = "by design"
# note = "Save it again in the older version."
# link = "https://example.org/newer"
# ///
"""Reads a made-up format."""

# %% tags=["parameters"]
model = "plain"
format = ".demo"
option = "plain"

# %% define
import json
import demo

# %% open
found = json.loads(demo.load("model.demo"))

# %% measure
value = found["value"] if model != "rounded" or demo.VERSION < "2" else 4.0
name = found["name"] if model != "renamed" or demo.VERSION < "1.1" else "other"
measured = {{
    "predictions": {{"same": value == 4.25, "difference": abs(value - 4.25), "error": None}},
    "weights": {{"same": True, "difference": 0.0, "error": None}},
    "configuration": {{"same": name == model, "difference": None, "error": None}},
}}
print("transfer: " + json.dumps(measured))

# %% predictions
assert value == 4.25, "predicts %r" % value

# %% configuration
assert name == model, "it is called %s" % name
'''
VERSIONS = ["demo1.0", "demo1.1", "demo2.0"]


def with_scenario(project):
    project.scenario("transfer/write.py", WRITE)
    project.scenario("transfer/read.py", READ)
    return project


@pytest.fixture
def transfer(project):
    return with_scenario(project)


@pytest.fixture(scope="module")
def ran(tmp_path_factory, wheels, warm):
    """A project that has run everything. Tests only look at it."""
    root = tmp_path_factory.mktemp("project")
    variables = {"UV_CACHE_DIR": str(wheels.parent / "uv-cache")}
    project = with_scenario(make_project(root, wheels, shutil.copytree(warm, root / "cache"), variables))
    project.run("--writers", "*", "--readers", "*", "--scenarios", "transfer")
    return project


def grades(project, model, option="plain"):
    """Return the grades of a model, one text a writer; `-` where it cannot write."""
    document = project.call("transfer", "--format", "json").document
    square = next(e for e in document["squares"] if (e["model"], e["option"]) == (model, option))
    shown = {None: " ", "full": "F", "partial": "p", "silent": "!", "refused": "x"}
    words = [None, *(each["grade"] for each in document["readings"])]
    return [
        "".join(shown[words[0 if number is None else number + 1]] for number in line["readings"])
        if line["written"]
        else "-"
        for line in square["lines"]
    ]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param("plain", ["FFF", "xFF", "xxF"], id="newer files are refused by older readers"),
        pytest.param("renamed", ["Fpp", "xpp", "xxp"], id="partial from 1.1 on"),
        pytest.param("rounded", ["FF!", "xF!", "xx!"], id="silent loss from 2.0 on"),
        pytest.param("unwritable", ["FFF", "xFF", "-"], id="2.0 does not write it"),
        pytest.param("tuned", ["FFF", "xFF", "xxF"], id="another one"),
    ],
)
def test_grades(ran, model, expected):
    assert grades(ran, model) == expected


def test_all_outputs(ran, tmp_path):
    assert grades(ran, "plain", "strict") == ["FFF", "xFF", "xxF"]
    told = ran.call("transfer").stdout
    assert "demo2.0" in told
    assert "!!" in told
    assert "silent loss" in told
    one = ran.call("transfer", "--models", "unwritable").stdout
    assert "fails at save: ValueError: demo 2 no longer writes this" in one
    assert "Save it again in the older version." in one
    markdown = ran.call("transfer", "--format", "markdown", "--writers", "demo1.0").stdout
    assert "| `demo1.0` |" in markdown
    assert "\n| `demo2.0` |" not in markdown
    lines = ran.call("transfer", "--format", "csv").stdout.splitlines()
    assert lines[0].startswith("cell,model,format,option,writer,reader,written,grade")
    assert any(",silent,predictions,0.2," in line for line in lines)
    target = tmp_path / "map.svg"
    ran.call("transfer", "--format", "svg", "--output", str(target))
    assert "<svg" in target.read_text(encoding="utf-8")


def test_reason_of_a_writer_is_that_of_its_line(ran):
    document = ran.call("transfer", "--json").document
    square = next(each for each in document["squares"] if each["model"] == "unwritable")
    line = next(each for each in square["lines"] if each["writer"] == "demo2.0")
    assert line["written"] is False
    assert line["reason"] == "fails at save: ValueError: demo 2 no longer writes this"
    assert line["readings"] == [None, None, None]


def test_writer_writes_once_for_all_readers_and_options(transfer):
    done = transfer.run("--writers", "demo1.0", "--readers", "*", "--scenarios", "*model=plain*")
    assert len(done.document["cells"]) == 6
    assert len(list((transfer.cache / "artifacts").iterdir())) == 1


def test_changed_reader_runs_its_reads_only(transfer):
    selection = ["--scenarios", "*model=plain*", "--writers", "demo1.0", "--readers", "demo1.0"]
    transfer.run(*selection)
    transfer.scenario("transfer/read.py", READ + "\n# changed\n")
    planned = transfer.call("plan", *selection, "--json").document
    due = [each for each in planned["cells"] if each["state"] == "due"]
    assert due
    assert all(" -> " in each["cell"] for each in due)


def test_scenario_on_request_runs_only_when_it_is_named(transfer):
    assert not any("transfer" in each for each in transfer.run().table)
    assert not any("transfer" in each for each in transfer.run("--scenarios", "!build").table)


def test_nothing_was_run(transfer):
    done = transfer.call("transfer", status=1)
    assert "transfer: nothing was run" in done.stderr
    assert "--writers GLOBS" in done.stderr


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--models", "reamed"], "--models"),
        (["--writers", "demo9.9"], "--writers"),
        (["--readers", "demo9.9"], "--readers"),
    ],
)
def test_wrong_name_is_told_also_where_nothing_was_run(transfer, option, told):
    done = transfer.call("transfer", *option, status=2)
    assert told in done.stderr
    assert option[1] in done.stderr
    assert "Did you mean" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--scenario", "trnsfer"], "there is no scenario 'trnsfer'"),
        (["--scenario", "build"], "is no scenario for a table of readers"),
        (["--models", "nothing"], "--models: 'nothing' matches no model"),
        (["--writers", "demo9"], "--writers: 'demo9' matches no writer"),
        (["--models", ""], "--models: nothing is named"),
        (["--published"], "`harness transfer --publish` writes it"),
        (["--publish", "--output", "x.md"], "--publish takes no --output"),
        (["--publish", "--json"], "--publish takes no --output and no --format"),
    ],
)
def test_wrong_use(ran, arguments, told):
    assert told in ran.call("transfer", *arguments, status=2).stderr


def test_published_files_can_be_shown_again(ran):
    table = ran.call("transfer", "--json").document
    assert table["formats"] == [{"format": ".demo", "title": "demo file", "keeps": "model"}]
    ran.call("transfer", "--publish")
    published = json.loads((ran.root / "results" / "transfer" / "transfer.json").read_text(encoding="utf-8"))
    assert published["squares"] == table["squares"]
    assert ran.call("transfer", "--published", "--json").document["squares"] == table["squares"]
    refused = ran.call("transfer", "--published", "--scenario", "other", status=2).stderr
    assert "--scenario other: the published table is that of transfer" in refused
    frame = harness.load_transfer(ran.root / "results" / "transfer" / "transfer.json")
    assert set(frame["grade"].dropna()) == {"full", "partial", "silent", "refused"}
    unwritten = frame[frame["written"] == False]  # noqa: E712 - of a column
    assert list(unwritten["writer"]) == ["demo2.0"]
    page = (ran.root / "docs" / "loading_old_models.md").read_text(encoding="utf-8")
    assert "## Lost silently" in page
    assert "AssertionError: predicts" in page
    assert "### Save it again in the older version" in page


def test_files_of_a_writer_can_be_taken_out(ran, tmp_path):
    read = "transfer[model=plain,format=.demo,option=plain]@demo1.0 -> demo2.0"
    done = ran.call("show", read, "--artifacts", str(tmp_path / "out"))
    assert (tmp_path / "out" / "model.demo").read_text(encoding="utf-8").startswith("1.0 ")
    document = ran.call("transfer", "--json").document
    square = next(each for each in document["squares"] if each["model"] == "plain")
    assert square["lines"][0]["sha256"] in done.stderr
    assert "is not empty" in ran.call("show", read, "--artifacts", str(tmp_path / "out"), status=2).stderr


def test_publishing_keeps_published_reads_that_were_not_run_again(transfer):
    for reader in ("demo1.0", "demo2.0"):
        (transfer.root / "results" / "attempts.sqlite").unlink(missing_ok=True)
        transfer.run("--scenarios", "*model=renamed*", "--writers", "demo1.0", "--readers", reader)
        transfer.call("transfer", "--publish")
        # What is published is explained by the labels of today.
        labelled = READ.replace('# stage = "open"\n', "").replace("written by a newer demo", "it is called other")
        transfer.scenario("transfer/read.py", labelled)
    published = transfer.call("transfer", "--published", "--json").document
    assert (published["writers"], published["readers"]) == (["demo1.0"], ["demo1.0", "demo2.0"])
    (line,) = published["squares"][0]["lines"]
    assert [published["readings"][number]["grade"] for number in line["readings"]] == ["full", "partial"]
    transfer.call("transfer", "--published", "--publish")
    published = transfer.call("transfer", "--published", "--json").document
    assert [each["label"] for each in published["readings"]] == [None, "by design"]


def test_publishing_changes_the_table_in_a_published_site_and_nothing_else(transfer):
    transfer.run("--scenarios", "*model=plain*", "--writers", "demo1.0", "--readers", "demo1.0")
    transfer.call("transfer", "--publish")
    site = transfer.root / "results" / "site"
    assert not site.exists()
    (site / "page").mkdir(parents=True)
    index = {"schema": 1, "counts": {"passed": 3}, "transfer": None, "cases": []}
    for name, text in (("index.json", json.dumps(index)), ("index.js", ""), ("page/app.js", "kept")):
        (site / name).write_text(text, encoding="utf-8")
    done = transfer.call("transfer", "--publish")
    assert "results/site/transfer.json: written" in done.stderr
    published = json.loads((transfer.root / "results" / "transfer" / "transfer.json").read_text(encoding="utf-8"))
    assert json.loads((site / "transfer.json").read_text(encoding="utf-8")) == published
    now = json.loads((site / "index.json").read_text(encoding="utf-8"))
    assert now == {**index, "transfer": {key: published[key] for key in ("formats", "writers", "readers")}}
    for name in ("index", "transfer"):
        script = (site / f"{name}.js").read_text(encoding="utf-8")
        assert script == f'siteData.receive("{name}", {(site / f"{name}.json").read_text(encoding="utf-8")[:-1]});\n'
    assert (site / "page" / "app.js").read_text(encoding="utf-8") == "kept"
    (site / "index.json").write_text("[]", encoding="utf-8")
    assert "is no index of a site" in transfer.call("transfer", "--publish", status=1).stderr
