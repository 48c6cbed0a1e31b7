"""Failures of scripts that need a GPU, Windows or macOS: they say nothing of the version."""

import pytest

from harness.execute.failure_facts import AttemptContext
from harness.execute.no_verdict import why_no_verdict
from harness.model import NoVerdict, Outcome

NO_GPU, OTHER_SYSTEM = NoVerdict.NO_GPU, NoVerdict.OTHER_SYSTEM


def failed(kind, message, *, bases=(), line_text="", missing=None):
    raised = {
        "type": kind,
        "bases": [kind, *bases, "Exception"],
        "message": message,
        "line_text": line_text,
        "missing": missing,
    }
    return {"outcome": "failed", "executed": True, "chain": [raised]}


@pytest.mark.parametrize(
    ("report", "cause", "reason"),
    [
        pytest.param(
            failed("InvalidArgumentError", "/job:localhost/replica:0/task:0/device:GPU:0 unknown device."),
            NO_GPU, "needs a GPU, and scripts see none", id="device",
        ),
        pytest.param(
            failed("IndexError", "list index out of range", line_text="memory.set_memory_growth(gpus[0], True)"),
            NO_GPU, "needs a GPU, and scripts see none", id="first of no GPUs",
        ),
        pytest.param(
            failed("AssertionError", "", line_text="assert tf.config.list_physical_devices('GPU')"),
            NO_GPU, "needs a GPU, and scripts see none", id="assertion",
        ),
        pytest.param(
            failed("AssertionError", "Torch not compiled with CUDA enabled"),
            NO_GPU, "needs a GPU, and scripts see none", id="torch",
        ),
        pytest.param(
            failed("TclError", "no display name and no $DISPLAY environment variable"),
            NoVerdict.OUTSIDE_SANDBOX, "needs a display, and scripts have none", id="display",
        ),
        pytest.param(
            failed("ModuleNotFoundError", "No module named 'winreg'", bases=["ImportError"], missing="winreg"),
            OTHER_SYSTEM, "needs Windows: winreg", id="winreg",
        ),
        pytest.param(
            failed("AttributeError", "module 'os' has no attribute 'startfile'"),
            OTHER_SYSTEM, "needs Windows: startfile", id="startfile",
        ),
        pytest.param(
            failed("ModuleNotFoundError", "No module named 'AppKit'", bases=["ImportError"], missing="AppKit"),
            OTHER_SYSTEM, "needs macOS: AppKit", id="AppKit",
        ),
    ],
)  # fmt: skip
def test_script_for_another_machine_is_not_applicable_in_a_sandbox(report, cause, reason):
    found = why_no_verdict(report, AttemptContext(sandboxed=True))
    assert (found.cause, found.reason, found.outcome) == (cause, reason, Outcome.NOT_APPLICABLE)
    assert why_no_verdict(report, AttemptContext()) is None or why_no_verdict(report, AttemptContext()).cause not in (
        NO_GPU,
        OTHER_SYSTEM,
        NoVerdict.OUTSIDE_SANDBOX,
    )


@pytest.mark.parametrize(
    "report",
    [
        failed("IndexError", "list index out of range", line_text="layers[0]"),
        failed("AttributeError", "module 'keras' has no attribute 'windll'"),
        failed("ValueError", "GPU memory fraction must be positive"),
    ],
)
def test_other_failures_are_verdicts(report):
    assert why_no_verdict(report, AttemptContext(sandboxed=True)) is None
