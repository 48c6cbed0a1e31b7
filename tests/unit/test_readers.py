"""Which versions read a file: matching of layers and writers, grades, chains, and the text of 80 columns."""

import base64
import datetime as dt
import json
import struct
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.model import Attempt, Cell, Outcome
from harness.model.attempt import Evidence
from harness.readers.answer import answer_from_table, best_reader, document
from harness.readers.chains import find_chain
from harness.readers.comparing import TriedReader, compared
from harness.readers.grading import Grading
from harness.readers.matching import models_like
from harness.readers.prose import WIDTH, ranges, text_of
from harness.readers.writers import Writers, keras_of, named_release, writer_named, writers_of
from harness.saved_models.file_facts import FileFacts, Format
from harness.transfer.grades import Grade
from harness.transfer.table import Place, transfer_of
from tests.schemas import validator

READERS = ("tf2.12.1", "tf2.13.1", "tf2.15.1", "tf2.16.2", "keras3.8.0")
PACKAGES = {
    "tf2.12.1": {"tensorflow-cpu": "2.12.1", "keras": "2.12.0"},
    "tf2.13.1": {"tensorflow-cpu": "2.13.1", "keras": "2.13.1"},
    "tf2.15.1": {"tensorflow-cpu": "2.15.1", "keras": "2.15.0"},
    "tf2.16.2": {"tensorflow-cpu": "2.16.2", "keras": "3.4.1"},
    "keras3.8.0": {"tensorflow-cpu": "2.18.1", "keras": "3.8.0"},
}
MODELS = {
    "dense": ["Dense", "InputLayer", "Sequential"],
    "compiled": ["Dense", "Sequential"],
    "convolution": ["BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D", "ReLU", "Sequential"],
    "registered": ["Dense", "RegisteredScale", "Sequential"],
    "mixed_precision": ["Dense", "Sequential"],
}
FULL, REFUSED, SILENT, PARTIAL, OPTION, NAMED, OTHER_ERROR, *LISTED = range(9)
READINGS = [
    {"grade": "full"},
    {
        "grade": "refused",
        "stage": "open",
        "error": "TypeError: no groups",
        "note": "Since Keras 3.",
        "label": "by design",
    },
    {"grade": "silent", "differs": ["predictions"], "difference": 0.3},
    {"grade": "partial", "differs": ["optimizer state"]},
    {"grade": "full"},
    {"grade": "refused", "stage": "open", "error": "TypeError: DepthwiseConv2D takes no groups"},
    {"grade": "refused", "stage": "open", "error": "KeyError: groups", "note": "Since Keras 3.", "label": "by design"},
    {"grade": "refused", "stage": "open", "error": "AssertionError: unmatched: [<Variable a>, <Variable b>]"},
    {"grade": "refused", "stage": "open", "error": "AssertionError: unmatched: [<KerasVariable c>]"},
]


def table(**squares):
    """Return a table: `model|format|option` -> writer -> readings by number, None where nothing was tested."""
    empty = dict.fromkeys(("difference", "stage", "error", "label", "note", "link", "reason")) | {"differs": []}
    line = {"written": True, "reason": None, "sha256": "ab", "bytes": 5}
    return transfer_of(
        {
            "schema": 1,
            "scenario": "transfer",
            "generated": "2026-11-29",
            "models": [{"model": name, "title": name, "layers": layers} for name, layers in MODELS.items()],
            "formats": [
                {"format": name, "title": name, "keeps": keeps}
                for name, keeps in ((".keras", "model"), (".h5", "model"), ("tf", "model"), (".weights.h5", "weights"))
            ],
            "options": ["plain", "safe_mode=False", "TFSMLayer"],
            "environments": [
                {"environment": id, "python": "3.11", "packages": packages, "variables": {}}
                for id, packages in PACKAGES.items()
            ],
            "writers": list(READERS),
            "readers": list(READERS),
            "readings": [empty | each for each in READINGS],
            "squares": [
                {
                    **dict(zip(("model", "format", "option"), key.split("|"), strict=True)),
                    "lines": [
                        {"writer": writer, **line, "readings": list(numbers)}
                        if numbers != "unwritten"
                        else {"writer": writer, **line, "written": False, "readings": [None] * len(READERS)}
                        for writer, numbers in lines.items()
                    ],
                }
                for key, lines in squares.items()
            ],
        }
    )


KERAS_2_TO_3 = {
    "convolution|.h5|plain": {
        "tf2.12.1": (FULL, FULL, FULL, NAMED, NAMED),
        "tf2.15.1": (FULL, FULL, FULL, NAMED, None),
    },
    "convolution|.keras|plain": {
        "tf2.15.1": (None, None, FULL, FULL, FULL),
        "tf2.13.1": (None, FULL, FULL, REFUSED, None),
    },
    "dense|.h5|plain": {"tf2.12.1": (FULL, FULL, FULL, FULL, FULL)},
    "dense|.keras|plain": {"tf2.15.1": (None, None, FULL, FULL, FULL), "tf2.13.1": (None, FULL, FULL, FULL, None)},
}
DEPTHWISE = FileFacts(format=Format.H5, keras="2.12.0", layers=("Conv2D", "Dense", "DepthwiseConv2D", "Sequential"))


def answered(facts=DEPTHWISE, squares=KERAS_2_TO_3, wanted="tf2.16.2"):
    found = table(**squares)
    return answer_from_table("m.h5", facts, writers_of(facts, list(found.places.values())), found, wanted)


def test_a_file_is_answered_by_the_models_with_its_layers():
    answer = answered()
    assert answer.written_by.ids == ("tf2.12.1",)
    assert answer.alike.models == ("dense", "convolution")
    assert answer.alike.foreign == {"convolution": ("BatchNormalization", "ReLU")}
    assert [each.grade.value for each in answer.readers] == ["full", "full", "full", "refused", "refused"]
    assert answer.readers[3].error == "TypeError: DepthwiseConv2D takes no groups"
    assert answer.readers[3].cells == (
        "transfer[model=dense,format=.h5,option=plain]@tf2.12.1 -> tf2.16.2",
        "transfer[model=convolution,format=.h5,option=plain]@tf2.12.1 -> tf2.16.2",
    )


@pytest.mark.parametrize(
    ("facts", "models", "missing"),
    [
        ({"layers": ("Dense", "Functional")}, ("dense",), ()),
        ({"layers": ("Dense", "Sequential"), "compiled": True}, ("dense", "compiled"), ()),
        ({"layers": ("Dense",), "mixed": True}, ("dense", "mixed_precision"), ()),
        ({"layers": ("Dense", "LSTM")}, ("dense",), ("LSTM",)),
        ({"layers": ("Dense", "Odd"), "custom": ("My>Odd",)}, ("dense", "registered"), ()),
        ({"layers": ("Dense", "Odd"), "custom": ("Odd",)}, ("dense",), ("a class of your own",)),
        ({"layers": ("LSTM",)}, (), ("LSTM",)),
    ],
)
def test_models_are_like_a_file_if_they_have_its_layers(facts, models, missing):
    alike = models_like(FileFacts(format=Format.H5, **facts), table())
    assert (alike.models, alike.missing) == (models, missing)


def test_without_layers_every_model_answers_and_a_mixture_is_partial():
    found = table(**KERAS_2_TO_3)
    facts = FileFacts(format=Format.H5)
    answer = answer_from_table("x", facts, Writers(ids=("tf2.12.1",)), found, "tf2.16.2")
    assert answer.readers[3].grade is Grade.PARTIAL
    assert answer.readers[3].differs == ("convolution: refused",)
    assert answer.readers[2].grade is Grade.FULL


def test_the_failure_of_a_layer_that_the_file_does_not_have_is_no_failure_of_the_file():
    """The model nearest to a file also has other layers: what fails there counts only if it names a layer of the file."""
    squares = {
        "convolution|.h5|plain": {"tf2.12.1": (FULL, FULL, SILENT, REFUSED, NAMED)},
        "dense|.h5|plain": {"tf2.12.1": (FULL, FULL, FULL, FULL, FULL)},
    }
    answer = answered(squares=squares)
    readers = answer.readers
    assert [each.grade.value for each in readers] == ["full", "full", "full", "full", "refused"]
    assert readers[2].untested == readers[3].untested == ("convolution",)
    text = text_of(answer, command="harness")
    assert "not tested: a model with Conv2D, a model with DepthwiseConv2D" in text
    assert "The file itself was not read, and may differ: --try" in text


def test_an_explanation_is_printed_once_and_a_long_list_of_models_is_the_short_one():
    squares = {
        "dense|.weights.h5|plain": {"tf2.12.1": (FULL, FULL, REFUSED, OTHER_ERROR, FULL)},
        "convolution|.weights.h5|plain": {"tf2.12.1": (FULL, FULL, REFUSED, None, None)},
        "registered|.weights.h5|plain": {"tf2.12.1": (FULL, None, REFUSED, None, None)},
        "compiled|.weights.h5|plain": {"tf2.12.1": "unwritten"},
        "mixed_precision|.weights.h5|plain": {"tf2.12.1": "unwritten"},
    }
    text = text_of(answered(FileFacts(format=Format.WEIGHTS, keras="2.12.0"), squares, None), command="harness")
    lines = [each.strip() for each in text.splitlines()]
    for line in (
        "[1] not tested: registered",
        "[2] tested only with dense",
        "[3] TypeError: no groups. Since Keras 3",
        "[4] KeyError: groups. See [3]. tested only with dense",
    ):
        assert line in lines


def test_an_error_is_that_of_the_models_that_have_its_cause():
    squares = {
        "dense|.weights.h5|plain": {"tf2.12.1": (PARTIAL, FULL, FULL, REFUSED, REFUSED)},
        "convolution|.weights.h5|plain": {"tf2.12.1": (REFUSED, NAMED, REFUSED, NAMED, NAMED)},
        "registered|.weights.h5|plain": {"tf2.12.1": (FULL, REFUSED, OTHER_ERROR, REFUSED, REFUSED)},
    }
    answer = answered(FileFacts(format=Format.WEIGHTS, keras="2.12.0"), squares, None)
    # One model without an error, two causes, one cause with two errors, one cause of most models.
    assert [each.error_of for each in answer.readers[:4]] == ["", "convolution", "", "all but convolution"]
    assert [each.note for each in answer.readers[:2]] == ["Since Keras 3.", None], "the note is that of the error"
    assert "refused. convolution: TypeError: DepthwiseConv2D takes no groups" in " ".join(
        text_of(answer, command="harness").split()
    )


def test_errors_that_list_other_objects_have_one_footnote():
    lines = {"tf2.12.1": (FULL, *LISTED, FULL, FULL)}
    squares = {f"{model}|.weights.h5|plain": lines for model in ("dense", "convolution", "registered")}
    text = text_of(answered(FileFacts(format=Format.WEIGHTS, keras="2.12.0"), squares, None), command="harness")
    assert text.count("AssertionError: unmatched: [...]") == 1


def test_a_model_that_the_writer_cannot_write_answers_for_no_file_of_it():
    squares = {"dense|.h5|plain": {"tf2.12.1": (FULL,) * 5}, "convolution|.h5|plain": {"tf2.12.1": "unwritten"}}
    found = table(**squares)
    answer = answer_from_table("x", FileFacts(format=Format.H5), Writers(ids=("tf2.12.1",)), found, "tf2.16.2")
    assert "convolution" not in answer.alike.models
    assert answer.readers[3].grade is Grade.FULL


def test_a_silent_loss_is_the_worst_grade_and_no_ordinary_partial_one():
    squares = {"dense|.h5|plain": {"tf2.12.1": (FULL, PARTIAL, SILENT, REFUSED, FULL)}}
    answer = answered(FileFacts(format=Format.H5, keras="2.12.0", layers=("Dense",)), squares)
    entry = document(answer)["readers"][2]
    assert (entry["grade"], entry["silent"], entry["differs"]) == ("partial", True, ["predictions differ by up to 0.3"])
    assert "WRONG       tf2.15.1" in text_of(answer, command="harness")
    assert best_reader(answer.readers).environment == "keras3.8.0"


def test_an_option_that_helps_makes_a_refused_reader_partial():
    squares = {
        "dense|tf|plain": {"tf2.12.1": (FULL, FULL, FULL, REFUSED, REFUSED)},
        "dense|tf|TFSMLayer": {"tf2.12.1": (None, None, None, OPTION, None)},
    }
    facts = FileFacts(format=Format.SAVED_MODEL, keras="2.12.0", tensorflow="2.12.1", layers=("Dense",))
    reader = answered(facts, squares).readers[3]
    assert reader.grade is Grade.PARTIAL
    assert reader.differs == ("only with TFSMLayer",)
    assert reader.error == "TypeError: no groups"
    assert "option=TFSMLayer" in reader.cells[0]


def test_the_shortest_chain_is_found_and_each_step_has_its_attempts():
    chain = answered().chain
    assert [(step.load_in, step.save_as) for step in chain.steps] == [("tf2.15.1", ".keras")]
    assert "transfer[model=convolution,format=.h5,option=plain]@tf2.12.1 -> tf2.15.1" in chain.steps[0].cells
    assert "transfer[model=convolution,format=.keras,option=plain]@tf2.15.1 -> tf2.16.2" in chain.cells


CHAINS = {
    "none needed": ({".h5": {"tf2.12.1": (FULL, FULL, FULL, FULL, FULL)}}, []),
    "two steps": (
        {
            ".h5": {
                "tf2.12.1": (FULL, FULL, REFUSED, REFUSED, REFUSED),
                "tf2.13.1": (FULL, FULL, REFUSED, REFUSED, REFUSED),
            },
            ".keras": {
                "tf2.13.1": (REFUSED, FULL, FULL, REFUSED, REFUSED),
                "tf2.15.1": (REFUSED, REFUSED, FULL, FULL, FULL),
            },
        },
        [("tf2.13.1", ".keras"), ("tf2.15.1", ".keras")],
    ),
    "a step that only keeps a part is none": (
        {
            ".h5": {"tf2.12.1": (FULL, FULL, PARTIAL, REFUSED, REFUSED)},
            ".keras": {"tf2.15.1": (None, None, FULL, FULL, FULL)},
        },
        None,
    ),
    "an untested step is none": (
        {
            ".h5": {"tf2.12.1": (FULL, None, None, REFUSED, None)},
            ".keras": {"tf2.15.1": (None, None, FULL, FULL, FULL)},
        },
        None,
    ),
    "weights do not become a model": (
        {
            ".h5": {"tf2.12.1": (FULL, FULL, FULL, REFUSED, None)},
            ".weights.h5": {"tf2.15.1": (None, None, None, FULL, None)},
        },
        None,
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains(name):
    formats, expected = CHAINS[name]
    found = table(**{f"dense|{format}|plain": lines for format, lines in formats.items()})
    chain = find_chain(Grading(table=found, models=("dense",)), ("tf2.12.1",), ".h5", "tf2.16.2")
    assert (None if chain is None else [(each.load_in, each.save_as) for each in chain.steps]) == expected


def test_a_writer_that_cannot_write_a_model_says_nothing_of_its_readers():
    found = table(**{"dense|.keras|plain": {"tf2.12.1": "unwritten"}})
    answer = Grading(table=found, models=("dense",)).answer(("tf2.12.1",), ".keras", "tf2.16.2")
    assert answer.grade is Grade.NOT_TESTED


@pytest.mark.parametrize(
    ("facts", "ids", "exact"),
    [
        ({"keras": "2.15.0"}, ("tf2.15.1",), True),
        ({"keras": "3.8.1"}, ("keras3.8.0",), False),
        ({"tensorflow": "2.16.2"}, ("tf2.16.2",), True),
        ({"keras": "2.12.0", "tensorflow": "2.12.0"}, ("tf2.12.1",), False),
        ({"keras": "3.99.0"}, (), True),
        ({"keras": "nonsense"}, (), True),
        ({}, (), True),
    ],
)
def test_the_writer_is_the_environment_with_the_version_of_the_file(facts, ids, exact):
    found = writers_of(FileFacts(format=Format.H5, **facts), list(table().places.values()))
    assert (found.ids, found.exact) == (ids, exact)
    assert bool(found.reason) == (not ids)


def test_environments_with_the_same_tensorflow_and_keras_count_once():
    packages = (("tensorflow-cpu", "2.12.1"), ("keras", "2.12.0"))
    places = [Place(id=id, packages=packages) for id in ("tf2.12.1", "today-tf2.12.1")]
    assert writers_of(FileFacts(format=Format.H5, keras="2.12.0"), places).ids == ("tf2.12.1",)


@pytest.mark.parametrize(
    ("packages", "variables", "expected"),
    [
        ({"tensorflow-cpu": "2.2.3"}, {}, "2.3.0-tf"),
        ({"tensorflow-cpu": "2.4.4"}, {}, "2.4.0"),
        ({"tensorflow-cpu": "2.16.2", "keras": "3.4.1", "tf-keras": "2.16.0"}, {}, "3.4.1"),
        ({"tensorflow-cpu": "2.16.2", "keras": "3.4.1", "tf-keras": "2.16.0"}, {"TF_USE_LEGACY_KERAS": "1"}, "2.16.0"),
    ],
)
def test_the_version_that_an_environment_writes_into_files(packages, variables, expected):
    assert keras_of(packages, variables) == expected


@pytest.mark.parametrize(("text", "id"), [("tf2.12.1", "tf2.12.1"), ("tf2.12", "tf2.12.1"), ("2.12", "tf2.12.1")])
def test_a_writer_is_named_by_the_beginning_of_its_id(text, id):
    assert writer_named(text, READERS) == id


def test_a_version_without_its_last_number_means_no_other_family():
    known = ["tf2.16.1", "tf2.16.2", "tf2.16.2-legacy", "today-tf2.16.2"]
    assert named_release("tf2.16", known) == "tf2.16.2"
    assert named_release("tf2.16.2-legacy", known) == "tf2.16.2-legacy"
    assert named_release("tf2.1", known) is None


def test_a_writer_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(UsageError, match=r"tf2\.1") as caught:
        writer_named("tf2.1", READERS)
    assert "tf2.12.1" in str(caught.value)


def test_ranges_are_neighbours_that_differ_in_their_version_only():
    order = ["tf2.12.1", "tf2.13.1", "tf2.15.1", "keras3.8.0", "tf2.16.2-legacy", "tf2.17.1-legacy"]
    assert list(ranges(order, order)) == ["tf2.12.1 to tf2.15.1", "keras3.8.0", "tf2.16.2-legacy to tf2.17.1-legacy"]
    assert list(ranges(["tf2.12.1", "tf2.15.1"], order)) == ["tf2.12.1", "tf2.15.1"]


def test_the_text_fits_the_terminal_and_says_how_to_get_there():
    text = text_of(answered(), command="harness")
    assert "  full        tf2.12.1 to tf2.15.1\n" in text
    assert "  refused     tf2.16.2, keras3.8.0 [1]\n" in text
    assert "1. Load it in tf2.15.1 and save it as .keras.\n  2. Load that in tf2.16.2.\n" in text
    assert "harness show 'transfer[model=convolution,format=.h5,option=plain]@tf2.12.1 -> tf2.15.1'" in text
    assert all(len(line) <= WIDTH for line in text.splitlines() if "harness show" not in line)


def test_a_reader_outside_the_table_ends_a_range():
    answer = replace(answered(), order=("tf2.12.1", "tf2.13.1", "tf2.14.1", "tf2.15.1", "tf2.16.2", "keras3.8.0"))
    assert "full        tf2.12.1 to tf2.13.1, tf2.15.1\n" in text_of(answer, command="harness")


def test_what_is_unknown_is_said_to_be_unknown():
    text = text_of(answered(FileFacts(format=Format.H5, layers=("Dense",))), command="harness")
    assert "m.h5: .h5, writer unknown" in text
    assert "--written-by" in text
    text = text_of(answered(FileFacts(format=Format.H5, keras="2.12.0", layers=("LSTM",))), command="harness")
    assert "The table has no model with LSTM" in text
    assert document(answered(FileFacts(format=Format.H5, keras="2.12.0", layers=("LSTM",))))["chain"] is None
    text = text_of(answered(FileFacts(format=Format.KERAS, keras="2.12.0", layers=("Dense",))), command="harness")
    assert "no version was run with such a file of tf2.12.1" in " ".join(text.split())
    assert "--try" not in text_of(answered(FileFacts(format=Format.WEIGHTS)), command="harness")


@pytest.mark.parametrize(
    "facts", [DEPTHWISE, FileFacts(format=Format.CHECKPOINT), FileFacts(format=Format.H5, keras="9.9")]
)
def test_documents_conform_to_their_schema(facts):
    validator("readers").validate(document(answered(facts)))


# What was tried


def make_attempt(*, outcome, stdout):
    return Attempt(
        cell=Cell.parse("read_m@a"), key="k", outcome=Outcome(outcome), error="" if outcome == "passed" else "E: no",
        started=dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), evidence=Evidence(stdout=stdout),
    )  # fmt: skip


def tried(environment, *, passed=True, printed=None):
    lines = [f"tried: {json.dumps(each)}" for each in printed or ()]
    made = make_attempt(outcome="passed" if passed else "failed", stdout="noise\n" + "\n".join(lines))
    return TriedReader.of(environment, f"read_m@{environment}", made, "")


def floats(*values):
    return base64.b64encode(struct.pack(f"<{len(values)}d", *values)).decode()


def opened(way="plain", weights="aa", predictions=(1.0, 2.0), **more):
    found = {"way": way, "weights": weights, "count": 2, "predictions": floats(*predictions), **more}
    return [{"way": found.pop("way")}, found]


def test_readers_that_agree_are_full_and_one_alone_is_not():
    first, second = compared([tried("a", printed=opened()), tried("b", printed=opened())], ())
    assert first.grade is second.grade is Grade.FULL
    (alone,) = compared([tried("a", printed=opened())], ())
    assert alone.grade is Grade.PARTIAL
    assert "nothing to compare with" in alone.differs[0]


@pytest.mark.parametrize(
    ("other", "grade", "differs"),
    [
        (opened(predictions=(1.0, 2.00001)), Grade.FULL, ""),
        (opened(predictions=(1.0, 2.5)), Grade.SILENT, "predictions differ from a by up to 0.5"),
        (opened(predictions=(1.0,)), Grade.SILENT, "another shape"),
        (opened(predictions=(1.0, float("nan"))), Grade.SILENT, "up to inf"),
        (opened(weights="bb"), Grade.SILENT, "weights differ"),
        (opened(way="compile=False"), Grade.PARTIAL, "only with compile=False"),
        (opened(way="TFSMLayer", weights="bb"), Grade.PARTIAL, "only with TFSMLayer"),
        (opened(not_saved="OSError: no"), Grade.PARTIAL, "cannot be saved again"),
    ],
)
def test_readers_are_compared_with_the_writer(other, grade, differs):
    reference = tried("a", printed=opened())
    answers = compared([tried("b", printed=other), tried("c", printed=other), reference], ("a",))
    assert [each.grade for each in answers] == [grade, grade, Grade.FULL]
    assert differs in "; ".join(answers[0].differs)


def test_the_optimizer_counts_if_another_reader_has_it():
    trained = opened(optimizer="Adam", iterations=3)
    answers = compared(
        [
            tried("a", printed=trained),
            tried("b", printed=opened()),
            tried("c", printed=opened(optimizer="Adam", iterations=0)),
        ],
        ("a",),
    )
    assert [each.grade for each in answers] == [Grade.FULL, Grade.PARTIAL, Grade.PARTIAL]
    assert "optimizer is not restored" in answers[1].differs[0]


def test_what_does_not_open_is_refused_with_the_error_of_the_plain_way():
    printed = [{"plain": "TypeError: no groups"}]
    refused, _ = compared([tried("a", passed=False, printed=printed), tried("b", printed=opened())], ())
    assert (refused.grade, refused.error) == (Grade.REFUSED, "TypeError: no groups")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["{"],
        ["[1]"],
        ['{"way": 5}'],
        ['{"way": "plain", "predictions": "@@"}'],
        ["{" * 5000],
        ['{"way": "plain", "weights": 3}'],
    ],
)
def test_what_a_file_made_the_script_print_is_not_trusted(lines):
    made = make_attempt(outcome="passed", stdout="\n".join(f"tried: {each}" for each in lines))
    compared([TriedReader.of("a", "x@a", made, ""), tried("b", printed=opened())], ())
