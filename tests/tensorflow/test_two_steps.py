"""Files of real releases of Keras: which side of a pair changed, and since when."""

import json
import os

import pytest

# Many releases in a process of their own, for minutes: part of `nox -s answers`.
pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.answers, pytest.mark.timeout(1800)]

# A clone of Keras, with its tags: what the commits are is asked where there is one.
REPOSITORY = os.environ.get("HARNESS_TEST_KERAS")
LOSS = """\
import keras
from keras import ops


@keras.saving.register_keras_serializable("distance")
def distance(wanted, found):
    return ops.mean(ops.abs(wanted - found), axis=-1)

"""
WRITE = f"""\
{LOSS}
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss=distance)
model.save("model.keras")
"""
READ = f"""\
{LOSS}
# %% load
model = keras.models.load_model("model.keras")
assert model.loss is distance
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenario") / "registered_loss"
    folder.mkdir()
    (folder / "write.py").write_text(WRITE)
    (folder / "read.py").write_text(READ)
    return folder


def searched(clone, folder, *arguments):
    repository = ["--repository", REPOSITORY] if REPOSITORY else []
    typed = ["pinpoint", str(folder), "--package", "keras", *arguments, *repository, "--json"]
    return json.loads(clone.harness(*typed).stdout)


def transitions(document):
    return [(each["kind"], each["last"], each["first"]) for each in document["transitions"]]


def test_readers_of_a_file_of_keras_3_6(clone, folder):
    document = searched(clone, folder, "--writer", "keras3.6.0", "--in", "keras3.8.0")
    # The first releases of Keras 3 read no file of 3.6 at all: another failure, and one more transition.
    assert transitions(document)[-2:] == [("introduced", "3.6.0", "3.7.0"), ("fixed", "3.8.0", "3.9.0")]
    assert any("Could not locate function 'distance'" in each["message"] for each in document["failures"])
    if REPOSITORY:
        assert [each["commit"]["sha"][:10] for each in document["transitions"][-2:]] == ["0c2bdff313", "14d9256108"]


def test_reader_stopped_accepting_the_file(clone, folder):
    document = searched(clone, folder, "--both", "--writer", "keras3.6.0", "--reader", "keras3.8.0")
    assert document["responsible"] == ["reader"]
    assert document["statements"][0].startswith("The reader stopped accepting what keras3.6.0 writes: keras 3.6.0")
    borders = {(each["side"], each["kind"], each["last"], each["first"]) for each in document["transitions"]}
    assert ("reader", "introduced", "3.6.0", "3.7.0") in borders
    assert ("writer", "fixed", "3.6.0", "3.7.0") in borders


REPORT = """\
# A saved model does not load any more

| saved with | loaded with | |
| --- | --- | --- |
| keras 3.6.0 | keras 3.6.0 | ok |
| keras 3.6.0 | keras 3.7.0 | TypeError |

```
TypeError: Could not locate function 'distance'. Make sure custom classes are decorated with
`@keras.saving.register_keras_serializable()`.
```
"""


def test_report_about_a_file_is_answered(clone, folder):
    (folder / "report.md").write_text(REPORT)
    repository = ["--repository", REPOSITORY] if REPOSITORY else []
    document = json.loads(clone.harness("triage", str(folder), *repository, "--json").stdout)
    assert (document["responsible"], document["pairs"]["side"]) == ("keras", "reader")
    assert (document["introduced"]["last"], document["introduced"]["first"]) == ("3.6.0", "3.7.0")
    assert (document["fixed"]["last"], document["fixed"]["first"]) == ("3.8.0", "3.9.0")
    assert ("3.7.0", "3.8.0", "this bug") in [
        (each["first"], each["last"], each["shows"]) for each in document["ranges"]
    ]
    assert {each["result"] for each in document["claims"]} == {"confirmed"}
    if REPOSITORY:
        assert document["introduced"]["commit"]["sha"].startswith("0c2bdff313")
        assert document["fixed"]["commit"]["sha"].startswith("14d9256108")
