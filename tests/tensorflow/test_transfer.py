"""Files of real releases in other releases: what is published about them is what is observed."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.timeout(1800)]

PAIRS = {
    "transfer[model=dense,format=.keras,option=plain]@tf2.16.2 -> tf2.15.1": ("refused", "batch_shape"),
    "transfer[model=same_class,format=.keras,option=plain]@tf2.13.1 -> tf2.14.1": ("refused", "received 0 variables"),
    "transfer[model=convolution,format=.h5,option=plain]@tf2.12.1 -> tf2.16.2": ("refused", "DepthwiseConv2D"),
    "transfer[model=dense,format=tf,option=plain]@tf2.12.1 -> tf2.16.2": ("refused", "File format not supported"),
    "transfer[model=dense,format=tf,option=TFSMLayer]@tf2.12.1 -> tf2.16.2": ("full", ""),
    "transfer[model=dense,format=.h5,option=plain]@tf2.2.3 -> tf2.15.1": ("full", ""),
}


@pytest.fixture(scope="module")
def table(clone):
    clone.harness("run", "--cells", ",".join(PAIRS))
    return json.loads(clone.harness("transfer", "--json").stdout)


@pytest.mark.parametrize("cell", PAIRS)
def test_pair(table, cell):
    case, _, pair = cell.partition("@")
    writer, _, reader = pair.partition(" -> ")
    square = next(
        e for e in table["squares"] if case == "transfer[model={model},format={format},option={option}]".format(**e)
    )
    line = next(each for each in square["lines"] if each["writer"] == writer)
    reading = table["readings"][line["readings"][table["readers"].index(reader)]]
    grade, error = PAIRS[cell]
    assert reading["grade"] == grade
    assert error in (reading["error"] or "")
    assert line["sha256"]
