"""Requirements of a failed script on the machine: a GPU, or another operating system. Pure."""

from __future__ import annotations

import re

from harness.execute.failure_facts import Failure
from harness.execute.missing_input import fails_for_nothing
from harness.model import NoVerdict
from harness.project.platform_modules import MACOS_MODULES, WINDOWS_MODULES

_NO_GPU = re.compile(
    r"GPU:\d+ unknown device|device specification\b.*\bGPU|Torch not compiled with CUDA|no NVIDIA driver"
    r"|No CUDA GPUs|no CUDA-capable device|Unknown backend:? '?(?:gpu|cuda)|initialize backend '(?:gpu|cuda)'"
    r"|GPU (?:device )?(?:was )?not found|[Nn]o GPU (?:device|was|is|found|available|detected)"
)
_GPU_LINE = re.compile(r"gpu|cuda", re.IGNORECASE)
_NO_DISPLAY = re.compile(
    r"no display name and no \$DISPLAY|[Cc]ould(?:n't| not) connect to display|No available video device"
    r"|cannot open display"
)
_DEVICES = re.compile(r"\blist_(?:physical|logical)_devices\((?:device_type=)?['\"](?:GPU|gpu)['\"]\)")
_CHECKS = frozenset({"IndexError", "AssertionError"})
_WINDOWS_NAMES = re.compile(r"module '(?:os|ctypes)' has no attribute '(?P<name>startfile|windll|WinDLL|oledll)'")
_MPS = re.compile(r"(?:not (?:compiled|built|linked) with MPS|MPS backend is (?:not|supported)|'mps'.*not available)")


_GPU = NoVerdict.NO_GPU, "needs a GPU, and scripts see none"


def needs_another_machine(failure: Failure) -> tuple[NoVerdict, str] | None:
    """Return the cause and the reason; None if the failure says something of the version. A sandbox has no GPU."""
    if not failure.context.sandboxed:
        return None
    for raised in failure.chain:
        top = (raised.missing or "").partition(".")[0]
        name = _WINDOWS_NAMES.search(raised.message) if "AttributeError" in raised.bases else None
        if top in WINDOWS_MODULES or name is not None:
            return NoVerdict.OTHER_SYSTEM, f"needs Windows: {top or (name['name'] if name else '')}"
        if top in MACOS_MODULES or _MPS.search(raised.message):
            return NoVerdict.OTHER_SYSTEM, f"needs macOS: {top or 'the device mps'}"
        counts = raised.bases & _CHECKS and _GPU_LINE.search(raised.line_text)
        if _NO_GPU.search(raised.message) or counts:
            return _GPU
        if _NO_DISPLAY.search(raised.message):
            return NoVerdict.OUTSIDE_SANDBOX, "needs a display, and scripts have none"
    return _GPU if fails_for_nothing(failure, _DEVICES) else None
