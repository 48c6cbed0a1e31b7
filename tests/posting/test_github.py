"""What is posted to GitHub, against a fake of its API: each thing once, with no mention and no token in a message."""

import json

import pytest

from harness import cli
from harness.errors import HarnessError, UsageError
from harness.github.client import GitHub
from harness.github.posting import ANSWER_MARKER, BRANCH, post_answer, post_issues, post_pull_request
from harness.github.texts import Titled, read_event, report_of, without_mentions
from tests.github import TOKEN, FakeGitHub

ID = "0123456789"
ISSUE = Titled(title="It fails", body=f"<!-- repro-matrix regression {ID} -->\nIt fails.")


@pytest.fixture
def fake():
    with FakeGitHub().serving() as fake:
        yield fake


@pytest.fixture
def github(fake):
    return GitHub.configured(fake.variables)


class TestAnswer:
    def test_answer_is_posted_once_and_then_replaced(self, fake, github):
        fake.comments[7] = [{"id": number, "user": {"type": "User"}, "body": "hello"} for number in range(250)]
        assert post_answer(github, 7, "first").new
        assert not post_answer(github, 7, "second").new
        assert [each["body"] for each in fake.comments[7][250:]] == [f"{ANSWER_MARKER}\nsecond"]

    def test_comment_of_someone_else_with_the_marker_is_not_touched(self, fake, github):
        fake.comments[7] = [{"id": 1, "user": {"type": "User"}, "body": f"{ANSWER_MARKER}\nmine"}]
        assert post_answer(github, 7, "ours").new
        assert fake.comments[7][0]["body"].endswith("mine")

    def test_answer_mentions_nobody_and_fits(self, fake, github):
        post_answer(github, 7, "thanks @someone and @org/team\n" + "x" * 100_000)
        (comment,) = fake.comments[7]
        assert "@someone" not in comment["body"]
        assert "@org" not in comment["body"]
        assert len(comment["body"]) < 65_536
        assert "cut off" in comment["body"]


class TestIssues:
    def test_issue_is_opened_once(self, fake, github):
        assert post_issues(github, {ID: ISSUE})[ID].new
        assert not post_issues(github, {ID: ISSUE})[ID].new
        assert [each["title"] for each in fake.issues] == ["It fails"]
        assert fake.issues[0]["labels"] == ["repro-matrix"]

    def test_closed_issue_counts(self, fake, github):
        post_issues(github, {ID: ISSUE})
        fake.issues[0]["state"] = "closed"
        assert not post_issues(github, {ID: ISSUE})[ID].new

    def test_issue_without_its_marker_is_refused_before_it_is_posted(self, fake, github):
        with pytest.raises(HarnessError, match="marker of the regression is missing"):
            post_issues(github, {ID: Titled(title="It fails", body="no marker")})
        assert fake.issues == []


class TestPullRequest:
    text = Titled(title="New releases", body="2.22.0")

    def test_changed_files_are_committed_and_the_pull_request_is_opened_once(self, fake, github):
        fake.add({"matrix.toml": b"old", "README.md": b"stays", "locks/a.txt": b"gone", "results/t.csv": b"same"})
        files = {"matrix.toml": b"new", "results/t.csv": b"same", "locks/b.txt": "ü".encode()}
        posted = post_pull_request(github, self.text, files, {"locks/a.txt", "matrix.toml"}.__contains__)
        assert posted.new
        assert fake.branch(BRANCH) == {
            "matrix.toml": b"new", "README.md": b"stays", "results/t.csv": b"same", "locks/b.txt": "ü".encode(),
        }  # fmt: skip
        assert fake.written.count("POST git/blobs") == 2, "what is the same is not sent"
        newer = {**files, "matrix.toml": b"newer"}
        again = post_pull_request(github, Titled(title="Newer", body=""), newer, lambda _: False)
        assert not again.new
        assert [(each["title"], each["head"], each["base"]) for each in fake.pulls] == [("Newer", BRANCH, "main")]
        assert fake.branch(BRANCH)["matrix.toml"] == b"newer"
        assert fake.branch("main")["matrix.toml"] == b"old"

    def test_nothing_changed_is_no_pull_request(self, fake, github):
        fake.add({"matrix.toml": b"same"})
        assert post_pull_request(github, self.text, {"matrix.toml": b"same"}, lambda _: True) is None
        assert fake.written == []


class TestClient:
    def test_refusal_names_what_and_never_the_token(self, fake, github):
        fake.refuses = 403
        with pytest.raises(HarnessError, match="GitHub refuses POST owner/project/issues/7/comments: 403") as error:
            github.post("issues/7/comments", body="x")
        assert "Resource not accessible by integration" in str(error.value)
        assert TOKEN not in str(error.value)
        assert TOKEN not in repr(github)

    def test_server_that_is_gone_is_named(self, fake):
        gone = GitHub(api="http://127.0.0.1:9", repository="owner/project", token=TOKEN)
        with pytest.raises(HarnessError, match="GitHub does not answer POST owner/project/issues") as error:
            gone.post("issues", title="x")
        assert TOKEN not in str(error.value)

    @pytest.mark.parametrize(
        ("variables", "said"),
        [
            ({}, "GITHUB_REPOSITORY and GITHUB_TOKEN not set"),
            ({"GITHUB_REPOSITORY": "a/b"}, "GITHUB_TOKEN not set"),
            ({"GITHUB_REPOSITORY": "a/b/../c", "GITHUB_TOKEN": "t"}, "is no OWNER/NAME"),
        ],
    )
    def test_job_without_permission_is_said_so(self, variables, said):
        with pytest.raises(UsageError, match=said):
            GitHub.configured(variables)


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("hello @name", "hello @\u2060name"),
            ("(@name)", "(@\u2060name)"),
            ("a@b.org and x@tf2.16.2", "a@b.org and x@tf2.16.2"),
            ("```python\n@decorated\n```\n@name", "```python\n@decorated\n```\n@\u2060name"),
            ("~~~\n```\n@decorated\n~~~\n@name", "~~~\n```\n@decorated\n~~~\n@\u2060name"),
            ("```\n@open", "```\n@\u2060open"),
            ("`@code`", "`@code`"),
        ],
    )
    def test_mentions_are_broken_outside_of_code(self, text, shown):
        assert without_mentions(text) == shown

    def test_report_has_title_and_text_of_the_issue(self):
        event = {"issue": {"number": 3, "title": "It\nfails", "body": "```python\nx\n```"}}
        assert report_of(read_event(json.dumps(event), "event.json")) == "# It fails\n\n```python\nx\n```\n"
        assert report_of({"issue": {"number": 3, "title": None, "body": None}}) == "# \n\n\n"

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"issue": {}}', '{"issue": {"number": "3"}}', '{"issue": {"number": true}}']
    )
    def test_event_without_an_issue_is_refused(self, text):
        with pytest.raises(UsageError, match="is no event of an issue"):
            read_event(text, "event.json")

    def test_text_without_a_title_is_refused(self):
        with pytest.raises(UsageError, match="its first line is no title"):
            Titled.parse("text\n", "a.md")


def test_published_files_that_are_gone_are_removed(fake, tmp_path, monkeypatch):
    root = tmp_path / "project"
    kept = {
        "matrix.toml": 'imports = []\n[families.a]\npackage = "a"\npythons = { "3.11" = ">=1" }\n',
        "results/table.md": "table",
    }
    here = {
        **kept,
        "refresh/refresh.json": json.dumps({"files": ["matrix.toml"], "deleted": []}),
        "refresh/pull_request.md": "# Title\n",
    }
    for name, text in here.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    gone = ("results/site/environments/old.json", "results/answers/a.md", "docs/not_here.md")
    fake.add({**{name: text.encode() for name, text in kept.items()}, **dict.fromkeys(gone, b"old")})
    for name, value in fake.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(root)
    assert cli.main(["github", "pull-request", "refresh"]) == 0
    assert fake.branch(BRANCH).keys() == {*kept, *gone[1:]}


def test_files_outside_of_matrix_and_locks_are_never_posted(fake, tmp_path, monkeypatch, capsys):
    root = tmp_path / "project"
    for name, text in {
        "matrix.toml": 'imports = []\n[families.a]\npackage = "a"\npythons = { "3.11" = ">=1" }\n',
        "secret": "s",
        "refresh/refresh.json": json.dumps({"files": ["matrix.toml", "locks/../secret"], "deleted": []}),
        "refresh/pull_request.md": "# Title\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name, value in fake.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(root)
    assert cli.main(["github", "pull-request", "refresh"]) == 1
    assert "is neither matrix.toml nor a lockfile" in capsys.readouterr().err
    assert fake.calls == []
