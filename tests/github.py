"""A fake of GitHub's REST API on the loopback interface: enough of one repository to post to."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

TOKEN = "token-of-the-test"
REPOSITORY = "owner/project"


class FakeGitHub:
    """A repository with issues, comments, branches and pull requests. `calls` are the requests that it got."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict]] = []
        self.comments: dict[int, list[dict]] = {}
        self.issues: list[dict] = []
        self.pulls: list[dict] = []
        self.blobs: dict[str, bytes] = {}
        self.trees: dict[str, dict[str, str]] = {"tree0": {}}
        self.commits: dict[str, dict] = {"commit0": {"tree": {"sha": "tree0"}}}
        self.refs: dict[str, str] = {"heads/main": "commit0"}
        self.refuses: int | None = None
        """A status that everything is answered with."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def variables(self) -> dict[str, str]:
        """The variables of a job that may post."""
        return {"GITHUB_API_URL": self.address, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}

    @property
    def written(self) -> list[str]:
        """What was created or changed, in order."""
        return [f"{method} {path}" for method, path, _ in self.calls if method != "GET"]

    def branch(self, name: str) -> dict[str, bytes]:
        """The files of a branch."""
        tree = self.trees[self.commits[self.refs[f"heads/{name}"]]["tree"]["sha"]]
        return {path: self.blobs[sha] for path, sha in tree.items()}

    def add(self, files: dict[str, bytes]) -> None:
        """Put files on the main branch."""
        for path, content in files.items():
            self.trees["tree0"][path] = self._blob(content)

    def _blob(self, content: bytes) -> str:
        sha = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        self.blobs[sha] = content
        return sha

    def answer(self, method: str, path: str, query: dict[str, str], values: dict) -> tuple[int, object]:
        """Return the status and the document for a request."""
        if self.refuses is not None:
            return self.refuses, {"message": "Resource not accessible by integration"}
        for pattern, name in _ROUTES:
            found = re.fullmatch(pattern, f"{method} {path}")
            if found is not None:
                return getattr(self, name)(*found.groups(), query, values)
        return 404, {"message": "Not Found"}

    def _repository(self, query, values):
        return 200, {"default_branch": "main"}

    def _list_comments(self, issue, query, values):
        return 200, _page(self.comments.get(int(issue), []), query)

    def _add_comment(self, issue, query, values):
        comments = self.comments.setdefault(int(issue), [])
        id = 100 + sum(map(len, self.comments.values()))
        comments.append({"id": id, "user": {"type": "Bot"}, "html_url": f"https://example.org/{id}", **values})
        return 201, comments[-1]

    def _change_comment(self, id, query, values):
        for comment in (each for comments in self.comments.values() for each in comments):
            if comment["id"] == int(id):
                comment.update(values)
                return 200, comment
        return 404, {"message": "Not Found"}

    def _list_issues(self, query, values):
        wanted = query.get("labels")
        return 200, _page([each for each in self.issues if not wanted or wanted in each["labels"]], query)

    def _add_issue(self, query, values):
        number = len(self.issues) + 1
        self.issues.append({"number": number, "html_url": f"https://example.org/issues/{number}", **values})
        return 201, self.issues[-1]

    def _ref(self, name, query, values):
        return (200, {"object": {"sha": self.refs[name]}}) if name in self.refs else (404, {"message": "Not Found"})

    def _add_ref(self, query, values):
        self.refs[values["ref"].removeprefix("refs/")] = values["sha"]
        return 201, {}

    def _move_ref(self, name, query, values):
        assert values["force"] is True
        self.refs[name] = values["sha"]
        return 200, {}

    def _commit(self, sha, query, values):
        return 200, self.commits[sha]

    def _add_commit(self, query, values):
        sha = f"commit{len(self.commits)}"
        self.commits[sha] = {**values, "tree": {"sha": values["tree"]}}
        return 201, {"sha": sha}

    def _tree(self, sha, query, values):
        return 200, {"tree": [{"path": path, "type": "blob", "sha": blob} for path, blob in self.trees[sha].items()]}

    def _add_tree(self, query, values):
        tree = dict(self.trees[values["base_tree"]])
        for entry in values["tree"]:
            if entry["sha"] is None:
                del tree[entry["path"]]
            else:
                tree[entry["path"]] = entry["sha"]
        sha = f"tree{len(self.trees)}"
        self.trees[sha] = tree
        return 201, {"sha": sha}

    def _add_blob(self, query, values):
        return 201, {"sha": self._blob(base64.b64decode(values["content"]))}

    def _list_pulls(self, query, values):
        return 200, [each for each in self.pulls if query["head"] == f"owner:{each['head']}"]

    def _add_pull(self, query, values):
        number = 50 + len(self.pulls)
        self.pulls.append({"number": number, "html_url": f"https://example.org/pull/{number}", **values})
        return 201, self.pulls[-1]

    def _change_pull(self, number, query, values):
        pull = next(each for each in self.pulls if each["number"] == int(number))
        pull.update(values)
        return 200, pull

    @contextlib.contextmanager
    def serving(self) -> Iterator[FakeGitHub]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        github = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format, *args):
                pass

            def handle_one(self):
                parts = urlsplit(self.path)
                path = parts.path.removeprefix(f"/repos/{REPOSITORY}").strip("/")
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                values = json.loads(data) if data else {}
                allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
                github.calls.append((self.command, path, values))
                query = dict(parse_qsl(parts.query))
                status, document = github.answer(self.command, path, query, values) if allowed else (401, {})
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = handle_one

        return Handler


def _page(members: list[dict], query: dict[str, str]) -> list[dict]:
    size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
    return members[(page - 1) * size : page * size]


_ROUTES = (
    (r"GET ", "_repository"),
    (r"GET issues/(\d+)/comments", "_list_comments"),
    (r"POST issues/(\d+)/comments", "_add_comment"),
    (r"PATCH issues/comments/(\d+)", "_change_comment"),
    (r"GET issues", "_list_issues"),
    (r"POST issues", "_add_issue"),
    (r"GET git/ref/(.+)", "_ref"),
    (r"POST git/refs", "_add_ref"),
    (r"PATCH git/refs/(.+)", "_move_ref"),
    (r"GET git/commits/(\w+)", "_commit"),
    (r"POST git/commits", "_add_commit"),
    (r"GET git/trees/(\w+)", "_tree"),
    (r"POST git/trees", "_add_tree"),
    (r"POST git/blobs", "_add_blob"),
    (r"GET pulls", "_list_pulls"),
    (r"POST pulls", "_add_pull"),
    (r"PATCH pulls/(\d+)", "_change_pull"),
)
