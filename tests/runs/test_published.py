"""A clone that has run nothing uses its published results, and says so. Programs read them from a folder or an address."""

import contextlib
import functools
import http.server
import threading

import pytest

import harness
from harness.errors import HarnessError, UsageError
from tests.runs.conftest import BUILD

CELL = "build[shape=list]@demo1.1"
FILE = "results/results.json"


@pytest.fixture
def published(project):
    """A project that has published its results, and has no attempts any more: a new clone."""
    project.run()
    project.call("report", "--unconfirmed")
    project.store.unlink()
    return project


def notes(done):
    return " ".join(done.document["notes"])


def test_table_shows_published_results_and_says_so(published):
    done = published.call("table", "--format", "json")
    assert {cell["published"] for cell in done.document["cells"] if cell["outcome"] != "not applicable"} == {FILE}
    assert done.cell(CELL)["outcome"] == "failed"
    assert done.cell(CELL)["attempts"] == 0
    text = published.call("table").stdout
    assert "pass*" in text
    assert "*        published, not run here" in text
    assert f"8 cells not run here: the results are those published in {FILE}." in text
    assert not published.store.exists()


def test_cells_that_were_run_here_replace_the_published_ones(published):
    published.run("--cells", CELL)
    done = published.call("table", "--format", "json")
    assert done.cell(CELL)["published"] is None
    assert done.cell("build[shape=tuple]@demo1.1")["published"] == FILE


def test_other_conditions_do_not_use_published_results(published):
    done = published.call("table", "--format", "json", "--timeout", "7")
    assert done.cell(CELL)["outcome"] == "never run"


def test_show_says_that_the_result_is_published(published):
    shown = published.call("show", CELL, "--json").document
    assert (shown["published"], shown["outcome"], shown["stage"]) == (FILE, "failed", "build")
    assert (shown["started"], shown["duration_s"], shown["attempts"]) == (None, None, [])
    assert shown["versions"] == {"demo": "1.1"}
    assert "demo.build" in shown["script"]
    text = published.call("show", CELL).stdout
    assert f" published  in {FILE}; run on " in text
    assert " run  " not in text


def test_replay_compares_with_the_published_result(published):
    assert f"The same as published in {FILE}: failed." in published.call("replay", CELL).stdout
    assert "The same as on 2" in published.call("replay", CELL).stdout


def test_changed_script_makes_published_results_stale(published):
    published.scenario("build/build.py", BUILD.replace('shape == "list"', '"list" == shape'))
    done = published.call("table", "--format", "json")
    assert done.cell(CELL)["outcome"] == "never run"
    assert "the script has changed since (6 cells)" in notes(done)
    refused = published.call("show", CELL, status=1).stderr
    assert f"{CELL}: never run" in refused
    assert "it is stale: the script has changed since" in refused
    assert "it is stale: the script has changed since" in published.call("replay", CELL).stderr


def test_changed_lock_makes_published_results_stale(published):
    published.lock("1.1", other="1.0")
    done = published.call("table", "--format", "json")
    assert done.cell(CELL)["outcome"] == "never run"
    assert done.cell("build[shape=list]@demo1.0")["published"] == FILE
    assert "the lock of demo1.1 has changed since" in notes(done)


def test_file_that_is_no_results_file_is_named(published):
    (published.root / FILE).write_text("[]", encoding="utf-8")
    assert "not a results file" in published.call("table", status=2).stderr


def test_published_results_can_be_kept_when_only_new_cells_were_run(published):
    before = {path.name: path.read_bytes() for path in (published.root / "results").iterdir() if path.is_file()}
    assert "never run here" in published.call("report", "--unconfirmed", status=1).stderr
    done = published.call("report", "--unconfirmed", "--keep-published")
    assert "8 cells not run here" in done.stderr
    after = {path.name: path.read_bytes() for path in (published.root / "results").iterdir() if path.is_file()}
    assert after == before
    published.scenario("build/build.py", BUILD.replace('shape == "list"', '"list" == shape'))
    assert "6 of 9 cells were never run here" in published.call("report", "--keep-published", status=1).stderr
    published.run("--scenarios", "build", "--confirm")
    published.call("report", "--unconfirmed", "--keep-published")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@contextlib.contextmanager
def served(folder):
    """Serve a folder on the loopback interface; give its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_published_results_are_read_from_a_folder_and_from_an_address(published):
    folder = published.root / "results"
    assert {"support.json", "transitions.atom"} <= {path.name for path in folder.iterdir()}
    here = harness.load_results(folder)
    assert len(here) == 9
    assert here.set_index("cell").loc[CELL, "outcome"] == "failed"
    assert list(harness.load_results(folder / "results.json")["cell"]) == list(here["cell"])
    with served(published.root) as address:
        for named in ("results", "results/", "results/results.json"):
            assert list(harness.load_results(f"{address}/{named}")["outcome"]) == list(here["outcome"])
        with pytest.raises(HarnessError, match="404"):
            harness.load_results(f"{address}/nowhere")
        (published.root / "broken.json").write_text("{", encoding="utf-8")
        with pytest.raises(UsageError, match="invalid JSON"):
            harness.load_results(f"{address}/broken.json")
        same = published.call("diff", f"{address}/results", str(folder), "--json").document
        assert same["changes"] == []
        assert published.call("check", "--published", f"{address}/results", "--json").document["findings"] == []
    with pytest.raises(UsageError, match="only https and http"):
        harness.load_results("ftp://127.0.0.1/results")


def test_other_formats_go_to_files(published):
    for format, begins in (("support", b"{"), ("atom", b"<?xml"), ("junit", b"<?xml"), ("parquet", b"PAR1")):
        path = published.root / "out" / format
        published.call("table", "--format", format, "--output", str(path))
        assert path.read_bytes().startswith(begins)
    assert "Write it to a file: --output FILE" in published.call("table", "--format", "parquet", status=2).stderr
