"""Downloaded data: --fetch downloads it once, --data shows a folder of it, attempts stay offline and cannot change it."""

import hashlib
import http.server
import json
import threading

import pytest

from tests.runs.conftest import MATRIX
from tests.runs.test_containment import sandbox  # noqa: F401 - these tests need one

CACHES = '[caches.demo]\nfolder = ".demo"\nleave-out = ["settings.json"]\n'
FILE = "~/.demo/sets/numbers.txt"
# As keras.utils.get_file: a folder that cannot be written to is not used, and a file that is there is not downloaded.
DOWNLOADS = """\
# %% load
import demo, os, sys, urllib.request
path = os.path.expanduser("~/.demo/sets/numbers.txt")
os.makedirs(os.path.dirname(path), exist_ok=True)
assert os.access(os.path.dirname(path), os.W_OK)
open(os.path.expanduser("~/.demo/settings.json"), "w").write("{}")
if not os.path.exists(path):
    with urllib.request.urlopen("{URL}/numbers.txt") as remote:
        data = remote.read()
    with open(path, "wb") as stream:
        stream.write(data)
print(open(path).read())
"""
IDS = ("mine@demo1.0", "mine@demo1.1", "mine@demo2.0")


class Server(http.server.ThreadingHTTPServer):
    """Serves one text, and counts the requests."""

    def __init__(self):
        self.requests = 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"1 2 3")

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def script(project, server, tmp_path):
    project.matrix(MATRIX + CACHES)

    def write(text=DOWNLOADS, name="mine.py"):
        path = tmp_path / name
        path.write_text(text.replace("{URL}", server.url), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "downloads/.demo/sets/numbers.txt"
    path.parent.mkdir(parents=True)
    path.write_text("4 5 6")
    return path.parents[2]


class TestFetch:
    def test_downloads_once_and_shows_the_files_to_every_attempt_without_network(self, project, script, server):
        path = script()
        done = project.run(path, "--fetch")
        assert [done.cell(each)["outcome"] for each in IDS] == ["passed"] * 3
        assert server.requests == 1
        assert "running once with network access in demo1.0, to download its data" in done.stderr
        assert "fetched 1 file" in done.stderr
        (condition,) = {done.cell(each)["condition"] for each in IDS}
        assert condition.startswith("data ")
        again = project.run(path, "--fetch")
        assert (again.document["cells"], server.requests) == (done.document["cells"], 1)
        assert "1 2 3" in project.call("show", IDS[0], "--fetch").stdout
        (manifest,) = (project.cache / "data").glob("*/manifest.json")
        kept = json.loads(manifest.read_text())
        assert kept["environment"] == "demo1.0"
        assert kept["files"] == [
            {"name": ".demo/sets/numbers.txt", "bytes": 5, "sha256": hashlib.sha256(b"1 2 3").hexdigest()}
        ]

    def test_results_with_and_without_data_are_kept_apart(self, project, script):
        path = script()
        before = project.run(path).cell(IDS[0])
        assert (before["outcome"], before["cause"], before["condition"]) == ("not applicable", "no network", None)
        project.run(path, "--fetch")
        table = " ".join(project.call("table", path).stdout.split())
        assert "3 cells have results under another condition (data " in table
        assert project.call("table", path, "--fetch", "--format", "json").document["counts"]["passed"] == 3

    def test_script_that_fails_before_its_download_is_tried_in_other_environments(self, project, script, server):
        text = DOWNLOADS.replace("path =", "assert f'demo {demo.VERSION}' != 'demo 1.0'\npath =", 1)
        done = project.run(script(text), "--fetch")
        assert [done.cell(each)["outcome"] for each in IDS] == ["failed", "passed", "passed"]
        assert server.requests == 1

    def test_script_that_downloads_nothing_runs_under_the_ordinary_condition(self, project, script):
        path = script("# %% load\nimport demo\nprint(demo.VERSION)\n")
        done = project.run(path, "--fetch")
        assert {done.cell(each)["condition"] for each in IDS} == {None}
        assert "network access" not in project.run(path, "--fetch", "--fresh").stderr

    def test_download_that_fails_is_reported_and_tried_again_by_the_next_command(self, project, script, server):
        path = script(DOWNLOADS.replace('numbers.txt") as', 'numbers.txt", timeout=-1) as'))
        done = project.run(path, "--fetch")
        assert "nothing was downloaded: it failed in" in done.stderr
        assert done.cell(IDS[0])["condition"] is None
        assert "running once with network access" in project.run(path, "--fetch", "--fresh").stderr

    def test_changed_file_of_the_fetched_data_is_an_error(self, project, script):
        path = script()
        project.run(path, "--fetch")
        (file,) = (project.cache / "data").glob("*/files/.demo/sets/numbers.txt")
        file.write_text("7")
        refused = project.run(path, "--fetch", "--fresh", status=1)
        assert "its files are not those of its manifest" in " ".join(refused.stderr.split())

    def test_search_fetches_too_and_its_probes_see_the_data(self, project, script, server):
        path = script(DOWNLOADS + "assert f'demo {demo.VERSION}' < 'demo 1.1', 'gone'\n")
        found = project.call("blame", path, "--good", "demo1.0", "--bad", "demo2.0", "--fetch", "--json")
        assert server.requests == 1
        assert [each["name"] for each in found.document["packages"]] == ["demo"]


class TestData:
    def test_folder_is_shown_where_the_package_looks(self, project, script, folder, server):
        path = script()
        for data in (folder, folder / ".demo"):
            done = project.run(path, "--data", str(data))
            assert {done.cell(each)["outcome"] for each in IDS} == {"passed"}
        assert server.requests == 0
        assert "4 5 6" in project.call("show", IDS[0], "--data", str(folder)).stdout
        assert f"--data {folder}" in project.call("show", IDS[0], "--data", str(folder)).stdout.replace("\n", " ")

    def test_other_content_is_another_condition(self, project, script, folder):
        path = script()
        first = project.run(path, "--data", str(folder)).cell(IDS[0])
        (folder / ".demo/sets/numbers.txt").write_text("7 8 9")
        other = project.run(path, "--data", str(folder)).cell(IDS[0])
        assert first["condition"] != other["condition"]
        assert (first["attempts"], other["attempts"]) == (1, 1)

    @pytest.mark.parametrize("isolation", ["fork", "process"])
    def test_script_cannot_change_the_files(self, project, script, folder, isolation):
        text = "# %% load\nimport demo, os\nopen(os.path.expanduser('~/.demo/sets/numbers.txt'), 'w').write('bad')\n"
        done = project.run(script(text), "--data", str(folder), "--isolation", isolation)
        assert done.cell(IDS[0])["cause"] == "outside the sandbox"
        assert (folder / ".demo/sets/numbers.txt").read_text() == "4 5 6"

    def test_without_a_sandbox_the_script_gets_copies(self, project, script, folder):
        text = "# %% load\nimport demo, os\nopen(os.path.expanduser('~/.demo/sets/numbers.txt'), 'w').write('bad')\n"
        done = project.run(script(text), "--data", str(folder), "--sandbox", "off")
        assert done.cell(IDS[0])["outcome"] == "passed"
        assert (folder / ".demo/sets/numbers.txt").read_text() == "4 5 6"

    def test_data_that_lacks_a_file_is_named_as_the_reason(self, project, script, folder, server):
        (folder / ".demo/sets/numbers.txt").rename(folder / ".demo/other.txt")
        cell = project.run(script(), "--data", str(folder)).cell(IDS[0])
        assert cell["outcome"] == "not applicable"
        assert "which the data of this attempt lacks" in cell["reason"]

    def test_header_names_a_folder_beside_the_script(self, project, script, folder, tmp_path):
        header = '# /// script\n# [tool.harness]\n# data = "downloads"\n# ///\n'
        cell = project.run(script(header + DOWNLOADS)).cell(IDS[0])
        assert (cell["outcome"], cell["condition"][:5]) == ("passed", "data ")
        for wrong, words in (("../x", "is not a path below"), ("/etc", "is not a path below"), ("absent", "no folder")):
            refused = project.run(script(header.replace("downloads", wrong) + DOWNLOADS), status=2).stderr
            assert words in " ".join(refused.split())
        (tmp_path / "link").symlink_to("/etc")
        refused = project.run(script(header.replace("downloads", "link") + DOWNLOADS), status=2).stderr
        assert "leads out of the script's folder" in " ".join(refused.split())

    def test_wrong_use_is_refused(self, project, script, folder, tmp_path):
        path = script()
        assert "not allowed with" in project.call("run", path, "--fetch", "--data", str(folder), status=2).stderr
        assert "no folder is named" in project.call("run", path, "--data", "", status=2).stderr
        assert "there is no folder" in project.call("run", path, "--data", str(tmp_path / "no"), status=2).stderr
