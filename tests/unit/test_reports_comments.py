"""Claims of comments below a report: what others saw, with the comment as its source."""

import json

import pytest

from harness.reports import read_report

CODE = "```python\nimport keras\nprint(keras.Input((3,)))\n```\n"


def issue(body, *comments, title="Wrong shape", author="ann", **fields):
    listed = [
        {"author": {"login": who}, "body": text, "createdAt": f"2025-03-0{2 + at}T08:00:00Z"}
        for at, (who, text) in enumerate(comments)
    ]
    document = {"title": title, "body": body, "createdAt": "2025-03-01T08:00:00Z", "comments": listed, **fields}
    return read_report(json.dumps(document | ({"author": {"login": author}} if author else {})))


def claims(report, *, commented):
    found = [each for each in report.claims if each.commented is commented]
    return [(each.says.value, each.package, each.version) for each in found]


def test_claims_of_a_comment_have_it_as_their_source():
    said = "Thanks!\n\nI cannot reproduce it with 3.5.0; it works on nightly."
    report = issue(f"It fails in Keras 3.8.0.\n\n{CODE}", ("bob", said))
    assert claims(report, commented=False) == [("fails", "keras", "3.8.0")]
    assert claims(report, commented=True) == [("works", "keras", "3.5.0"), ("works", "keras-nightly", "nightly")]
    first = next(each for each in report.claims if each.commented)
    assert (first.place.file, first.place.line) == ("comment 1 by bob", 3)
    assert first.text == "I cannot reproduce it with 3.5.0"


def test_comment_that_says_the_opposite_stands_beside_the_claim_of_the_reporter():
    report = issue(f"It fails in Keras 3.8.0.\n\n{CODE}", ("bob", "It works for me with Keras 3.8.0."))
    assert claims(report, commented=False) == [("fails", "keras", "3.8.0")]
    assert claims(report, commented=True) == [("works", "keras", "3.8.0")]


def test_reporter_who_names_no_version_is_asked_also_if_a_comment_names_one():
    report = issue(f"It gives a list.\n\n{CODE}", ("bob", "I see the same error in Keras 3.4.1."))
    assert claims(report, commented=True) == [("fails", "keras", "3.4.1")]
    assert report.own_claims == ()
    assert any("Which versions" in each for each in report.questions)


@pytest.mark.parametrize(
    "text",
    [
        "Could you try it with Keras 3.9.0? It works there.",
        "Does it also fail with Keras 3.9.0?",
        "It should be fixed in Keras 3.9.0.",
        "Let me know if it works with Keras 3.9.0.",
        "I use Keras 3.9.0 here.",
        "Please upgrade from Keras 3.5.0 to 3.9.0 first.",
        "> It fails in Keras 3.9.0.\n\nI see.",
        "Maybe Keras 3.9.0 broke it.",
        "The file of Keras 3.9.0 has a hint.\n\n```\n# fails in Keras 3.9.0\n```\n",
    ],
    ids=["request", "question", "wish", "condition", "bare", "advice", "quoted", "guess", "code"],
)
def test_comment_that_saw_nothing_has_no_claim(text):
    assert claims(issue(f"It fails in Keras 3.8.0.\n\n{CODE}", ("bob", text)), commented=True) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I was able to reproduce it in Keras 3.9.0, please find the gist here.", [("fails", "keras", "3.9.0")]),
        ("Works without trouble in [TF v2.15.0](https://a.b/c), fails in [TF-nightly](https://a.b/d).",
         [("works", "tensorflow", "2.15.0"), ("fails", "tf-nightly", "nightly")]),
        ("No error in 2.3.0-dev20200522 (it was on 2.3.0-dev20200519 where I had the issue).",
         [("works", "tf-nightly", "2.3.0.dev20200522"), ("fails", "tf-nightly", "2.3.0.dev20200519")]),
    ],
    ids=["gist", "links", "days"],
)  # fmt: skip
def test_what_a_comment_saw_is_a_claim(text, expected):
    report = issue(f"It fails with tensorflow.\n\n{CODE}", ("bob", text))
    assert claims(report, commented=True) == expected


def test_number_that_may_be_of_two_packages_is_no_claim_of_a_comment():
    body = f"Keras version: master\ntensorflow version: 1.4\n\n{CODE}"
    assert claims(issue(body, ("bob", "I could pin the regression to 2.0.9.")), commented=True) == []


def test_comments_of_the_reporter_are_the_reporters():
    said = "It is this:\n\nKeras version: 3.8.0\n\nIt works in Keras 3.5.0."
    expected = [("works", "keras", "3.5.0"), ("fails", "keras", "3.8.0")]
    assert claims(issue(f"It fails.\n\n{CODE}", ("ann", said)), commented=False) == expected
    report = issue(f"It fails.\n\n{CODE}", ("ann", said), author="")
    assert claims(report, commented=True) == [("works", "keras", "3.5.0")]
