"""Recorded output of uv, and its classification."""

import pytest

from harness.uv.failures import FailureKind, failure_from, packages_without_wheels, timed_out

SAID = {
    "conflict": (
        FailureKind.CONFLICT,
        """error: No solution found when resolving dependencies
  cause: Because tensorflow-cpu==2.18.1 depends on numpy>=1.26.0,<2.1.0 and you require tensorflow-cpu==2.18.1, we can conclude that you require numpy>=1.26.0,<2.1.0.
         And because you require numpy==1.19.0, we can conclude that your requirements are unsatisfiable.
""",
        "Because tensorflow-cpu==2.18.1 depends on numpy>=1.26.0,<2.1.0 and you require tensorflow-cpu==2.18.1, we can "
        "conclude that you require numpy>=1.26.0,<2.1.0. And because you require numpy==1.19.0, we can conclude that "
        "your requirements are unsatisfiable.",
    ),
    "conflict, as earlier uv wrote it": (
        FailureKind.CONFLICT,
        """  × No solution found when resolving dependencies:
  ╰─▶ Because there is no version of six==99 and you require six==99, we can
      conclude that your requirements are unsatisfiable.
""",
        "Because there is no version of six==99 and you require six==99, we can conclude that your requirements are "
        "unsatisfiable.",
    ),
    "too new for the date": (
        FailureKind.CONFLICT,
        """error: No solution found when resolving dependencies
  cause: Because there is no version of keras==3.5.0 and you require keras==3.5.0, we can conclude that your requirements are unsatisfiable.

hint: `keras` was filtered by `exclude-newer` to only include packages uploaded before 2024-01-01T00:00:00Z.
""",
        "Because there is no version of keras==3.5.0 and you require keras==3.5.0, we can conclude that your "
        "requirements are unsatisfiable.",
    ),
    "no wheel for the Python": (
        FailureKind.NO_WHEEL,
        """error: No solution found when resolving dependencies
  cause: Because tensorflow-cpu==2.2.3 has no wheels with a matching Python ABI tag (e.g., `cp311`) and you require tensorflow-cpu==2.2.3, we can conclude that your requirements are unsatisfiable.

hint: You require CPython 3.11 (`cp311`), but we only found wheels for `tensorflow-cpu` (v2.2.3) with the following Python ABI tags: `cp36m`, `cp37m`, `cp38`
""",
        "Because tensorflow-cpu==2.2.3 has no wheels with a matching Python ABI tag (e.g., `cp311`) and you require "
        "tensorflow-cpu==2.2.3, we can conclude that your requirements are unsatisfiable.",
    ),
    "refused connection": (
        FailureKind.UNREACHABLE,
        """Using Python 3.11.7 environment at: v
error: Failed to fetch: http://user:secret@127.0.0.1:9/simple/six/
  cause: error sending request for url (http://user:secret@127.0.0.1:9/simple/six/)
  cause: client error (Connect)
  cause: tcp connect error
  cause: Connection refused (os error 111)
""",
        "Failed to fetch: six: error sending request for url (six): client error (Connect): tcp connect error: "
        "Connection refused (os error 111)",
    ),
    "503": (
        FailureKind.UNREACHABLE,
        """error: Request failed after 1 retry in 1.4s
  cause: Failed to fetch: http://127.0.0.1:44347/simple/made-up/
  cause: HTTP status server error (503 Service Unavailable) for url (http://127.0.0.1:44347/simple/made-up/)
""",
        "Request failed after 1 retry in 1.4s: Failed to fetch: made-up: HTTP status server error "
        "(503 Service Unavailable) for url (made-up)",
    ),
    "403": (
        FailureKind.UNREACHABLE,
        """error: No solution found when resolving dependencies
  cause: Because made-up was not found in the package registry and you require made-up==1.0, we can conclude that your requirements are unsatisfiable.

hint: An index (http://127.0.0.1:44347/simple/) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are valid.
""",
        "An index (simple) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are "
        "valid.",
    ),
    "cut off": (
        FailureKind.UNREACHABLE,
        """error: Failed to download `made-up==1.0`
  cause: Failed to write to the distribution cache
  cause: error decoding response body
  cause: request or response body error
  cause: error reading a body from connection
  cause: end of file before message length reached
""",
        "Failed to download `made-up==1.0`: Failed to write to the distribution cache: error decoding response body: "
        "request or response body error: error reading a body from connection: end of file before message length "
        "reached",
    ),
    "wrong sum": (
        FailureKind.HASH_MISMATCH,
        """Resolved 1 package in 29ms
error: Failed to download `six==1.16.0`
  cause: Hash mismatch for `six==1.16.0`

         Expected:
           sha256:00

         Computed:
           sha256:8a
""",
        "Failed to download `six==1.16.0`: Hash mismatch for `six==1.16.0` Expected: sha256:00 Computed: sha256:8a",
    ),
    "disk full": (
        FailureKind.DISK_FULL,
        """Downloading numpy (17.4MiB)
error: Failed to download `numpy==1.26.4`
  cause: Failed to extract archive: numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
  cause: I/O operation failed during extraction
  cause: failed to write to file `/cache/.tmpR9taxc/numpy/lib/function_base.py`: No space left on device (os error 28)
""",
        "Failed to download `numpy==1.26.4`: Failed to extract archive: "
        "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl: I/O operation failed during "
        "extraction: failed to write to file `/cache/.tmpR9taxc/numpy/lib/function_base.py`: No space left on device "
        "(os error 28)",
    ),
    "something else": (
        FailureKind.OTHER,
        "error: No interpreter found at path `/nonexistent/python`\n",
        "No interpreter found at path `/nonexistent/python`",
    ),
    "nothing": (FailureKind.OTHER, "", "it exited with status 2"),
}


@pytest.mark.parametrize(("kind", "output", "reason"), SAID.values(), ids=SAID.keys())
def test_output_of_uv_is_classified(kind, output, reason):
    failure = failure_from(output, status=2)

    assert failure.kind is kind
    assert failure.reason == reason
    assert failure.output == output


def test_a_reason_is_cut_between_words():
    failure = failure_from("error: " + "word " * 200, status=1)

    assert len(failure.reason) <= 400
    assert failure.reason.endswith("word [...]")


def test_only_repeatable_failures_are_settled():
    conclusive = {kind for kind in FailureKind if kind.conclusive}

    assert conclusive == {
        FailureKind.CONFLICT, FailureKind.NO_WHEEL, FailureKind.HASH_MISMATCH, FailureKind.BUILD_FAILED,
    }  # fmt: skip


def test_packages_without_wheels_are_listed():
    output = (
        "  cause: Because termcolor==1.1.0 has no usable wheels and you require termcolor==1.1.0\n\n"
        "hint: Wheels are required for `termcolor` because building from source is disabled for all packages "
        "(i.e., with `--no-build`)\n"
    )

    assert packages_without_wheels(output) == ("termcolor",)


def test_error_has_the_hints_of_uv_after_the_reason():
    kind, output, reason = SAID["too new for the date"]
    failure = failure_from(output, status=1)
    hint = (
        "hint: `keras` was filtered by `exclude-newer` to only include packages uploaded before 2024-01-01T00:00:00Z."
    )

    assert failure.why == f"{reason}\n{hint}"
    assert hint in str(failure)
    assert failure.explanation == f"{kind.value}: {reason} {hint}"
    assert failure.summary == f"{kind.value}: {reason}", "what attempts record has no hints"


def test_hints_have_no_passwords_and_no_end():
    output = (
        "error: failed\n"
        + "hint: see http://user:secret@127.0.0.1/simple/ "
        + "word " * 200
        + "\nhint: b\nhint: c\nhint: d\n"
    )
    hints = failure_from(output, status=1).why.splitlines()[1:]

    assert [len(each) <= 420 for each in hints] == [True] * 3
    assert "secret" not in hints[0]
    assert hints[1:] == ["hint: b", "hint: c"]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("Resolved 3 packages\nDownloading keras (1.2MiB)\n", "late; its last output: Downloading keras (1.2MiB)"),
        ("", "late"),
    ],
)
def test_timed_out_uv_is_quoted_with_its_last_line(output, reason):
    failure = timed_out("late", output)

    assert (failure.kind, failure.reason) == (FailureKind.TIMED_OUT, reason)
