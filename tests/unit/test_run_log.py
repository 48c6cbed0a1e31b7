"""The log of a call: a file that only calls with something to tell create, bounded, without secrets."""

import io
import logging

import pytest

from harness import run_log
from harness.process.command_text import command_text
from harness.process.limits import Ended
from harness.progress import LiveProgress
from harness.run_log import recording
from tests.making import outcome_task

LOGGER = logging.getLogger("harness.somewhere")


def test_call_that_only_reads_leaves_no_file(tmp_path):
    with recording(tmp_path / "logs", ["table"], verbose=0) as log:
        LOGGER.debug("looked")
    assert not log.exists
    assert not (tmp_path / "logs").exists()


def test_file_has_the_command_and_the_records_before_it_was_created(tmp_path):
    with recording(tmp_path, ["run", "a b.py"], verbose=0) as log:
        LOGGER.debug("earlier")
        LOGGER.info("built")
        LOGGER.debug("later")
    first, *rest = log.path.read_text().splitlines()
    assert first.endswith("harness run 'a b.py'")
    assert [line.partition("] ")[2] for line in rest] == ["earlier", "built", "later"]
    assert " DEBUG   harness.somewhere [MainThread] " in rest[0]


def test_opened_log_of_an_error_has_its_traceback(tmp_path):
    with recording(tmp_path, ["run"], verbose=0) as log:
        try:
            raise KeyError("missing")
        except KeyError:
            LOGGER.debug("failed", exc_info=True)
        log.open()
    assert "KeyError: 'missing'" in log.path.read_text()


def test_passwords_in_urls_and_terminal_sequences_are_not_logged(tmp_path):
    with recording(tmp_path, ["run"], verbose=0) as log:
        LOGGER.info("https://user:secret@example.org/simple and https://token@example.org \x1b[31mred")
    text = log.path.read_text()
    assert "https://***@example.org/simple and https://***@example.org red" in text
    assert "secret" not in text


def test_log_is_bounded_and_keeps_the_latest_records(tmp_path, monkeypatch):
    monkeypatch.setattr(run_log, "_FILE_BYTES", 5000)
    with recording(tmp_path, ["run"], verbose=0) as log:
        for number in range(1000):
            LOGGER.info("record %d", number)
    files = list(tmp_path.iterdir())
    assert len(files) == 2
    assert all(each.stat().st_size <= 5000 for each in files)
    assert log.path.read_text().endswith("record 999\n")


@pytest.mark.parametrize(("bound", "left"), [("_FILES", 3), ("_FOLDER_BYTES", 35)])
def test_oldest_logs_are_removed(tmp_path, monkeypatch, bound, left):
    for number in range(9):
        (tmp_path / f"2024010{number}-000000-1.log").write_text("0123456789")
    monkeypatch.setattr(run_log, bound, left)
    with recording(tmp_path, ["run"], verbose=0) as log:
        LOGGER.info("now")
    kept = sorted(each.name for each in tmp_path.iterdir() if each != log.path)
    assert kept == [f"2024010{number}-000000-1.log" for number in ((7, 8) if bound == "_FILES" else (6, 7, 8))]


def test_log_that_cannot_be_written_is_no_error(tmp_path, capsys):
    (tmp_path / "logs").write_text("a file")
    with recording(tmp_path / "logs", ["run"], verbose=0) as log:
        LOGGER.info("built")
        LOGGER.info("built")
        log.open()
    assert not log.exists
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("verbose", "shown"), [(0, []), (1, ["built"]), (2, ["looked", "built"])])
def test_verbose_prints_records_to_stderr(tmp_path, capsys, verbose, shown):
    with recording(tmp_path, ["run"], verbose=verbose):
        LOGGER.debug("looked")
        LOGGER.info("built")
    assert [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()] == shown


def test_logger_is_as_before_after_a_call(tmp_path):
    logger = logging.getLogger("harness")
    before = (logger.level, list(logger.handlers))
    with recording(tmp_path, ["run"], verbose=2):
        assert logger.level == logging.DEBUG
    assert (logger.level, logger.handlers) == before


def test_records_are_printed_above_a_live_display(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    with recording(tmp_path, ["run"], verbose=1), LiveProgress(terminal, [outcome_task("passes")], 1):
        LOGGER.info("a record in [square brackets]")
    assert capsys.readouterr().err == ""
    lines = [line for line in terminal.getvalue().splitlines() if "square brackets" in line]
    assert len(lines) == 1
    assert lines[0].rstrip().endswith("a record in [square brackets]")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (["python", "-c", "import a\nprint(1)"], "python -c 'import a print(1)'"),
        (["bwrap", "--setenv", "TOKEN", "secret", "--", "python"], "bwrap --setenv TOKEN ... -- python"),
        (["python", "namespaces.py", '{"variables": {"TOKEN": "secret"}}', "python"], "python namespaces.py '{...}' python"),
    ],
)  # fmt: skip
def test_command_is_one_line_without_values_of_variables(command, text):
    assert command_text(command) == text


def test_long_command_is_logged_without_its_middle():
    text = command_text(["first", *["--ro-bind"] * 400, "last"])
    assert text.startswith("first --ro-bind")
    assert text.endswith("--ro-bind last")
    assert len(text) < 1600


def test_end_of_a_process_is_one_phrase():
    ended = Ended(status=-9, stdout=b"", stderr=b"", duration_s=1.0, timed_out=True, over_disk=True)
    assert ended.text == "status -9, timed out, over its disk limit"
