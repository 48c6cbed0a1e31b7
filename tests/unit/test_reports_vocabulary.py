"""Reports of a project for another package: its versions are found, by the names that people write."""

from harness.reports import read_report
from harness.reports.mentions import find_mentions
from harness.reports.report import Says
from harness.reports.vocabulary import Vocabulary, reading_with, vocabulary

SKLEARN = Vocabulary(
    subjects=("scikit-learn",), aliases={"sklearn": "scikit-learn"}, majors={"scikit-learn": frozenset({0, 1})}
)
REPORT = """\
# PLSRegression has coefficients of another shape

This fails in 1.3.2. It works in sklearn 1.2.2.

```python
from sklearn.cross_decomposition import PLSRegression
assert PLSRegression().fit([[0.0], [1.0], [3.0]], [1.0, 2.0, 4.0]).coef_.shape == (1, 1)
```

    sklearn: 1.3.2
    numpy: 1.26.0
"""


def claims(report):
    return {(each.says, each.package, each.version) for each in report.claims}


def test_versions_of_the_package_of_the_project_are_claims():
    with reading_with(SKLEARN):
        found = claims(read_report(REPORT))
    assert {(Says.FAILS, "scikit-learn", "1.3.2"), (Says.WORKS, "scikit-learn", "1.2.2")} <= found
    assert not [each for each in found if each[1] == "tensorflow"]


def test_names_are_known_only_in_the_block():
    text = "It fails with scikit_learn 1.3.2, also with sklearn==1.4.0"
    assert find_mentions(text) == []
    with reading_with(SKLEARN):
        assert [(each.package, each.version) for each in find_mentions(text)] == [
            ("scikit-learn", "1.3.2"),
            ("scikit-learn", "1.4.0"),
        ]
    assert vocabulary() == Vocabulary()


def test_version_without_a_package_is_of_the_package_that_the_text_names():
    assert Vocabulary().subjects_of("a layer of Keras")[0] == "keras"
    assert Vocabulary().subjects_of("keras in tensorflow")[0] == "tensorflow"
    assert Vocabulary().subjects_of("nothing of both")[0] == "tensorflow"
    assert SKLEARN.subjects_of("a forest")[0] == "scikit-learn"
    two = Vocabulary(subjects=("a-package", "b-package"), aliases={"b": "b-package", "import-name": "b-package"})
    assert two.subjects_of("an import_name fails")[0] == "b-package"
